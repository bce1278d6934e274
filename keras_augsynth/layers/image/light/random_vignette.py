from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE


class RandomVignette(Intensity):
    """Darkens each image towards its corners, as a lens does.

    The light that is lost grows with the square of the distance from a center.

    Args:
        strength: light lost in the corner that is farthest from the center, from 0 to 1 (black); a pair draws
            one for each image.
        center: where the center is, as a fraction of width and of height, from 0 to 1; a pair draws the two
            for each image.
        value_range: lowest (black) and highest value of a pixel.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a strength or center outside [0, 1].

    Example:

    >>> RandomVignette(0.5, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(
        self,
        strength: float | tuple[float, float] = (0.2, 0.6),
        center: float | tuple[float, float] = (0.4, 0.6),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.strength = check_range(self, strength, "strength", high=1.0)
        self.center = check_range(self, center, "center", high=1.0)

    def draw(self, rng, view) -> Params:
        return {"strength": rng.uniform(*self.strength), "center": rng.uniform(*self.center, (2,))}

    def apply(self, x, params) -> Tensor:
        squares, farthest = [], 0.0
        for axis in (0, 1):
            last = ops.cast(ops.shape(x)[1 + axis], "float32") - 1.0
            center = params["center"][:, axis, None] * last
            squares.append((ops.arange(ops.shape(x)[1 + axis], dtype="float32") - center) ** 2)
            farthest += ops.maximum(center, last - center) ** 2
        scale = params["strength"][:, None] / ops.maximum(farthest, 1e-6)  # an image of one pixel has no corners
        rows, columns = (square * scale for square in squares)
        low = self.value_range[0]
        return low + (x - low) * (1.0 - rows[:, :, None, None] - columns[:, None, :, None])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"strength": (0.4 * strength, strength), "center": (0.5 - 0.3 * strength, 0.5 + 0.3 * strength)}
