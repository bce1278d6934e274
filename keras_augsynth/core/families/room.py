"""`RoomStage`: sound layers whose magnitudes decide how many samples they have to work with."""

import math
from dataclasses import replace
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.core.batch import Batch
from keras_augsynth.core.draws import Entry, Params
from keras_augsynth.core.families.sound import SoundStage
from keras_augsynth.core.families.stage import Drawn, Entries
from keras_augsynth.core.passes import Notes
from keras_augsynth.ops.compiled import inside_xla

Tensor = Any


class RoomStage(SoundStage):
    """Layers say by `needed(params, samples)` how many samples they need; `room` tells them in a kernel.

    It is told as the length of a tensor, "room" among the parameters: XLA compiles for each length, also where the
    magnitudes are variables. There are twelve lengths to an octave.
    """

    def carry_out(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        if drawn is not None:
            # Inside a kernel of the caller no length can depend on a variable.
            entries = drawn["entries"] if inside_xla() else self._with_room(batch, drawn["entries"])
            drawn = {"entries": self.together(entries)}
        return super().carry_out(batch, drawn, notes)

    def together(self, entries: Entries) -> Entries:
        """What the kernel is given of the draws."""
        return entries

    def needed(self, layer: Any, entry: Entry, samples: int | Tensor) -> Tensor | None:
        """How many samples a layer needs to work on so many; None: `samples`, or it knows without being told."""
        return layer.needed(entry["params"], samples)

    def _with_room(self, batch: Batch, entries: Entries) -> Entries:
        shape, magnitudes, told = ops.shape(batch.x), self.plan.magnitudes(), dict(entries)
        samples: Any = shape[1]
        for step in self.steps:
            view, entry = step.view(shape, batch.modality), entries[step.name]
            with step.within(replace(view, magnitudes=magnitudes)) as layer:
                needed = self.needed(layer, entry, samples)
            if needed is not None:
                samples = needed
                room = tf.zeros((_rounded_up(needed, shape[1]), 0))
                told[step.name] = {**entry, "params": {**entry["params"], "room": room}}
        return told


def room(params: Params, otherwise: int | Tensor) -> int | Tensor:
    """How many samples there are to work with; `otherwise` where that cannot be known."""
    return ops.shape(params["room"])[0] if "room" in params else otherwise


def _rounded_up(samples: Tensor, time: int | Tensor) -> Tensor:
    """To the length of the recording, or to some semitones more or less than that."""
    time = ops.cast(ops.maximum(time, 1), "float64")
    semitones = ops.ceil(12.0 / math.log(2.0) * ops.log(ops.cast(samples, "float64") / time) - _ROUNDING) + _ROUNDING
    return ops.cast(ops.ceil(time * ops.exp(math.log(2.0) / 12.0 * semitones)), "int32")


_ROUNDING = 1e-4  # semitones
