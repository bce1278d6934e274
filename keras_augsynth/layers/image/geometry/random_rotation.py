import math
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import OF_A_TURN, check_factor
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices


class RandomRotation(Geometric):
    """Turns each image about its center by a random angle.

    Args:
        factor: fraction of a full turn, from -1 to 1; counter-clockwise where it is positive. A number f
            means (-f, f).
        fill_mode: "reflect", "constant", "nearest" or "wrap"; see `Geometric`.
        interpolation: "bilinear" or "nearest".
        fill_value: the value beyond the border in mode "constant".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [-1, 1].

    Example:

    >>> RandomRotation(0.1, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        factor: float | tuple[float, float],
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
        self.factor = check_factor(self, factor, unit=OF_A_TURN)

    def draw(self, rng, view) -> Params:
        return {"angle": 2.0 * math.pi * rng.uniform(*self.factor)}

    def matrix(self, params, size) -> Tensor:
        return matrices.rotation(params["angle"])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": 0.25 * strength}
