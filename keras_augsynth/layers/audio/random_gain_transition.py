from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_range
from keras_augsynth.core.families.linear import Linear
from keras_augsynth.ops.rows import per_sample
from keras_augsynth.ops.waves import amplitude


class RandomGainTransition(Linear):
    """Lets the loudness of each recording change from one level to another, evenly in decibels.

    Args:
        gain_db: the two levels are drawn from here, in decibels, from -120 to 120. A number g means (-g, g).
        seconds: how long the change takes, above 0; at most as long as the recording. A pair (low, high) draws it.
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a gain beyond 120 dB or a time of 0; in a call, without a sample rate.

    Example:

    >>> RandomGainTransition(12.0, sample_rate=16000, seed=1)(np.zeros((4, 16000), "float32")).shape
    TensorShape([4, 16000])
    """

    varies = True

    def __init__(
        self,
        gain_db: float | tuple[float, float] = 12.0,
        seconds: float | tuple[float, float] = (0.2, 1.0),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.gain_db = check_factor(self, gain_db, "gain_db", -120.0, 120.0)
        self.seconds = check_range(self, seconds, "seconds", above=0.0)

    def draw(self, rng, view) -> Params:
        levels = {"first_db": rng.uniform(*self.gain_db), "last_db": rng.uniform(*self.gain_db)}
        return {**levels, "seconds": rng.uniform(*self.seconds), "place": rng.uniform()}

    def gain(self, x, params) -> Tensor:
        steps = ops.cast(self.steps_of(x), "float32")
        taken = ops.minimum(params["seconds"] * self.hertz, ops.maximum(steps, 1.0))
        start = params["place"] * (steps - taken)
        time = ops.cast(ops.arange(ops.shape(x)[2], dtype="int32"), "float32")
        part = ops.clip((time - start[:, None]) / taken[:, None], 0.0, 1.0)[:, None]
        first, last = (per_sample(params[name], x) for name in ("first_db", "last_db"))
        return amplitude(first + part * (last - first))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"gain_db": 24.0 * strength, "sample_rate": 16000}
