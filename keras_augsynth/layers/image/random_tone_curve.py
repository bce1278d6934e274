from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_flag, check_number, check_value_range
from keras_augsynth.ops import color


class RandomToneCurve(Augmentation):
    """Bends the tones of each image along an S: shadows and lights each become lighter or darker.

    The curve is Bézier's, from black to white, with two control points of random height.

    Args:
        scale: standard deviation of the control points' heights about 1/4 and 3/4, from 0 (the same slight S for all
            images) to 1.
        per_channel: whether each channel gets a curve of its own, which shifts the colors, too.
        value_range: lowest and highest value of a pixel; what is outside is clipped first.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a scale outside [0, 1].

    Example:

    >>> RandomToneCurve(0.2, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        scale: float = 0.1,
        per_channel: bool = False,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.scale = check_number(self, scale, "scale", 0.0, 1.0)
        self.per_channel = check_flag(self, per_channel, "per_channel")
        self.value_range = check_value_range(self, value_range)

    def draw(self, rng, shape) -> Params:
        curves = (shape[-1] if self.per_channel else 1,)
        return {
            "shadows": ops.clip(rng.normal(0.25, self.scale, curves), 0.0, 1.0),
            "lights": ops.clip(rng.normal(0.75, self.scale, curves), 0.0, 1.0),
        }

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        shadows, lights = (color.expand(params[name], 2) for name in ("shadows", "lights"))
        t = ops.clip((x - low) / (high - low), 0.0, 1.0)
        curve = t * (3.0 * (1.0 - t) * ((1.0 - t) * shadows + t * lights) + t * t)
        return color.clip(x, low + (high - low) * curve, self.value_range)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": 0.5 * strength}
