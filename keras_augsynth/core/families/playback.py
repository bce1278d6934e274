"""`Playback`: layers that play recordings faster or slower."""

import functools
from typing import Any

from keras import ops

from keras_augsynth.core.batch import Batch
from keras_augsynth.core.draws import Entry, Params, Step
from keras_augsynth.core.families.sound import Sound, SoundStage
from keras_augsynth.core.families.stage import Drawn
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.core.passes import Notes
from keras_augsynth.ops.fourier import one_by_one
from keras_augsynth.ops.rows import select
from keras_augsynth.ops.waves import before, taken

Tensor = Any


class SpeedStage(SoundStage):
    """Neighbours that play as a tape does: the recording is sampled once for all of them, at the product of the rates.

    The first layer carries it out, with the rates of all as columns.
    """

    def accepts(self, step: Step) -> bool:
        return step.layer.stage is SpeedStage

    def carry_out(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        if drawn is None or len(self.steps) == 1:
            return super().carry_out(batch, drawn, notes)
        entries = [drawn["entries"][step.name] for step in self.steps]
        gates = [entry.get("gate") for entry in entries]
        rates = [entry["params"]["rate"] for entry in entries]
        rates = [select(gate, rate, ops.ones_like(rate)) for gate, rate in zip(gates, rates, strict=True)]
        together: Entry = {"params": {"rate": ops.stack(rates, axis=1)}}
        if None not in gates:
            together["gate"] = functools.reduce(ops.logical_or, gates)
        return super().carry_out(batch, {"entries": {self.steps[0].name: together}}, notes)


class Playback(Sound, listed=False):
    """An augmentation that plays each recording faster or slower; its `draw` returns "rate".

    The result is as long as the input: a slower recording loses its end, behind a faster one there is silence, and
    "lengths" become those of what is heard.

    Args:
        **kwargs: as in `Sound`.
    """

    stage = SpeedStage
    keeps_time = False

    def played(self, x: Tensor, params: Params) -> Tensor:
        """`x` `(N, C, T)`, finite, "rate" times as fast, as long as before."""
        raise NotImplementedError(f"{type(self).__name__} must define `played`.")

    def apply(self, x: Tensor, params: Params) -> Tensor:
        steps, time = self.steps_of(x), ops.shape(x)[2]
        finite = ops.logical_and(ops.isfinite(x), self.valid(x))
        played = self.played(ops.where(finite, x, 0.0), params)
        place = ops.cast(ops.arange(time, dtype="int32"), "float64")[None]
        for rate in reversed(one_by_one(params["rate"])):
            place = ops.round(ops.minimum(ops.cast(rate, "float64")[:, None] * place, ops.cast(time - 1, "float64")))
        source = taken(x, ops.cast(place, "int32"))
        result = ops.where(ops.isfinite(source), played, source)  # what is not finite moves along
        return ops.where(before(_heard(steps, params["rate"], time), time), result, 0.0)

    def apply_lengths(self, lengths: Tensor, params: Params) -> Tensor:
        time = current_view().size[0]
        steps = ops.clip(ops.cast(lengths, "int32"), 0, ops.cast(time, "int32"))
        return ops.cast(_heard(steps, params["rate"], time), lengths.dtype)


def _heard(steps: Tensor, rates: Tensor, time: int | Tensor) -> Tensor:
    """How many samples of the result are heard."""
    for rate in one_by_one(rates):
        whole = ops.round(ops.cast(steps, "float64") / ops.cast(rate, "float64"))
        steps = ops.cast(ops.minimum(whole, ops.cast(time, "float64")), "int32")
    return steps
