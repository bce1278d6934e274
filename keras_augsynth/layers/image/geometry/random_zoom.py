from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices


class RandomZoom(Geometric):
    """Zooms each image in or out by a random factor.

    Args:
        height_factor: change of the visible height as a fraction, above -1 and up to 1: 0.2 shows 1.2
            heights (zooms out), -0.2 shows 0.8 (zooms in). A number f means (-f, f).
        width_factor: the same for the width; None keeps the aspect ratio.
        fill_mode: "reflect", "constant", "nearest" or "wrap"; see `Geometric`.
        interpolation: "bilinear" or "nearest".
        fill_value: the value beyond the border in mode "constant".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor of -1 or less, or above 1.

    Example:

    >>> RandomZoom(0.2, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        height_factor: float | tuple[float, float],
        width_factor: float | tuple[float, float] | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            fill_mode=fill_mode,
            interpolation=interpolation,
            fill_value=fill_value,
            seed=seed,
            data_format=data_format,
            **kwargs,
        )
        self.height_factor = self._check(height_factor, "height_factor")
        self.width_factor = None if width_factor is None else self._check(width_factor, "width_factor")

    def _check(self, factor: Any, name: str) -> tuple[float, float]:
        return check_factor(self, factor, name, above=-1.0)

    upright = True

    def draw(self, rng, view) -> Params:
        height = 1.0 + rng.uniform(*self.height_factor)
        return {
            "height": height,
            "width": height if self.width_factor is None else 1.0 + rng.uniform(*self.width_factor),
        }

    def matrix(self, params, size) -> Tensor:
        return matrices.scaling(params["width"], params["height"])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"height_factor": 0.5 * strength}
