"""How a sequence of layers is carried out: neighbours that can share their work become one stage.

A layer on its own is a plan of one step, so there is no second way through.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core import passes
from keras_augsynth.core.activity import Keys
from keras_augsynth.core.batch import Batch
from keras_augsynth.core.draws import Record, Step
from keras_augsynth.core.families.stage import Stage
from keras_augsynth.core.modalities import Modality
from keras_augsynth.ops.compiled import compiled
from keras_augsynth.ops.random import streams, words

Tensor = Any
Passage = tuple[Stage, passes.Notes, Batch, passes.Notes]


class Plan:
    """Steps in order, grouped into stages, and the random numbers of all of them.

    Args:
        steps: the layers in their places.
        jit: what the outermost layer says about XLA.
        dtype: of the result; None: as the last stage gives it.
    """

    def __init__(self, steps: Sequence[Step], jit: bool | None = None, dtype: str | None = None):
        self.steps, self._jit, self._dtype = list(steps), jit, dtype
        sources = list(dict.fromkeys(key for step in self.steps for key in map(_key, step.sources)))
        rows = {key: row for row, key in enumerate(sources)}
        self._seeds = np.array([words(seed) for _, seed in sources], "uint32").reshape(-1, 2)
        self.stages: list[Stage] = []
        for number, step in enumerate(self.steps):
            step.rows, step.name = rows, f"{number}_{step.layer.name}"
            if self.stages and self._joins(step):
                self.stages[-1].steps.append(step)
            else:
                self.stages.append(step.layer.stage(step))
        for stage in self.stages:
            stage.jit = jit
        self._kernels: dict[Any, Any] = {}

    def prepare(self) -> None:
        """Makes the variables of all magnitudes, which has to happen outside of a traced function's branches."""
        for source in {id(source): source for step in self.steps for source, _ in step.sources}.values():
            if hasattr(source, "live_magnitudes"):
                source.live_magnitudes()

    def __call__(self, batch: Batch, keys: Keys | None) -> Batch:
        """The changed batch; without keys what the layers do in inference."""
        return self.carry_out(batch, None if keys is None else {}, keys)

    def carry_out(self, batch: Batch, record: Record | None, keys: Keys | None = None) -> Batch:
        """All stages, by what was recorded; what is not in the record yet is drawn from `keys`."""
        result = batch
        for _, _, changed, _ in self.walk(batch, record, keys):
            result = changed
        return result

    def walk(self, batch: Batch, record: Record | None, keys: Keys | None = None) -> Iterator[Passage]:
        """Stage by stage: (the stage, its notes, the batch behind it, what is known of that)."""
        notes = passes.at_the_start(ops.dtype(batch.x))
        for stage, follower in zip(self.stages, [*self.stages[1:], None], strict=True):
            if record is not None and stage.steps[0].name not in record:
                record = record | self._draw(stage, batch, keys)
            if not stage.acting(record is not None):
                continue
            notes = passes.for_stage(notes, stage, follower, ops.dtype(batch.x), self._dtype, record is not None)
            batch = stage(batch, record, notes)
            behind = passes.behind_stage(notes, stage)
            yield stage, notes, batch, behind
            notes = behind

    def record(self, keys: Keys, shape: Sequence[Any], modality: Modality) -> Record:
        """What every step draws for a batch of `shape` (N, *size, C), numbers for every pixel, too."""
        draws = streams(ops.convert_to_tensor(self._seeds), *keys)
        return self._drawn(self.steps, draws, tuple(shape), modality, None, None, pixels=True)

    def _draw(self, first: Stage, batch: Batch, keys: Keys) -> Record:
        """The draws of all steps from a stage on, up to where only the layers themselves know the size of the data."""
        steps = self._steps_from(first)
        labels = batch.labels if ops.is_tensor(batch.labels) and ops.dtype(batch.labels) != "string" else None
        shape, start = ops.shape(batch.x), 1 + batch.modality.has_frames
        end = start + batch.modality.moves
        # Sizes are arguments, so that one kernel serves all of them; what else is known may decide what is drawn.
        known = tuple(None if start <= axis < end or not isinstance(n, int) else n for axis, n in enumerate(shape))
        sizes = ops.stack([ops.cast(length, "int32") for length in shape])

        def draw(seeds: Tensor, keys: Keys, sizes: Tensor, labels: Tensor | None, lengths: Tensor | None) -> Record:
            whole = [sizes[axis] if length is None else length for axis, length in enumerate(known)]
            whole[0] = ops.shape(keys[1][0])[0]
            return self._drawn(steps, streams(seeds, *keys), tuple(whole), batch.modality, labels, lengths)

        name = first.steps[0].name, batch.modality, known[1:]
        if name not in self._kernels:
            self._kernels[name] = compiled(draw, self._uses_xla(steps))
        return self._kernels[name](ops.convert_to_tensor(self._seeds), keys, sizes, labels, batch.lengths)

    def _drawn(
        self,
        steps: Sequence[Step],
        draws: dict[str, Tensor],
        shape: tuple[Any, ...],
        modality: Modality,
        labels: Tensor | None,
        lengths: Tensor | None,
        pixels: bool = False,
    ) -> Record:
        record: Record = {}
        start = 1 + modality.has_frames
        end = start + modality.moves
        shared: dict[tuple[int, int], Any] = {}  # one draw for all parts of a policy
        for step in steps:
            entry = step.drawn(draws, step.view(shape, modality, labels, lengths), pixels, shared)
            record[step.name] = entry
            if modality.moves:
                shape = (*shape[:start], *step.layer.moved_size(shape[start:end]), *shape[end:])
        return record

    def _steps_from(self, first: Stage) -> list[Step]:
        steps: list[Step] = []
        for stage in self.stages[self.stages.index(first) :]:
            steps += stage.steps
            if stage.changes_size_unannounced:
                break
        return steps

    def _uses_xla(self, steps: Sequence[Step]) -> bool | None:
        jits = [self._jit, *(step.layer.jit for step in steps)]
        return False if any(jit is False for jit in jits) else None

    def _joins(self, step: Step) -> bool:
        last = self.stages[-1]
        mergeable = not (step.place.unmergeable or last.steps[-1].place.unmergeable)
        return mergeable and last.accepts(step)


def _key(source: tuple[Any, int]) -> tuple[int, int]:
    drawer, seed = source
    return id(drawer), seed
