from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import OF_THE_SIZE, check_factor
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices


class RandomTranslation(Geometric):
    """Shifts each image by a random distance.

    Args:
        height_factor: fraction of the height, from -1 to 1; downwards where it is positive. A number f
            means (-f, f).
        width_factor: fraction of the width, to the right where it is positive.
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

    >>> RandomTranslation(0.1, 0.1, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        height_factor: float | tuple[float, float],
        width_factor: float | tuple[float, float],
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
        self.height_factor = check_factor(self, height_factor, "height_factor", unit=OF_THE_SIZE)
        self.width_factor = check_factor(self, width_factor, "width_factor", unit=OF_THE_SIZE)

    upright = True

    def draw(self, rng, view) -> Params:
        return {"down": rng.uniform(*self.height_factor), "right": rng.uniform(*self.width_factor)}

    def matrix(self, params, size) -> Tensor:
        height, width = (ops.cast(length, "float32") for length in size)
        return matrices.translation(-params["right"] * width, -params["down"] * height)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"height_factor": 0.4 * strength, "width_factor": 0.4 * strength}
