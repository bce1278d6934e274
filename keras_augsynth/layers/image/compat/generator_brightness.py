from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_pair
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices


class GeneratorBrightness(Color, listed=False):
    """Multiplies the light of each image as the old `ImageDataGenerator` did.

    Args:
        brightness_range: pair (lowest, highest) factor: 0 and below is black, 1 the image itself.
        value_range: black and white; results are clipped to it.
        **kwargs: as in `Color`.
    """

    def __init__(self, brightness_range: Sequence[float], value_range: Sequence[float] = (0, 255), **kwargs: Any):
        super().__init__(value_range=value_range, **kwargs)
        self.brightness_range = check_pair(self, brightness_range, "brightness_range")

    uses_mean = False

    def draw(self, rng, view) -> Params:
        return {"factor": rng.uniform(*self.brightness_range)}

    def matrix(self, params, mean) -> Tensor:
        factor, black, channels = params["factor"], self.value_range[0], mean.shape[-1]
        return matrices.affine_color(factor, (1.0 - factor) * black, channels)
