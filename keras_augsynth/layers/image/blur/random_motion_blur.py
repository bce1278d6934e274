import math
from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_range
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.magnitudes import limits
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import filters


class RandomMotionBlur(Intensity):
    """Smears each image along a straight line, as if the camera had moved.

    Args:
        kernel_size: length of the line in pixels, 1 (no blur) to 31; need not be whole. A pair (low, high) draws one
            for each image.
        angle: direction of the line as a fraction of a full turn, from -1 to 1; 0 is horizontal, positive is
            counter-clockwise. A pair (low, high) draws one for each image, a number f means (-f, f).
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a length or an angle outside its range.

    Example:

    >>> RandomMotionBlur((3, 9), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(
        self,
        kernel_size: float | tuple[float, float] = (3, 7),
        angle: float | tuple[float, float] = 0.5,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.kernel_size = check_range(self, kernel_size, "kernel_size", 1.0, 31.0)
        longest = limits(self.kernel_size)[1]
        self.kernel_size = check_range(self, self.kernel_size, "kernel_size", 1.0, longest)  # as compiled
        self.receptive_field = 2 * math.ceil((longest - 1.0) / 2.0) + 1
        self.angle = check_factor(self, angle, "angle")

    apply_dtype = None

    def draw(self, rng, view) -> Params:
        return {"length": rng.uniform(*self.kernel_size), "angle": 2.0 * math.pi * rng.uniform(*self.angle)}

    def apply(self, x, params) -> Tensor:
        kernel = filters.line(params["length"], params["angle"], self.receptive_field)
        return filters.correlate(x, kernel, self.result_dtype)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"kernel_size": (1.0 + 4.0 * strength, 1.0 + 12.0 * strength)}
