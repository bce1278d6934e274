"""How a sequence of layers is carried out: neighbours that can share their work become one stage.

A layer on its own is a plan of one step, so there is no second way through.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core import passes
from keras_augsynth.core.activity import Keys
from keras_augsynth.core.batch import Batch
from keras_augsynth.core.draws import Entry, Record, Step, View
from keras_augsynth.core.families.stage import Drawn, Stage
from keras_augsynth.core.modalities import Modality
from keras_augsynth.ops.compiled import compiled
from keras_augsynth.ops.random import streams, words

Tensor = Any
Passage = tuple[Stage, passes.Notes, Batch, passes.Notes]


class Source(NamedTuple):
    """What all draws of a call are made from, as tensors: an argument of kernels.

    Attributes:
        keys: of the call.
        seeds: of the plan's layers, uint32 `(L, 2)`.
        magnitudes: the numbers of all magnitudes, float64; None where they are read as they are in Python.
    """

    keys: Keys
    seeds: Tensor
    magnitudes: Tensor | None


class Plan:
    """Steps in order, grouped into stages, and the random numbers of all of them.

    Args:
        steps: the layers in their places.
        jit: what the outermost layer says about XLA.
        dtype: of the result; None: as the last stage gives it.
    """

    def __init__(self, steps: Sequence[Step], jit: bool | None = None, dtype: str | None = None):
        self.steps, self.jit, self._dtype = list(steps), jit, dtype
        sources = {_key(source): source for step in self.steps for source in step.sources}
        rows = {key: row for row, key in enumerate(sources)}
        self._seeds = np.array([words(seed) for _, seed in sources.values()], "uint32").reshape(-1, 2)
        holders = {id(source): source for source, _ in sources.values() if hasattr(source, "live_magnitudes")}
        self._holders = list(holders.values())
        self._current: tuple[Any, Tensor, frozenset[Any]] = (None, None, frozenset())
        self.stages: list[Stage] = []
        for number, step in enumerate(self.steps):
            step.rows, step.name = rows, f"{number}_{step.layer.name}"
            if self.stages and self._joins(step):
                self.stages[-1].steps.append(step)
            else:
                self.stages.append(step.layer.stage(step))
        for stage in self.stages:
            stage.plan = self
        for holder in self._holders:
            holder.is_planned = True
        self._kernels: dict[Any, Any] = {}

    def make_variables(self) -> None:
        """Makes the variables of all magnitudes, which has to happen outside of a traced function's branches."""
        for holder in self._holders:
            holder.live_magnitudes()

    def carry_out(self, batch: Batch, keys: Keys | None = None, record: Record | None = None) -> Batch:
        """The changed batch, by what is drawn from `keys` or was recorded; without both, as in inference."""
        result = batch
        for _, _, changed, _ in self.walk(batch, keys, record):
            result = changed
        return result

    def walk(self, batch: Batch, keys: Keys | None = None, record: Record | None = None) -> Iterator[Passage]:
        """Stage by stage: (the stage, its notes, the batch behind it, what is known of that)."""
        notes = passes.at_the_start(ops.dtype(batch.x))
        drawn: dict[Stage, Drawn] = {}
        active = not (keys is None and record is None)
        final_dtype = self._dtype if batch.modality.dtype == "number" else None  # token ids stay whole numbers
        for stage, follower in itertools.zip_longest(self.stages, self.stages[1:]):
            if not stage.acting(active):
                continue
            own: Drawn | None = None
            if record is not None:
                own = {"entries": {step.name: record[step.name] for step in stage.steps}}
            elif keys is not None:
                if stage not in drawn:
                    drawn |= self._draw(stage, batch, keys)
                own = drawn[stage]
            notes = passes.for_stage(notes, stage, follower, ops.dtype(batch.x), final_dtype, active)
            batch = stage(batch, own, notes)
            behind = passes.behind_stage(notes, stage)
            yield stage, notes, batch, behind
            notes = behind

    def record(self, keys: Keys, shape: Sequence[Any], modality: Modality) -> Record:
        """What every step draws for a batch of `shape` (N, *size, C), numbers for every pixel, too."""
        draw, record, shape = self.drawing(Source(keys, self._seeds, None), shape[0]), {}, tuple(shape)
        for step in self.steps:
            record[step.name] = draw(step, step.view(shape, modality))
            shape = _behind(step, shape, modality)
        return record

    def drawing(
        self, source: Source, count: Any, certain: frozenset[Any] = frozenset()
    ) -> Callable[[Step, View], Entry]:
        """What draws for the steps of this plan, from one source for `count` samples."""
        draws = streams(ops.convert_to_tensor(source.seeds), *source.keys.words(count))
        magnitudes = self._by_layer(source.magnitudes)
        shared: dict[Any, Any] = {}
        return lambda step, view: step.drawn(draws, replace(view, magnitudes=magnitudes, certain=certain), shared)

    def _draw(self, first: Stage, batch: Batch, keys: Keys) -> dict[Stage, Drawn]:
        """What is drawn for all stages from one on, up to where only a layer itself knows the size of its result."""
        stages = self._stages_from(first)
        together = [stage for stage in stages if not stage.draws_pixels]
        magnitudes, certain = self._current_magnitudes()
        source = Source(keys, ops.convert_to_tensor(self._seeds), magnitudes)
        # What draws a number for every pixel does so in its own kernel.
        drawn: dict[Stage, Drawn] = {
            stage: {"source": source, "certain": certain} for stage in stages if stage.draws_pixels
        }
        if not together:
            return drawn
        labels = batch.labels if ops.is_tensor(batch.labels) and ops.dtype(batch.labels) != "string" else None
        shape, modality = ops.shape(batch.x), batch.modality
        start = 1 + modality.has_frames
        end = start + modality.moves
        # Sizes are arguments, so that one kernel serves all of them; what else is known may decide what is drawn.
        known = tuple(None if start <= axis < end or not isinstance(n, int) else n for axis, n in enumerate(shape))
        sizes = ops.stack([ops.cast(length, "int32") for length in shape])
        companions = any(part is not None for part in (batch.boxes, batch.points, batch.labels))

        def draw(source: Source, sizes: Tensor, *known_of_samples: Tensor) -> list[Drawn]:
            whole = [sizes[axis] if length is None else length for axis, length in enumerate(known)]
            if source.keys.ids is not None:
                whole[0] = ops.shape(source.keys.ids)[0]
            shape, result = tuple(whole), []
            draw = self.drawing(source, shape[0], certain)
            for stage in stages:
                entering, entries = shape, {}
                for step in stage.steps:
                    if stage in together:
                        entries[step.name] = draw(step, step.view(shape, modality, *known_of_samples))
                    shape = _behind(step, shape, modality)
                if stage in together:
                    result.append(stage.prepared(entries, entering, modality, companions))
            return result

        name = first.steps[0].name, modality, known, companions, certain
        if name not in self._kernels:
            self._kernels[name] = compiled(draw, self._uses_xla(together))
        results = self._kernels[name](source, sizes, labels, batch.lengths, batch.spacing)
        return drawn | dict(zip(together, results, strict=True))

    def _current_magnitudes(self) -> tuple[Tensor | None, frozenset[Any]]:
        """The numbers of all magnitudes of all layers, and what a kernel may be sure of.

        That is the ids of the layers whose `p` is 1, and with each layer's id what its magnitudes are beside numbers.
        A function that the user traces reads the numbers from variables, since all can change before it runs.
        """
        if not tf.executing_eagerly():
            return ops.concatenate([holder.live_magnitudes() for holder in self._holders]), frozenset()
        versions = [holder.magnitudes_version for holder in self._holders]
        if versions != self._current[0]:
            numbers = None
            if self._uses_xla(self.stages) is None:
                numbers = tf.constant(np.concatenate([holder.magnitude_numbers() for holder in self._holders]))
            certain = [id(holder) for holder in self._holders if holder.p == 1.0]
            structures = [(id(holder), holder.magnitude_structure()) for holder in self._holders]
            self._current = versions, numbers, frozenset([*certain, *structures])
        return self._current[1:]

    def _by_layer(self, numbers: Tensor | None) -> dict[int, Tensor] | None:
        """The numbers of all magnitudes by the id of their layer."""
        if numbers is None:
            return None
        found, place = {}, 0
        for holder in self._holders:
            count = len(holder.magnitude_numbers())
            found[id(holder)] = numbers[place : place + count]
            place += count
        return found

    def _stages_from(self, first: Stage) -> list[Stage]:
        stages: list[Stage] = []
        for stage in self.stages[self.stages.index(first) :]:
            stages.append(stage)
            if stage.changes_size_unannounced:
                break
        return stages

    def _uses_xla(self, stages: Sequence[Stage]) -> bool | None:
        return False if self.jit is False or any(stage.uses_xla is False for stage in stages) else None

    def _joins(self, step: Step) -> bool:
        last = self.stages[-1]
        mergeable = not (step.place.unmergeable or last.steps[-1].place.unmergeable)
        return mergeable and last.accepts(step)


def _key(source: tuple[Any, int]) -> tuple[int, int]:
    drawer, seed = source
    return id(drawer), seed


def _behind(step: Step, shape: tuple[Any, ...], modality: Modality) -> tuple[Any, ...]:
    """The shape of the data behind a step."""
    if not modality.moves:
        return shape
    start = 1 + modality.has_frames
    end = start + modality.moves
    return (*shape[:start], *step.layer.moved_size(shape[start:end]), *shape[end:])
