import math
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import OF_A_TURN, OF_THE_SIZE, check_factor
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices

_Range = float | tuple[float, float]


class RandomAffine(Geometric):
    """Shears, zooms, turns and shifts each image by random amounts, in one step.

    The same as `RandomShear`, `RandomZoom`, `RandomRotation` and `RandomTranslation` in a Pipeline, with one
    chance `p` for all.

    Args:
        rotation_factor: fraction of a full turn, from -1 to 1; a number f means (-f, f).
        height_factor: shift, fraction of the height from -1 to 1, downwards where it is positive.
        width_factor: shift, fraction of the width from -1 to 1, to the right where it is positive.
        zoom_factor: from -1 (excluded) to 1: above 0 everything gets smaller, as in `RandomZoom`.
        shear_factor: pixels by which a row slides for each pixel of its distance from the center; f means
            (-f, f), from -1 to 1.
        fill_mode: "reflect", "constant", "nearest" or "wrap"; see `Geometric`.
        interpolation: "bilinear" or "nearest".
        fill_value: the value beyond the border in mode "constant".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside its range.

    Example:

    >>> RandomAffine(0.1, zoom_factor=0.2, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        rotation_factor: _Range = 0.0,
        height_factor: _Range = 0.0,
        width_factor: _Range = 0.0,
        zoom_factor: _Range = 0.0,
        shear_factor: _Range = 0.0,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(fill_mode=fill_mode, interpolation=interpolation, fill_value=fill_value, **kwargs)
        self.rotation_factor = check_factor(self, rotation_factor, "rotation_factor", unit=OF_A_TURN)
        self.height_factor = check_factor(self, height_factor, "height_factor", unit=OF_THE_SIZE)
        self.width_factor = check_factor(self, width_factor, "width_factor", unit=OF_THE_SIZE)
        self.zoom_factor = check_factor(self, zoom_factor, "zoom_factor", above=-1.0)
        self.shear_factor = check_factor(self, shear_factor, "shear_factor")

    def draw(self, rng, view) -> Params:
        return {
            "angle": 2.0 * math.pi * rng.uniform(*self.rotation_factor),
            "y": rng.uniform(*self.height_factor),
            "x": rng.uniform(*self.width_factor),
            "zoom": 1.0 + rng.uniform(*self.zoom_factor),
            "shear": rng.uniform(*self.shear_factor),
        }

    def matrix(self, params, size) -> Tensor:
        height, width = (ops.cast(length, "float32") for length in size)
        product = matrices.shear(params["shear"], 0.0)
        for matrix in (
            matrices.scaling(params["zoom"], params["zoom"]),
            matrices.rotation(params["angle"]),
            matrices.translation(-params["x"] * width, -params["y"] * height),
        ):
            product = ops.matmul(product, matrix)
        return product

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        names = ("height_factor", "width_factor", "zoom_factor", "shear_factor")
        return {"rotation_factor": 0.1 * strength} | dict.fromkeys(names, 0.3 * strength)
