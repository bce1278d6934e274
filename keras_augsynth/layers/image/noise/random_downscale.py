import math
from typing import Any

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_choice, check_range
from keras_augsynth.core.magnitudes import limits
from keras_augsynth.core.modalities import SPATIAL
from keras_augsynth.ops import resize


class RandomDownscale(Augmentation):
    """Makes each image coarse: smaller, and then as large as it was.

    Args:
        scale: size of the smaller image as a fraction of each side, from 0.05 to 1, rounded to whole pixels. A pair
            (low, high) draws one for each image.
        downscale_interpolation: "area", the mean of what a coarse pixel covers, or "nearest", one of them.
        upscale_interpolation: "nearest" (blocks) or "bilinear" (blur).
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels; a volume becomes
        coarse along its depth, too.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a scale outside [0.05, 1].

    Example:

    >>> RandomDownscale((0.25, 0.5), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = SPATIAL
    planar = modality_matters = True

    def __init__(
        self,
        scale: float | tuple[float, float] = (0.25, 0.5),
        downscale_interpolation: str = "area",
        upscale_interpolation: str = "nearest",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.scale = check_range(self, scale, "scale", 0.05, 1.0)
        self._limits = limits(self.scale)
        self.scale = check_range(self, self.scale, "scale", *self._limits)  # they are a part of the compiled layer
        self.receptive_field = math.ceil(4.0 / self._limits[0])  # two coarse pixels, each blended into two
        self.downscale_interpolation = check_choice(
            self, downscale_interpolation, "downscale_interpolation", resize.DOWNSCALES
        )
        self.upscale_interpolation = check_choice(self, upscale_interpolation, "upscale_interpolation", resize.UPSCALES)

    def draw(self, rng, view) -> Params:
        return {"scale": rng.uniform(*self.scale)}

    def apply(self, x, params) -> Tensor:
        return resize.down_and_up(
            x, params["scale"], self._limits, self.downscale_interpolation, self.upscale_interpolation
        )

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        lowest = 0.1 + 0.9 * (1.0 - strength) ** 2
        return {"scale": (lowest, min(1.0, 1.5 * lowest))}
