import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_integer_range, check_range
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import regions


class RandomShadow(Intensity):
    """Casts shadows with straight edges on each image.

    Args:
        num_shadows: how many, 1 or more; a pair draws a number for each image.
        strength: light lost in a shadow, from 0 to 1 (black); a pair draws one for each image.
        size: radius of a shadow as a fraction of the image's longer side, above 0; a pair draws one for each
            shadow.
        num_vertices: corners of a shadow, 3 or more.
        value_range: lowest (black) and highest value of a pixel.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an argument out of its range.

    Example:

    >>> RandomShadow(2, 0.5, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(
        self,
        num_shadows: int | tuple[int, int] = (1, 2),
        strength: float | tuple[float, float] = (0.3, 0.6),
        size: float | tuple[float, float] = (0.2, 0.6),
        num_vertices: int = 5,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.num_shadows = check_integer_range(self, num_shadows, "num_shadows", 1, 100)
        self.strength = check_range(self, strength, "strength", high=1.0)
        self.size = check_range(self, size, "size", low=0.01)
        self.num_vertices = check_integer(self, num_vertices, "num_vertices", 3, 100)

    def draw(self, rng, view) -> Params:
        fewest, most = self.num_shadows
        there = ops.arange(most) < rng.integers(fewest, most + 1)[:, None]
        height, width = (ops.cast(side, "float32") for side in view.size)
        x, y = rng.uniform(0.0, 1.0, (most, 1)) * width, rng.uniform(0.0, 1.0, (most, 1)) * height
        radius = rng.uniform(*self.size, (most,)) * ops.maximum(height, width)
        radius = ops.where(there, radius, 0.0)[..., None] * rng.uniform(0.5, 1.0, (most, self.num_vertices))
        # One corner in each sector, in order: edges don't cross.
        turn = ops.arange(self.num_vertices, dtype="float32") + rng.uniform(0.0, 1.0, (most, self.num_vertices))
        angle = ops.cast(turn, "float64") * (2.0 * math.pi / self.num_vertices)
        cos, sin = ops.cast(ops.cos(angle), "float32"), ops.cast(ops.sin(angle), "float32")
        vertices = ops.stack([x + radius * cos, y + radius * sin], axis=-1)
        return {"vertices": vertices, "strength": rng.uniform(*self.strength)}

    def apply(self, x, params) -> Tensor:
        size, dark = ops.shape(x)[1:3], False
        for k in range(self.num_shadows[1]):
            dark = ops.logical_or(dark, regions.polygon(params["vertices"][:, k], size))
        low = self.value_range[0]
        light = ops.where(dark, 1.0 - params["strength"][:, None, None], 1.0)
        return low + (x - low) * light[..., None]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {
            "num_shadows": (1, 1 + round(2 * strength)),
            "strength": (0.5 * strength, 0.1 + 0.7 * strength),
            "size": (0.2 + 0.2 * strength, 0.7),
        }
