from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_flag, check_magnitude
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops.rows import per_sample


class RandomToneCurve(Intensity):
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
        super().__init__(value_range=value_range, **kwargs)
        self.scale = check_magnitude(self, scale, "scale", 0.0, 1.0)
        self.per_channel = check_flag(self, per_channel, "per_channel")

    def draw(self, rng, view) -> Params:
        curves = (view.shape[-1] if self.per_channel else 1,)
        return {
            "shadows": ops.clip(rng.normal(0.25, self.scale, curves), 0.0, 1.0),
            "lights": ops.clip(rng.normal(0.75, self.scale, curves), 0.0, 1.0),
        }

    def apply(self, x, params) -> Tensor:
        low = self.value_range[0]
        shadows, lights = (per_sample(params[name], x) for name in ("shadows", "lights"))
        t = ops.clip((x - low) / self.span, 0.0, 1.0)
        curve = t * (3.0 * (1.0 - t) * ((1.0 - t) * shadows + t * lights) + t * t)
        return low + self.span * curve

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": 0.5 * strength}
