from typing import Any

from keras_augsynth.core.augmentation import Params
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.playback import Playback


class RandomSpeed(Playback):
    """Plays each recording faster and higher, or slower and lower, as a tape would.

    Args:
        rate: how many times as fast, from 0.25 to 4; 1 changes nothing. A pair (low, high) draws it for each
            recording, doubling as likely as halving.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's: a slower recording loses its end, behind a faster one there is silence. "lengths" become
        those of what is heard.

    Raises:
        ValueError: for a rate out of its range.

    Example:

    >>> RandomSpeed((0.9, 1.1), seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])

    Reference:
        Ko, Peddinti, Povey, Khudanpur: Audio augmentation for speech recognition. Interspeech 2015.
    """

    def __init__(self, rate: float | tuple[float, float] = (0.9, 1.1), **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = check_range(self, rate, "rate", 0.25, 4.0)

    def draw(self, rng, view) -> Params:
        rate = rng.log_uniform(*self.rate)
        return {"rate": rate, "ratio": rate}

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": (1.0 / (1.0 + 0.3 * strength), 1.0 + 0.3 * strength)}
