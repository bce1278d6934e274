"""`Playback`: layers that play recordings faster, slower, higher or lower."""

import functools
from typing import Any

from keras import ops

from keras_augsynth.core.draws import Entry, Params, Step
from keras_augsynth.core.families.room import RoomStage, room
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.core.families.stage import Entries
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.ops.fourier import one_by_one, resampled
from keras_augsynth.ops.frames import stretched
from keras_augsynth.ops.rows import select
from keras_augsynth.ops.waves import before, taken

Tensor = Any


class PlaybackStage(RoomStage):
    """Neighbours that change tempo and pitch: one vocoder and one resampling do it for all of them.

    The first layer carries it out, with what all drew as columns. What a vocoder leaves is not what a second one would
    have made of it, as an image that is resampled once is not one that is resampled twice: it is closer to the sound.
    """

    def accepts(self, step: Step) -> bool:
        if step.layer.stage is not PlaybackStage:
            return False
        # The same windows; or a tape, behind which there may be another tape. A vocoder hears what it is given.
        return step.layer.window in (None, self.steps[-1].layer.window)

    def needed(self, layer: Any, entry: Entry, samples: int | Tensor) -> Tensor:
        needed = super().needed(layer, entry, samples)
        if "gate" not in entry or len(self.steps) == 1:
            return needed
        return ops.maximum(needed, ops.cast(samples, needed.dtype))  # all of a sound that goes by the layer

    def together(self, entries: Entries) -> Entries:
        if len(self.steps) == 1:
            return entries
        each = [entries[step.name] for step in self.steps]
        params: Params = {}
        for name in ("rate", "ratio"):
            drawn = [(entry["params"][name], entry.get("gate")) for entry in each if name in entry["params"]]
            if drawn:
                params[name] = ops.stack([select(gate, rate, ops.ones_like(rate)) for rate, gate in drawn], axis=1)
        rooms = [entry["params"]["room"] for entry in each if "room" in entry["params"]]
        together: Entry = {"params": {**params, "room": rooms[-1]} if rooms else params}
        if all("gate" in entry for entry in each):
            together["gate"] = functools.reduce(ops.logical_or, [entry["gate"] for entry in each])
        return {self.steps[0].name: together}


class Playback(Sound, listed=False):
    """An augmentation that plays each recording at another tempo, at another pitch, or both.

    Its `draw` returns "rate", how many times as fast things follow each other, and "ratio", how many times as high
    they are; one that is missing stays. The result is as long as the input: a slower recording loses its end, behind a
    faster one there is silence, and "lengths" become those of what is heard.

    Args:
        **kwargs: as in `Sound`.

    Attributes:
        window: of the vocoder, in samples; None: there is none, and tempo and pitch are the same.
    """

    stage = PlaybackStage
    keeps_time = False
    window: int | None = None

    @property
    def needs_room(self) -> bool:
        return self.window is not None

    def needed(self, params: Params, samples: Any) -> Tensor:
        """How many samples the vocoder has to make of so many, if the rest of a slower recording is not heard.

        By the current limits of the magnitudes, and by what was drawn, which may be from others.
        """
        raise NotImplementedError(f"{type(self).__name__} has a `window` and must define `needed`.")

    def apply(self, x: Tensor, params: Params) -> Tensor:
        steps, time = self.steps_of(x), ops.shape(x)[2]
        finite = ops.logical_and(ops.isfinite(x), self.valid(x))
        played = self._played(ops.where(finite, x, 0.0), params)
        if "rate" not in params:
            return ops.where(finite, played, x)
        place = ops.cast(ops.arange(time, dtype="int32"), "float64")[None]
        for rate in reversed(one_by_one(params["rate"])):
            place = ops.round(ops.minimum(ops.cast(rate, "float64")[:, None] * place, ops.cast(time - 1, "float64")))
        source = taken(x, ops.cast(place, "int32"))
        result = ops.where(ops.isfinite(source), played, source)  # what is not finite moves along
        return ops.where(before(_heard(steps, params["rate"], time), time), result, 0.0)

    def _played(self, x: Tensor, params: Params) -> Tensor:
        """`x` `(N, C, T)`, finite, at another tempo and pitch, as long as before."""
        time, ratio = ops.shape(x)[2], params.get("ratio")
        if self.window is None:
            return resampled(x, ratio, time)
        rate = 1.0
        for name, change in (("rate", ops.multiply), ("ratio", ops.divide)):
            rate = functools.reduce(change, one_by_one(params[name]) if name in params else (), rate)
        if ratio is None:
            return stretched(x, rate, time, self.window, room(params, time))
        highest = 2 ** len(one_by_one(ratio))
        return resampled(stretched(x, rate, room(params, highest * time), self.window), ratio, time)

    def apply_lengths(self, lengths: Tensor, params: Params) -> Tensor:
        if "rate" not in params:
            return lengths
        time = current_view().size[0]
        steps = ops.clip(ops.cast(lengths, "int32"), 0, ops.cast(time, "int32"))
        return ops.cast(_heard(steps, params["rate"], time), lengths.dtype)


def _heard(steps: Tensor, rates: Tensor, time: int | Tensor) -> Tensor:
    """How many samples of the result are heard."""
    for rate in one_by_one(rates):
        whole = ops.round(ops.cast(steps, "float64") / ops.cast(rate, "float64"))
        steps = ops.cast(ops.minimum(whole, ops.cast(time, "float64")), "int32")
    return steps
