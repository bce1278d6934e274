"""`Playback`: layers that play recordings faster or slower."""

from typing import Any

from keras import ops

from keras_augsynth.core.draws import Params
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.ops.waves import before, taken

Tensor = Any


class Playback(Sound, listed=False):
    """An augmentation that plays each recording faster or slower; its `draw` returns "rate".

    The result is as long as the input: a slower recording loses its end, behind a faster one there is silence, and
    "lengths" become those of what is heard.

    Args:
        **kwargs: as in `Sound`.
    """

    keeps_time = False

    def played(self, x: Tensor, rate: Tensor) -> Tensor:
        """`x` `(N, C, T)`, finite, `rate` times as fast, as long as before."""
        raise NotImplementedError(f"{type(self).__name__} must define `played`.")

    def apply(self, x: Tensor, params: Params) -> Tensor:
        rate, steps, time = params["rate"], self.steps_of(x), ops.shape(x)[2]
        finite = ops.logical_and(ops.isfinite(x), self.valid(x))
        played = self.played(ops.where(finite, x, 0.0), rate)
        place = ops.cast(rate, "float64")[:, None] * ops.cast(ops.arange(time, dtype="int32"), "float64")
        place = ops.round(ops.minimum(place, ops.cast(time - 1, "float64")))
        source = taken(x, ops.cast(place, "int32"))
        result = ops.where(ops.isfinite(source), played, source)  # what is not finite moves along
        return ops.where(before(_heard(steps, rate, time), time), result, 0.0)

    def apply_lengths(self, lengths: Tensor, params: Params) -> Tensor:
        time = current_view().size[0]
        steps = ops.clip(ops.cast(lengths, "int32"), 0, ops.cast(time, "int32"))
        return ops.cast(_heard(steps, params["rate"], time), lengths.dtype)


def _heard(steps: Tensor, rate: Tensor, time: int | Tensor) -> Tensor:
    """How many samples of the result are heard."""
    whole = ops.round(ops.cast(steps, "float64") / ops.cast(rate, "float64"))
    return ops.cast(ops.minimum(whole, ops.cast(time, "float64")), "int32")
