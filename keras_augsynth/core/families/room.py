"""`RoomStage`: sound layers whose magnitudes decide how many samples they have to work with."""

import functools
import math
from dataclasses import replace
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.core.batch import Batch
from keras_augsynth.core.draws import Entry, Params
from keras_augsynth.core.families.sound import SoundStage
from keras_augsynth.core.families.stage import Drawn, Entries
from keras_augsynth.core.modalities import Modality
from keras_augsynth.core.passes import Notes
from keras_augsynth.ops.compiled import inside_xla, traced

Tensor = Any


class RoomStage(SoundStage):
    """Layers with `needs_room` say by `needed(params, samples)` how many samples they need; `room` tells them.

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

    def needed(self, layer: Any, entry: Entry, samples: int | Tensor) -> Tensor:
        """How many samples a layer needs to work on so many."""
        return layer.needed(entry["params"], samples)

    def _with_room(self, batch: Batch, entries: Entries) -> Entries:
        named = [step.name for step in self.steps if step.layer.needs_room]
        if not named:
            return entries
        key = "lengths", batch.modality
        if key not in self._kernels:
            self._kernels[key] = traced(functools.partial(self._lengths, batch.modality))
        own = {step.name: entries[step.name] for step in self.steps}
        lengths = self._kernels[key](own, ops.shape(batch.x), self.plan.magnitudes())
        told = dict(entries)
        for name, length in zip(named, lengths, strict=True):
            room = tf.zeros((length, 0))
            told[name] = {**told[name], "params": {**told[name]["params"], "room": room}}
        return told

    def _lengths(
        self, modality: Modality, entries: Entries, shape: tuple[Any, ...], magnitudes: dict[int, list[Tensor]] | None
    ) -> list[Tensor]:
        """Of the layers that need room, in order: int32."""
        lengths = []
        samples: Any = shape[1]
        for step in self.steps:
            if step.layer.needs_room:
                with step.within(replace(step.view(shape, modality), magnitudes=magnitudes)) as layer:
                    samples = self.needed(layer, entries[step.name], samples)
                lengths.append(_rounded_up(samples, shape[1]))
        return lengths


def room(params: Params, otherwise: int | Tensor) -> int | Tensor:
    """How many samples there are to work with; `otherwise` where that cannot be known."""
    return ops.shape(params["room"])[0] if "room" in params else otherwise


def extremes(layer: Any, name: str, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """The least and the largest number that a magnitude can give at this place, or has given: float32."""
    low, high = (ops.cast(limit, "float32") for limit in layer.current_limits(name))
    return ops.minimum(low, tf.reduce_min(drawn)), ops.maximum(high, tf.reduce_max(drawn))


def _rounded_up(samples: Tensor, time: int | Tensor) -> Tensor:
    """To the length of the recording, or to some semitones more or less than that."""
    time = ops.cast(ops.maximum(time, 1), "float64")
    semitones = ops.ceil(12.0 / math.log(2.0) * ops.log(ops.cast(samples, "float64") / time) - _ROUNDING) + _ROUNDING
    return ops.cast(ops.ceil(time * ops.exp(math.log(2.0) / 12.0 * semitones)), "int32")


_ROUNDING = 1e-4  # semitones
