import math
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_integer
from keras_augsynth.core.families.sound import Sound


class RandomTimeMask(Sound):
    """Silences a few moments of each recording.

    Args:
        seconds: how long each of them is, 0 or more, at most half as long as the recording. A number s means (0, s).
        masks: how many there are, from 1 to 100; they may overlap.
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a negative time, or no mask; in a call, without a sample rate.

    Example:

    >>> RandomTimeMask(0.1, sample_rate=16000, seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])
    """

    def __init__(
        self,
        seconds: float | tuple[float, float] = 0.1,
        masks: int = 1,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.seconds = check_factor(self, seconds, "seconds", 0.0, math.inf)
        self.masks = check_integer(self, masks, "masks", 1, 100)

    def draw(self, rng, view) -> Params:
        return {
            "seconds": self.capped(rng, self.seconds, view, 0.5, self.masks),
            "place": rng.uniform(shape=(self.masks,)),
        }

    def apply(self, x, params) -> Tensor:
        steps = ops.cast(self.steps_of(x), "float32")[:, None]
        width = ops.minimum(ops.round(params["seconds"] * self.hertz), ops.floor(steps / 2.0))
        start = ops.floor(params["place"] * (steps - width + 1.0))[..., None]
        time = ops.cast(ops.arange(ops.shape(x)[2], dtype="int32"), "float32")
        masked = ops.any(ops.logical_and(time >= start, time < start + width[..., None]), axis=1)
        return ops.where(masked[:, None], 0.0, x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"seconds": (0.001 * strength, 0.3 * strength), "sample_rate": 16000}
