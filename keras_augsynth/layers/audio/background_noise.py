from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.sound_bank import SoundBank
from keras_augsynth.ops.waves import noise_at, taken


class BackgroundNoise(SoundBank):
    """Puts each recording in front of another one: of a street, of a machine, of other speakers.

    The other one begins at a random place and is repeated if it is shorter. Silent recordings stay silent.

    Args:
        source: recordings `(recordings, time)`, or a list of them; they are kept in the layer's configuration, so
            give a few. None: `adapt` learns them. "batch": the other recordings of the batch, a babble of voices;
            then a sample depends on its batch, and one that is alone stays as it is.
        snr_db: how far the recording stands above the other one, in decibels, from -100 to 200; both are measured
            over the valid part. A pair (low, high) draws it for each recording.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`. A background of a bank is the same in all channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a ratio out of its range, recordings that are not finite; in a call, where no recording was
            given or learned.

    Example:

    >>> layer = BackgroundNoise(snr_db=(5.0, 20.0), seed=1)
    >>> layer.adapt(np.random.default_rng(0).normal(size=(10, 8000)))
    >>> layer(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])
    """

    named_sources = ("batch",)

    def __init__(self, source: Any = None, snr_db: float | tuple[float, float] = (5.0, 30.0), **kwargs: Any):
        super().__init__(source, **kwargs)
        self.mixes = isinstance(source, str)
        self.needs_examples = not self.mixes
        self.snr_db = check_range(self, snr_db, "snr_db", -100.0, 200.0)

    def draw(self, rng, view) -> Params:
        params = {"snr_db": rng.uniform(*self.snr_db), "place": rng.uniform()}
        if not self.mixes:
            return {**params, "choice": self.entry_index(rng)}
        count = ops.cast(view.shape[0], "int32")
        step = rng.integers(1, ops.maximum(count, 2))
        return {**params, "choice": (ops.arange(view.shape[0], dtype="int32") + step) % ops.maximum(count, 1)}

    def apply(self, x, params) -> Tensor:
        choice, valid = params["choice"], self.valid(x)
        n, _, time = ops.shape(x)
        if self.mixes:
            others, steps = ops.take(x, choice, axis=0), ops.take(self.steps_of(x), choice)
            alone = ops.equal(choice, ops.arange(n, dtype="int32"))
            others = ops.where(alone[:, None, None], 0.0, others)
        else:
            others, steps = self.chosen(choice)
        steps = ops.maximum(steps, 1)
        start = ops.cast(params["place"] * ops.cast(steps, "float32"), "int32")
        places = (start[:, None] + ops.arange(time, dtype="int32")) % steps[:, None]
        return x + noise_at(x, taken(others, places), params["snr_db"], valid)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        hum = np.sin(0.1 * np.arange(64)) + 0.3 * np.sin(0.7 * np.arange(64))
        return {"source": [hum.tolist()], "snr_db": (30.0 - 30.0 * strength, 40.0 - 30.0 * strength)}
