import math
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range, wrong
from keras_augsynth.core.families.linear import Linear
from keras_augsynth.core.families.sound_bank import SoundBank
from keras_augsynth.ops import fourier
from keras_augsynth.ops.compiled import materialized
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.waves import amplitude, decay


class RandomReverb(SoundBank, Linear):
    """Puts each recording into a room. The direct sound keeps its level and its time; the echo is cut at the end.

    The echo is noise that dies away evenly, another one for each recording.

    Args:
        rt60: seconds in which the echo falls by 60 dB, from 0.001 to 20. A pair (low, high) draws it.
        direct_db: how far the direct sound stands above the whole echo, in decibels, from -30 to 60. A pair draws it.
        source: measured impulse responses, `(responses, time)` or a list of them, instead of synthetic ones; so
            does `adapt`. They are scaled to a largest value of 1, and begin where it is.
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`. All channels have the same room.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an argument out of its range; in a call, without a sample rate.

    Example:

    >>> RandomReverb(rt60=(0.2, 0.8), sample_rate=16000, seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])

    Reference:
        Schroeder: New method of measuring reverberation time. JASA, 1965. Polack: La transmission de l'énergie
        sonore dans les salles. 1988.
    """

    filters = is_long = True

    def __init__(
        self,
        rt60: float | tuple[float, float] = (0.1, 0.8),
        direct_db: float | tuple[float, float] = (0.0, 15.0),
        source: Any = None,
        **kwargs: Any,
    ):
        super().__init__(source, **kwargs)
        self.rt60 = check_range(self, rt60, "rt60", 0.001, 20.0)
        self.direct_db = check_range(self, direct_db, "direct_db", -30.0, 60.0)

    def summarize(self, recording) -> np.ndarray:
        start = np.abs(recording).argmax()
        if not recording[start]:
            raise wrong(self, "source", "not be silent", recording)
        return recording[start:] / recording[start]

    def draw(self, rng, view) -> Params:
        if self._bank is not None:
            return {"choice": self.entry_index(rng)}
        return {"rt60": rng.uniform(*self.rt60), "direct_db": rng.uniform(*self.direct_db), "noise": rng.keys()}

    def transfer(self, params, time, length) -> Tensor:
        if self._bank is None:
            echo = self.echo(params, time)
        else:
            echo = self.chosen(params["choice"])[0][:, :, 1 : self.reach(params, time) + 1]
        return 1.0 + fourier.spectrum(ops.pad(echo, [[0, 0], [0, 0], [1, 0]]), length)[:, 0]

    def reach(self, params, time) -> Any:
        if self._bank is None:
            return time
        longest = self._bank.shape[1] - 1
        return min(time, longest) if isinstance(time, int) else ops.minimum(time, longest)

    def echo(self, params: Params, time: int | Tensor) -> Tensor:
        """What follows the direct sound, from one sample behind it on: `(N, 1, time)`."""
        per_sample = 3.0 * math.log(10.0) / (self.hertz * ops.cast(params["rt60"], "float64"))
        # The expected energy, a geometric series, and not the drawn one: a cut echo is no louder.
        level = amplitude(-params["direct_db"]) * ops.cast(ops.sqrt(ops.expm1(2.0 * per_sample)), "float32")
        # Stored, or XLA would draw four times as slowly, a number at a time, where silence is put behind.
        noise = materialized(lambda keys: Random(keys).normal(shape=(time,)), params["noise"])
        return (noise * level[:, None] * decay(per_sample, time))[:, None]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rt60": 0.05 + 1.2 * strength, "direct_db": 20.0 - 22.0 * strength, "sample_rate": 16000}
