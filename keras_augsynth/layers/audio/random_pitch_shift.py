import math
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.playback import Playback
from keras_augsynth.core.families.sound import check_window

OCTAVE = 12.0


class RandomPitchShift(Playback):
    """Makes each recording higher or lower without changing its speed.

    Args:
        semitones: by how many, fractions too, from -12 to 12. A number s means (-s, s).
        window: length of the vocoder's windows in samples; see `RandomTimeStretch`.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for more than an octave, or a window out of its range.

    Example:

    >>> RandomPitchShift(3.0, seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])

    Reference:
        Laroche, Dolson: New phase-vocoder techniques for pitch-shifting. WASPAA 1999; the simple way, as in librosa.
    """

    def __init__(self, semitones: float | tuple[float, float] = 4.0, window: int = 2048, **kwargs: Any):
        super().__init__(**kwargs)
        self.semitones = check_factor(self, semitones, "semitones", -OCTAVE, OCTAVE)
        self.window = check_window(self, window)

    def draw(self, rng, view) -> Params:
        octaves = ops.cast(rng.uniform(*self.semitones), "float64") / OCTAVE
        return {"ratio": ops.cast(ops.power(ops.cast(2.0, "float64"), octaves), "float32")}

    def needed(self, params, samples) -> Tensor:
        highest = ops.exp(math.log(2.0) / OCTAVE * ops.cast(self.current_limits("semitones")[1], "float32"))
        return ops.cast(samples, "float32") * ops.maximum(highest, tf.reduce_max(params["ratio"]))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"semitones": 6.0 * strength, "window": 512}
