"""`RoomStage`: sound layers whose magnitudes decide how many samples they have to work with."""

import math
from dataclasses import replace
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.core.batch import Batch
from keras_augsynth.core.draws import Params
from keras_augsynth.core.families.sound import SoundStage
from keras_augsynth.core.families.stage import Drawn
from keras_augsynth.core.passes import Notes
from keras_augsynth.ops.compiled import inside_xla

Tensor = Any


class RoomStage(SoundStage):
    """Layers say by `needed` how many samples they need; `room` tells them in a kernel.

    It is told as the length of a tensor, "room" among the parameters: XLA compiles for each length, also where the
    magnitudes are variables. There are twelve lengths to an octave.
    """

    def carry_out(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        if drawn is None or inside_xla():  # there no length can depend on a variable
            return super().carry_out(batch, drawn, notes)
        shape, magnitudes = ops.shape(batch.x), self.plan.magnitudes()
        entries = dict(drawn["entries"])
        for step in self.steps:
            view, entry = step.view(shape, batch.modality), entries[step.name]
            with step.within(replace(view, magnitudes=magnitudes)) as layer:
                needed = layer.needed(entry["params"], view.size[0])
            if needed is not None:
                room = tf.zeros((_rounded_up(needed, view.size[0]), 0))
                entries[step.name] = {**entry, "params": {**entry["params"], "room": room}}
        return super().carry_out(batch, {"entries": entries}, notes)


def room(params: Params, otherwise: int | Tensor) -> int | Tensor:
    """How many samples there are to work with; `otherwise` where that cannot be known."""
    return ops.shape(params["room"])[0] if "room" in params else otherwise


def _rounded_up(samples: Tensor, time: int | Tensor) -> Tensor:
    """To the length of the recording, or to some semitones more or less than that."""
    time = ops.cast(ops.maximum(time, 1), "float64")
    semitones = ops.ceil(12.0 / math.log(2.0) * ops.log(ops.cast(samples, "float64") / time) - _ROUNDING) + _ROUNDING
    return ops.cast(ops.ceil(time * ops.exp(math.log(2.0) / 12.0 * semitones)), "int32")


_ROUNDING = 1e-4  # semitones
