"""`Linear`: layers that weigh recordings along time or along frequency; neighbours share one transform and one pass."""

import functools
from typing import Any

from keras import ops

from keras_augsynth.core.draws import Params, Step, View
from keras_augsynth.core.families.room import RoomStage
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.core.families.stage import Drawn, Entries, Parts
from keras_augsynth.core.modalities import Modality
from keras_augsynth.ops import fourier
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.rows import select

Tensor = Any


class LinearStage(RoomStage):
    """Neighbouring linear layers: gains in front, one transform and its inverse, gains behind."""

    def accepts(self, step: Step) -> bool:
        if step.layer.stage is not LinearStage:
            return False
        _, filters, behind = self._in_three_parts()
        if step.layer.is_long and any(each.layer.is_long for each in filters):
            return False
        # A filter can change places with a constant gain, and with no other.
        return not (step.layer.filters and any(each.layer.varies for each in behind))

    def _in_three_parts(self) -> tuple[list[Step], list[Step], list[Step]]:
        """(gains in front of all filters, the filters, the other gains)."""
        filters = [step for step in self.steps if step.layer.filters]
        front = self.steps[: self.steps.index(filters[0])] if filters else self.steps
        return front, filters, [step for step in self.steps if step not in (*front, *filters)]

    def _run(
        self,
        parts: Parts,
        drawn: Drawn | None,
        modality: Modality,
        dtype: str | None,
        certain: frozenset[Any] = frozenset(),
    ) -> Parts:
        x = ops.cast(parts["x"], "float32")
        shape, lengths = ops.shape(x), parts.get("lengths")
        views = {step.name: step.view(shape, modality, lengths=lengths) for step in self.steps}
        entries: Any = drawn and drawn["entries"]

        def change(x: Tensor) -> Tensor:
            front, filters, behind = self._in_three_parts()
            x = self._amplified(x, front, entries, views)
            x = self._filtered(x, filters, entries, views) if filters else x
            return self._amplified(x, behind, entries, views)

        first = self.steps[0]
        with first.within(views[first.name]) as layer:
            changed = layer.by_channel(x, change)
        return {"x": changed if dtype is None else to_dtype(changed, dtype)}

    @staticmethod
    def _amplified(x: Tensor, steps: list[Step], entries: Entries, views: dict[str, View]) -> Tensor:
        for step in steps:
            params, gate = step.params_or_rest(entries, views[step.name])
            with step.within(views[step.name]) as layer:
                x = select(gate, x * layer.gain(x, params), x)
        return x

    @staticmethod
    def _filtered(x: Tensor, steps: list[Step], entries: Entries, views: dict[str, View]) -> Tensor:
        time = ops.shape(x)[2]
        params, gates = zip(*(step.params_or_rest(entries, views[step.name]) for step in steps), strict=True)
        length = time
        for step, each in zip(steps, params, strict=True):
            with step.within(views[step.name]) as layer:
                length = length + layer.reach(each, time)
        length = fourier.good_length(length)
        spectrum = fourier.spectrum(x, length)
        for step, each, gate in zip(steps, params, gates, strict=True):
            with step.within(views[step.name]) as layer:
                weights = layer.transfer(each, time, length)
            spectrum = fourier.weighted(spectrum, select(gate, weights, ops.ones((1, 1))))
        filtered = fourier.wave(spectrum, length)[:, :, :time]
        if any(gate is None for gate in gates):
            return filtered
        return select(functools.reduce(ops.logical_or, gates), filtered, x)


class Linear(Sound, listed=False):
    """An augmentation whose result is proportional to what comes in; neighbours in a Pipeline share their work.

    What filters let ring beyond the ends of a recording is cut once, behind the last of them, and not between.

    Args:
        **kwargs: as in `Sound`.
    """

    stage = LinearStage
    filters = False  # whether the layer defines `transfer`, and not `gain`
    varies = False  # whether the gain changes along time
    # Whether the filter rings as long as the recording is: one transform for two of them would cost more than two.
    is_long = False
    needs_room = False  # whether `reach` depends on magnitudes: see `RoomStage`

    def gain(self, x: Tensor, params: Params) -> Tensor:
        """What `x` `(N, channels, time)` is multiplied by, of a shape that broadcasts against it."""
        raise NotImplementedError(f"{type(self).__name__} must define `gain`, or `filters = True` and `transfer`.")

    def transfer(self, params: Params, time: Any, length: Any) -> Tensor:
        """The weights `(N, bins)`, real or complex, of recordings of `time` samples, transformed with `length`."""
        raise NotImplementedError(f"{type(self).__name__} says `filters` and must define `transfer`.")

    def reach(self, params: Params, time: Any) -> Any:
        """How many samples of silence the transform needs behind a recording of `time` samples."""
        raise NotImplementedError(f"{type(self).__name__} says `filters` and must define `reach`.")
