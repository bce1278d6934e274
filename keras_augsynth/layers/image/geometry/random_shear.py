from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices


class RandomShear(Geometric):
    """Slants each image about its center.

    Args:
        x_factor: how far rows slide per row of distance from the center, from 0 to 1: 0.3 slides the top and
            the bottom of a square image by 0.15 widths each. A number f means (0, f). The direction is random,
            one for both axes.
        y_factor: the same for columns.
        interpolation: "bilinear" or "nearest".
        fill_mode: "reflect", "constant", "nearest" or "wrap"; see `Geometric`.
        fill_value: the value beyond the border in mode "constant".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [0, 1].

    Example:

    >>> RandomShear(0.2, 0.2, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        x_factor: float | tuple[float, float] = 0.0,
        y_factor: float | tuple[float, float] = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            fill_mode=fill_mode,
            interpolation=interpolation,
            fill_value=fill_value,
            data_format=data_format,
            seed=seed,
            **kwargs,
        )
        self.x_factor = check_factor(self, x_factor, "x_factor", low=0.0)
        self.y_factor = check_factor(self, y_factor, "y_factor", low=0.0)

    def draw(self, rng, view) -> Params:
        sign = ops.where(rng.bernoulli(0.5), 1.0, -1.0)
        return {"x": sign * rng.uniform(*self.x_factor), "y": sign * rng.uniform(*self.y_factor)}

    def matrix(self, params, size) -> Tensor:
        return matrices.shear(params["x"], params["y"])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"x_factor": 0.5 * strength, "y_factor": 0.5 * strength}
