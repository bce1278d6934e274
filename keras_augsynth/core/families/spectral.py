"""`Spectral`: layers that change spectrograms."""

import math
from typing import Any

import keras
from keras import ops

from keras_augsynth.core import recordings
from keras_augsynth.core.arrivals import Arrival
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import Rule, check_by_rule, check_factor, check_number, wrong
from keras_augsynth.core.draws import Params
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.core.modalities import SPECTROGRAM
from keras_augsynth.core.notices import Advice
from keras_augsynth.ops import spectrograms

Tensor = Any


class Spectral(Augmentation, listed=False):
    """An augmentation of spectrograms. Frames beyond "lengths" stay as they are and are not counted.

    `apply` is given them as `(N, time, frequency, channels)`.

    Args:
        **kwargs: as in `Augmentation`.
    """

    modalities = (SPECTROGRAM,)
    turned_by = (keras.layers.MelSpectrogram,)  # layers of Keras whose spectrograms are (batch, frequency, time)

    def applied(self, x: Tensor, params: Params) -> Tensor:
        four = x[..., None] if len(x.shape) == 3 else x
        changed = ops.where(self.valid(four), self.apply(four, params), four)
        return changed[..., 0] if len(x.shape) == 3 else changed

    def doubts(self, arrival: Arrival) -> Advice:
        return [*recordings.form_of_spectrograms(arrival), *recordings.lengths(arrival, "frames")]

    def frames_of(self, x: Tensor) -> Tensor:
        """How many valid frames each spectrogram has: float32 `(N,)`."""
        n, time = ops.shape(x)[:2]
        given = current_view().lengths
        if given is None:
            return ops.broadcast_to(ops.cast(time, "float32"), (n,))
        return ops.cast(ops.clip(ops.cast(given, "int32"), 0, ops.cast(time, "int32")), "float32")

    def valid(self, x: Tensor) -> Tensor:
        """bool `(N, T, 1, 1)`: which frames are valid."""
        time = ops.cast(ops.arange(ops.shape(x)[1], dtype="int32"), "float32")
        return (time < self.frames_of(x)[:, None])[:, :, None, None]


class Masking(Spectral, listed=False):
    """An augmentation that fills parts of spectrograms.

    Args:
        fill_value: a number, or "mean" for the mean of the spectrogram's valid part.
        **kwargs: as in `Augmentation`.
    """

    def __init__(self, *, fill_value: float | str = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.fill_value = fill_value if fill_value == "mean" else check_number(self, fill_value, "fill_value")

    def doubts(self, arrival: Arrival) -> Advice:
        return super().doubts(arrival) + (recordings.fill_value(arrival) if self.fill_value == 0.0 else [])

    def filled(self, x: Tensor, masked: Tensor) -> Tensor:
        """`x` with the fill where `masked` is true."""
        fill = spectrograms.mean(x, self.valid(x)) if self.fill_value == "mean" else self.fill_value
        return ops.where(masked, fill, x)


def check_width(owner: Any, width: Any, unit: str) -> Any:
    """A whole number that is drawn from 0 to `width`, or from a pair: floats (low, high)."""

    def normal_form(value: Any) -> tuple[float, float]:
        low, high = check_factor(type(owner).__name__, value, "width", 0.0, math.inf)
        if low % 1.0 or high % 1.0:
            raise wrong(owner, "width", f"be a whole number of {unit}, not a fraction of them", value)
        return low, high

    return check_by_rule(owner, width, "width", Rule(normal_form, 0.0, math.inf))
