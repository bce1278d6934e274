import math
from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.magnitudes import limits
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import filters


class RandomDefocus(Intensity):
    """Blurs each image as a lens out of focus does: every point becomes a disk.

    Args:
        radius: of the disk in pixels, 0 (no blur) to 15; need not be whole. A pair (low, high) draws one for each
            image.
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a radius outside [0, 15].

    Example:

    >>> RandomDefocus((1, 4), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(
        self,
        radius: float | tuple[float, float] = (1, 3),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.radius = check_range(self, radius, "radius", 0.0, 15.0)
        widest = limits(self.radius)[1]
        self.radius = check_range(self, self.radius, "radius", 0.0, widest)  # a part of the compiled layer
        self.receptive_field = 2 * math.ceil(widest - 0.5) + 1

    apply_dtype = None

    def draw(self, rng, view) -> Params:
        return {"radius": rng.uniform(*self.radius)}

    def apply(self, x, params) -> Tensor:
        kernel = filters.disk(params["radius"], self.receptive_field)
        return filters.correlate(x, kernel, self.result_dtype)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"radius": (0.2 + 1.8 * strength, 0.4 + 4.6 * strength)}
