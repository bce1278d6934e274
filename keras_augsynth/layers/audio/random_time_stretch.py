from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.playback import Playback
from keras_augsynth.core.families.room import extremes
from keras_augsynth.core.families.sound import check_window


class RandomTimeStretch(Playback):
    """Plays each recording faster or slower without changing its pitch, by a phase vocoder.

    Args:
        rate: how many times as fast, from 0.25 to 4; 1 changes nothing. A pair (low, high) draws it for each
            recording, doubling as likely as halving.
        window: length of the vocoder's windows in samples, a multiple of 4 from 16 to 65536. 2048 is usual for music;
            for speech at 16 kHz 1024 and 512 sound clearer.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's: a slower recording loses its end, behind a faster one there is silence. "lengths" become
        those of what is heard.

    Raises:
        ValueError: for a rate or a window out of its range.

    Example:

    >>> RandomTimeStretch((0.8, 1.25), seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])

    Reference:
        Flanagan, Golden: Phase vocoder. Bell System Technical Journal, 1966; as in librosa.
    """

    def __init__(self, rate: float | tuple[float, float] = (0.8, 1.25), window: int = 2048, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = check_range(self, rate, "rate", 0.25, 4.0)
        self.window = check_window(self, window)

    def draw(self, rng, view) -> Params:
        return {"rate": rng.log_uniform(*self.rate)}

    def needed(self, params, samples) -> Tensor:
        lowest, _ = extremes(self, "rate", params["rate"])
        return ops.cast(samples, "float32") * ops.minimum(1.0 / lowest, 1.0)  # the rest of a slower one is not heard

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": (1.0 / (1.0 + 0.5 * strength), 1.0 + 0.5 * strength), "window": 512}
