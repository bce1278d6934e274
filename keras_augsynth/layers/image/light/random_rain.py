import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_range
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import fields


class RandomRain(Intensity):
    """Draws bright slanted streaks of rain on each image.

    Args:
        density: share of the room for streaks that is used, from 0 to 1; a pair draws one for each image.
        length: of a streak as a fraction of the image's height, above 0; a pair draws one for each image.
        slant_degrees: angle between the streaks and the vertical, from -60 to 60; a number f means (-f, f).
        strength: how much of the light is the rain's in the middle of the brightest streaks, from 0 to 1; a
            pair draws one for each image.
        value_range: lowest and highest value of a pixel.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an argument out of its range.

    Example:

    >>> RandomRain(0.3, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(
        self,
        density: float | tuple[float, float] = (0.1, 0.4),
        length: float | tuple[float, float] = (0.08, 0.2),
        slant_degrees: float | tuple[float, float] = 15.0,
        strength: float | tuple[float, float] = (0.4, 0.8),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.density = check_range(self, density, "density", high=1.0)
        self.length = check_range(self, length, "length", low=0.01)
        self.slant_degrees = check_factor(self, slant_degrees, "slant_degrees", -60.0, 60.0)
        self.strength = check_range(self, strength, "strength", high=1.0)

    def draw(self, rng, view) -> Params:
        height, width = (ops.cast(side, "float32") for side in view.size)
        angle = ops.cast(rng.uniform(*self.slant_degrees), "float64") * (math.pi / 180.0)
        return {
            "density": rng.uniform(*self.density),
            "length": ops.maximum(rng.uniform(*self.length) * height, 3.0),
            "slope": ops.cast(ops.sin(angle) / ops.cos(angle), "float32"),
            # A pixel wide, and wider where an image has more pixels than one looks at.
            "width": rng.uniform(0.8, 1.2) * ops.maximum(1.0, ops.minimum(height, width) / 250.0),
            "strength": rng.uniform(*self.strength),
            "keys": rng.keys(),
        }

    def apply(self, x, params) -> Tensor:
        names = ("keys", "density", "length", "slope", "width")
        rain = fields.streaks(*(params[name] for name in names), ops.shape(x)[1:3])
        low, high = self.value_range
        drops = low + 0.9 * (high - low)
        return x + (drops - x) * (params["strength"][:, None, None] * rain)[..., None]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"density": (0.4 * strength, strength), "strength": (0.4, 0.5 + 0.5 * strength)}
