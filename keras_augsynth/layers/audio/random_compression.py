from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_number, check_range
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.ops.waves import compressed


class RandomCompression(Sound):
    """Makes the loud parts of each recording quieter, so that quiet and loud are closer to each other.

    Args:
        threshold_db: what is louder than this is compressed, in decibels below the recording's loudest moment, from
            -120 to 0. A pair (low, high) draws it for each recording.
        ratio: how many decibels above the threshold become one, from 1 to 100. A pair draws it for each recording.
        seconds: how long a moment is over which loudness is measured, from 0.0001 to 60.
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`. All channels are compressed alike.

    Output shape:
        As the input's. The recording is not made louder again; a `RandomGain` can do that.

    Raises:
        ValueError: for an argument out of its range; in a call, without a sample rate.

    Example:

    >>> RandomCompression(-20.0, ratio=4.0, sample_rate=16000)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])
    """

    def __init__(
        self,
        threshold_db: float | tuple[float, float] = (-30.0, -10.0),
        ratio: float | tuple[float, float] = (2.0, 8.0),
        seconds: float = 0.01,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.threshold_db = check_range(self, threshold_db, "threshold_db", -120.0, 0.0)
        self.ratio = check_range(self, ratio, "ratio", 1.0, 100.0)
        self.seconds = check_number(self, seconds, "seconds", 1e-4, 60.0)

    def draw(self, rng, view) -> Params:
        return {"threshold_db": rng.uniform(*self.threshold_db), "ratio": rng.log_uniform(*self.ratio)}

    def apply(self, x, params) -> Tensor:
        block = max(round(self.seconds * self.hertz), 1)
        return compressed(x, params["threshold_db"], params["ratio"], block)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"threshold_db": (-40.0 * strength, -20.0 * strength), "sample_rate": 16000, "seconds": 0.0005}
