"""`Coarse`: layers that make data smaller, and then as large as they were."""

import math
from typing import Any

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_choice, check_range
from keras_augsynth.core.draws import Params, View
from keras_augsynth.core.magnitudes import limits
from keras_augsynth.ops import resize
from keras_augsynth.ops.random import Random

Tensor = Any


class Coarse(Augmentation, listed=False):
    """An augmentation that takes detail from each sample.

    Args:
        scale: size of the smaller data as a fraction of each side, from 0.05 to 1; a pair (low, high) is drawn from.
        downscale_interpolation: how they become smaller, of `resize.DOWNSCALES`.
        upscale_interpolation: how they become large again, of `resize.UPSCALES`.
        **kwargs: as in `Augmentation`.
    """

    def __init__(
        self,
        scale: float | tuple[float, float],
        downscale_interpolation: str,
        upscale_interpolation: str,
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

    def draw(self, rng: Random, view: View) -> Params:
        return {"scale": rng.uniform(*self.scale)}

    def apply(self, x: Tensor, params: Params) -> Tensor:
        ways = self.downscale_interpolation, self.upscale_interpolation
        return resize.down_and_up(x, params["scale"], self._limits, *ways, self.result_dtype)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        lowest = 0.1 + 0.9 * (1.0 - strength) ** 2
        return {"scale": (lowest, min(1.0, 1.5 * lowest))}
