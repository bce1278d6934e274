import math
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.linear import Linear


class RandomFade(Linear):
    """Lets each recording begin from silence and end in silence.

    The amplitude follows an S, 3 t**2 - 2 t**3.

    Args:
        seconds: how long each of the two takes, 0 or more; drawn for each, at most as long as the recording. A number s
            means (0, s).
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a negative time; in a call, without a sample rate.

    Example:

    >>> RandomFade(0.2, sample_rate=16000, seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])
    """

    varies = True

    def __init__(self, seconds: float | tuple[float, float] = 0.5, **kwargs: Any):
        super().__init__(**kwargs)
        self.seconds = check_factor(self, seconds, "seconds", 0.0, math.inf)

    def draw(self, rng, view) -> Params:
        return {name: self.capped(rng, self.seconds, view) for name in ("seconds_in", "seconds_out")}

    def gain(self, x, params) -> Tensor:
        steps = ops.cast(self.steps_of(x), "float32")[:, None]
        time = ops.cast(ops.arange(ops.shape(x)[2], dtype="int32"), "float32") + 0.5
        gain = 1.0
        for name, passed in (("seconds_in", time), ("seconds_out", steps - time)):
            taken = ops.minimum(params[name][:, None] * self.hertz, steps)
            part = ops.clip(passed / ops.maximum(taken, 1e-3), 0.0, 1.0)
            gain = gain * (part * part * (3.0 - 2.0 * part))
        return gain[:, None]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"seconds": 0.5 * strength, "sample_rate": 16000}
