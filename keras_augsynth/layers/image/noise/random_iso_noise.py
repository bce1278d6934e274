import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range, wrong
from keras_augsynth.core.draws import current_key
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops.compiled import materialized


class RandomISONoise(Intensity):
    """Adds the grain of a camera in the dark: dark pixels flicker in brightness, colors in hue.

    Args:
        color_shift: standard deviation of the hue, as a fraction of a full turn of the color circle, from 0 to 0.5.
            A pair (low, high) draws one for each image.
        intensity: standard deviation of the brightness of black, as a fraction of the value range, 0 or more; it
            fades to none in white. A pair (low, high) draws one for each image.
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 3 channels; images with one channel
        have no hue.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a value outside its range, or images with neither 1 nor 3 channels.

    Example:

    >>> RandomISONoise(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    draws_pixels = True

    def __init__(
        self,
        color_shift: float | tuple[float, float] = (0.01, 0.05),
        intensity: float | tuple[float, float] = (0.02, 0.1),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.color_shift = check_range(self, color_shift, "color_shift", 0.0, 0.5)
        self.intensity = check_range(self, intensity, "intensity")

    def draw(self, rng, view) -> Params:
        pixels = (*view.shape[1:-1], 1)
        turn = 2.0 * math.pi * rng.uniform(*self.color_shift)
        intensity = rng.uniform(*self.intensity)
        return {
            "grain": rng.normal(0.0, intensity, pixels),
            "angle": rng.normal(0.0, turn, pixels),
        }

    def apply(self, x, params) -> Tensor:
        channels = x.shape[-1]
        if channels not in (1, 3):
            raise wrong(self, current_key(), "have 1 or 3 channels", channels)
        # XLA on a CPU would draw anew for every channel.
        grain, angle = (materialized(lambda _, t: t, x, params[name]) for name in ("grain", "angle"))
        changed, mean = x, ops.mean(x, axis=-1, keepdims=True)
        if channels == 3:  # `matrices.hue`, with an angle for each pixel
            red, green, blue = (x[..., k : k + 1] for k in range(3))
            across = ops.concatenate([blue - green, red - blue, green - red], axis=-1) * 3.0**-0.5
            changed = mean + ops.cos(angle) * (x - mean) + ops.sin(angle) * across
        return changed + grain * (self.value_range[1] - mean)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"color_shift": (0.02 * strength, 0.1 * strength), "intensity": (0.05 * strength, 0.25 * strength)}
