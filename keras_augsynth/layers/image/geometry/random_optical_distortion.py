from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.geometric import Geometric


class RandomOpticalDistortion(Geometric):
    """Distorts each image as a lens does: barrel or pincushion.

    A point at distance r from the center, in units of half the diagonal, shows what is at distance
    r (1 + k r²).

    Args:
        distort_limit: k, from -0.3 to 1; a number d means (-d, d). Above 0 the image bulges inwards (barrel),
            below outwards.
        fill_mode: "reflect", "constant", "nearest" or "wrap"; see `Geometric`.
        interpolation: "bilinear" or "nearest".
        fill_value: the value beyond the border in mode "constant".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a limit outside [-0.3, 1]: below, the image would fold over.

    Example:

    >>> RandomOpticalDistortion(0.2, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Brown: Decentering distortion of lenses. Photogrammetric Engineering 1966; the first radial term.
    """

    bends = True

    def __init__(
        self,
        distort_limit: float | tuple[float, float] = 0.2,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(fill_mode=fill_mode, interpolation=interpolation, fill_value=fill_value, **kwargs)
        self.distort_limit = check_factor(self, distort_limit, "distort_limit", low=-0.3)

    def draw(self, rng, view) -> Params:
        return {"k": rng.uniform(*self.distort_limit)}

    def bend(self, params, size, points) -> list[Tensor]:
        x, y = (ops.cast(t, "float32") for t in points.xy)
        height, width = (ops.cast(length, "float32") for length in size)
        square = 4.0 * (x * x + y * y) / (height * height + width * width)
        stretch = 1.0 + ops.expand_dims(params["k"], 1) * square
        return [x * stretch, y * stretch]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"distort_limit": 0.3 * strength}
