from typing import Any

import numpy as np

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_integer, wrong
from keras_augsynth.core.families.filtering import Filtering
from keras_augsynth.ops import fourier

LOWEST_HZ = 60.0


class RandomEQ(Filtering):
    """Makes some frequencies of each recording louder and others quieter, as another microphone would.

    Args:
        gain_db: change at each of the `bands` frequencies, in decibels, from -60 to 60; in octaves between them the
            change is a straight line. A number g means (-g, g).
        bands: how many frequencies there are, from 2 to 100, evenly in octaves from 60 Hz to half of the sample rate.
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an argument out of its range, or a sample rate of 120 Hz or less; in a call, without one.

    Example:

    >>> RandomEQ(12.0, sample_rate=16000, seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])
    """

    def __init__(self, gain_db: float | tuple[float, float] = 12.0, bands: int = 7, **kwargs: Any):
        super().__init__(**kwargs)
        self.gain_db = check_factor(self, gain_db, "gain_db", -60.0, 60.0)
        self.bands = check_integer(self, bands, "bands", 2, 100)

    def draw(self, rng, view) -> Params:
        return {"gains_db": rng.uniform(*self.gain_db, (self.bands,))}

    def response(self, hertz, params) -> Tensor:
        if self.hertz <= 2.0 * LOWEST_HZ:
            raise wrong(self, "sample_rate", f"be above {2.0 * LOWEST_HZ:g} Hz", self.hertz)
        return fourier.equalizer(hertz, np.geomspace(LOWEST_HZ, self.hertz / 2.0, self.bands), params["gains_db"])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"gain_db": 24.0 * strength, "sample_rate": 16000}
