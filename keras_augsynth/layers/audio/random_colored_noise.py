from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.ops.fourier import colored, good_length
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.waves import noise_at


class RandomColoredNoise(Sound):
    """Adds noise that is stronger in low or in high frequencies. Silent recordings stay silent.

    Args:
        snr_db: how far the recording stands above the noise, in decibels, from -100 to 200; both are measured over
            the valid part. A pair (low, high) draws it for each recording.
        decay_db: by how much the noise falls in each octave, in decibels, from -12 to 12: 3 is pink noise, 6 brown,
            0 white, -3 blue, -6 violet. A pair (low, high) draws it for each recording.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a ratio or a decay out of its range.

    Example:

    >>> RandomColoredNoise((10.0, 30.0), decay_db=3.0, seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])
    """

    def __init__(
        self,
        snr_db: float | tuple[float, float] = (10.0, 40.0),
        decay_db: float | tuple[float, float] = (-6.0, 6.0),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.snr_db = check_range(self, snr_db, "snr_db", -100.0, 200.0)
        self.decay_db = check_range(self, decay_db, "decay_db", -12.0, 12.0)

    def draw(self, rng, view) -> Params:
        return {"snr_db": rng.uniform(*self.snr_db), "decay_db": rng.uniform(*self.decay_db), "noise": rng.keys()}

    def apply(self, x, params) -> Tensor:
        channels, time = ops.shape(x)[1:]
        length = good_length(time)
        words = Random(params["noise"]).bits((channels, length // 2 + 1))
        noise = colored(words, params["decay_db"], length)[:, :, :time]
        return x + noise_at(x, noise, params["snr_db"], self.valid(x))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"snr_db": (40.0 - 35.0 * strength, 50.0 - 35.0 * strength)}
