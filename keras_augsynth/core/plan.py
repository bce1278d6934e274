"""How a sequence of layers is carried out: neighbours that can share their work become one stage.

A layer on its own is a plan of one step, so there is no second way through.
"""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core import passes
from keras_augsynth.core.activity import Keys, keeps_apart
from keras_augsynth.core.batch import Batch, contents
from keras_augsynth.core.draws import Entry, Record, Step, View
from keras_augsynth.core.families.stage import Drawn, Stage
from keras_augsynth.core.modalities import Modality
from keras_augsynth.core.worth import Worth, logged, pays_in_graph
from keras_augsynth.ops.any_size import AnySize
from keras_augsynth.ops.compiled import decided_to_compile, inside_xla, step_by_step, undecided, way, xla_works
from keras_augsynth.ops.random import streams, words
from keras_augsynth.ops.scoped import Scoped

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
        self.steps, self._jit, self._dtype = list(steps), jit, dtype
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
        self._draws: dict[Any, Callable] = {}
        self._graphs = {
            compiles: AnySize(functools.partial(self._run, compiles), opens=not compiles) for compiles in (False, True)
        }
        self.worth = Worth()
        self.seen: tf.Variable | None = None  # for traced functions; the layer's
        self.is_warming = False  # whether every size is compiled that comes

    @property
    def jit(self) -> bool | None:
        """What the outermost layer says about XLA; False where there is none."""
        return False if self._jit is False or not xla_works() else self._jit

    def make_variables(self) -> None:
        """Makes the variables of all magnitudes, which has to happen outside of a traced function's branches."""
        for holder in self._holders:
            holder.live_magnitudes()

    def carry_out(self, batch: Batch, keys: Keys | None = None, record: Record | None = None) -> Batch:
        """The changed batch, by what is drawn from `keys` or was recorded; without both, as in inference."""
        active = not (keys is None and record is None)
        acts = any(stage.acting(active) for stage in self.stages)
        if not acts or record is not None or not undecided() or batch.modality.dtype != "number":
            return self._walked(batch, keys, record)
        if any(stage.is_foreign for stage in self.stages):
            return self._walked(batch, keys)  # layers of Keras and the user's are called as they are
        if self.jit is None and self._uses_xla(self.stages) is False:
            return self._walked(batch, keys)  # some stages compile, some never do
        if tf.executing_eagerly():
            if self.is_warming:
                self._settle(tuple(batch.x.shape))
            compiles = self.worth.pays(tuple(batch.x.shape)) if self.jit is None else self.jit
            return self._in_a_graph(batch, keys, compiles)
        if self.jit is None and keys is not None and self.seen is not None:
            return self._chosen_when_it_runs(batch, keys)
        with way(self.jit is not False):
            return self._walked(batch, keys)

    def _walked(
        self,
        batch: Batch,
        keys: Keys | None = None,
        record: Record | None = None,
        drawn: dict[Stage, Drawn] | None = None,
    ) -> Batch:
        for _, _, changed, _ in self.walk(batch, keys, record, drawn):
            batch = changed
        return batch

    def _in_a_graph(self, batch: Batch, keys: Keys | None, compiles: bool) -> Batch:
        """What is called eagerly, as a graph: one for all sizes where it is not compiled."""
        magnitudes, certain = self.current_magnitudes()
        known, call = contents(batch), None if keys is None else keys.call
        if keys is not None and keys.ids is not None:
            known |= {"ids": keys.ids, "epoch": keys.call}
            call = None
        graph = self._graphs[compiles]
        before = graph.traced
        names = ", ".join(type(step.layer).__name__ for step in self.steps)
        with logged(f"{names} for {tuple(batch.x.shape)}", lambda: compiles and graph.traced > before):
            return batch.with_changes(**graph(known, call, magnitudes, certain, batch.modality, keys is not None))

    def _settle(self, shape: tuple[int, ...]) -> None:
        """Batches of this shape are compiled from now on, whoever calls."""
        self.worth.settle(shape)
        if self.seen is not None:
            pays_in_graph(self.seen, shape, settles=True)

    def _run(
        self,
        compiles: bool,
        known: dict[str, Any],
        call: Tensor | None,
        magnitudes: Tensor | None,
        certain: frozenset[Any],
        modality: Modality,
        active: bool,
    ) -> dict[str, Any]:
        keys = None
        if active:
            ids = known.pop("ids", None)
            keys = Keys(known.pop("epoch") if call is None else call, ids)
        with way(compiles), self.knowing(magnitudes, certain):
            return contents(self._walked(Batch(modality, **known), keys))

    def _chosen_when_it_runs(self, batch: Batch, keys: Keys) -> Batch:
        drawn = self.draw(self.stages[0], batch, keys)  # once for both ways

        def carried_out(compiles: bool) -> dict[str, Any]:
            with way(compiles):
                return contents(self._walked(batch, keys, drawn=drawn))

        pays = pays_in_graph(self.seen, ops.shape(batch.x))
        return batch.with_changes(**tf.cond(pays, lambda: carried_out(True), lambda: carried_out(False)))

    def walk(
        self,
        batch: Batch,
        keys: Keys | None = None,
        record: Record | None = None,
        drawn: dict[Stage, Drawn] | None = None,
    ) -> Iterator[Passage]:
        """Stage by stage: (the stage, its notes, the batch behind it, what is known of that).

        What is in `drawn` is not drawn again.
        """
        notes = passes.at_the_start(ops.dtype(batch.x))
        drawn = dict(drawn or {})
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
                    drawn |= self.draw(stage, batch, keys)
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
        seeds = ops.reshape(source.seeds, self._seeds.shape)
        # Apart at once: a slice for each layer would be five operations of the graph.
        keys, scalars = streams(seeds, *source.keys.words(count))
        words = (zip(*map(ops.unstack, group), strict=True) for group in scalars)
        draws = list(zip(ops.unstack(keys), *words, strict=True))
        magnitudes = self._by_layer(source.magnitudes)
        shared: dict[Any, Any] = {}
        return lambda step, view: step.drawn(draws, replace(view, magnitudes=magnitudes, certain=certain), shared)

    def draw(self, first: Stage, batch: Batch, keys: Keys) -> dict[Stage, Drawn]:
        """What is drawn for all stages from one on, up to where only a layer itself knows the size of its result."""
        stages = self._stages_from(first)
        together = [stage for stage in stages if not stage.draws_pixels]
        magnitudes, certain = self.current_magnitudes()
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
        # Sizes are arguments, so that one graph serves all of them; what else is known may decide what is drawn.
        is_open = {0, *range(start, end)} if not inside_xla() else set(range(start, end))
        known = tuple(None if axis in is_open or not isinstance(n, int) else n for axis, n in enumerate(shape))
        sizes = ops.stack([ops.cast(length, "int32") for length in shape])
        companions = any(part is not None for part in (batch.boxes, batch.points, batch.labels))

        def draw(of_samples: dict[str, Tensor], source: Source, sizes: Tensor) -> list[Drawn]:
            source = source._replace(keys=source.keys._replace(ids=of_samples["ids"]))
            whole = [sizes[axis] if length is None else length for axis, length in enumerate(known)]
            if source.keys.ids is not None:
                whole[0] = ops.shape(source.keys.ids)[0]
            known_of_samples = [of_samples[name] for name in ("labels", "lengths", "spacing")]
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

        of_samples = {"labels": labels, "lengths": batch.lengths, "spacing": batch.spacing, "ids": keys.ids}
        source = source._replace(keys=keys._replace(ids=None))
        name = first.steps[0].name, modality, known, companions, certain, keeps_apart()
        if inside_xla() or step_by_step():
            run: Callable = draw
        else:
            compiles = decided_to_compile() and self._uses_xla(stages) is not False
            run = self._draws.setdefault((*name, compiles), AnySize(draw, jit_compile=compiles))
        return drawn | dict(zip(together, run(of_samples, source, sizes), strict=True))

    def current_magnitudes(self) -> tuple[Tensor | None, frozenset[Any]]:
        """The numbers of all magnitudes of all layers, and what a kernel may be sure of.

        That is the ids of the layers whose `p` is 1, and with each layer's id what its magnitudes are beside numbers.
        A function that the user traces reads the numbers from variables, since all can change before it runs.
        """
        known = _known.value
        if known is not None and known[0] is self:
            return known[1:]
        if not tf.executing_eagerly():
            return ops.concatenate([holder.live_magnitudes() for holder in self._holders]), frozenset()
        versions = [undecided(), *(holder.magnitudes_version for holder in self._holders)]
        if versions != self._current[0]:
            numbers = None
            if undecided() or self._uses_xla(self.stages) is None:
                numbers = tf.constant(np.concatenate([holder.magnitude_numbers() for holder in self._holders]))
            certain = [id(holder) for holder in self._holders if holder.p == 1.0]
            structures = [(id(holder), holder.magnitude_structure()) for holder in self._holders]
            self._current = versions, numbers, frozenset([*certain, *structures])
        return self._current[1:]

    def magnitudes(self) -> dict[int, list[Tensor]] | None:
        """The current numbers of all magnitudes by the id of their layer; None where they are read as in Python."""
        return self._by_layer(self.current_magnitudes()[0])

    def knowing(self, magnitudes: Tensor | None, certain: frozenset[Any]) -> AbstractContextManager[None]:
        """Inside, in this thread, these are the current magnitudes: arguments of the graph that is traced."""
        return _known.holding((self, magnitudes, certain))

    def _by_layer(self, numbers: Tensor | None) -> dict[int, list[Tensor]] | None:
        """The numbers of all magnitudes by the id of their layer."""
        if numbers is None:
            return None
        counts = [len(holder.magnitude_numbers()) for holder in self._holders]
        apart = iter(ops.unstack(ops.reshape(numbers, (sum(counts),))) if sum(counts) else ())
        pairs = zip(self._holders, counts, strict=True)
        return {id(holder): list(itertools.islice(apart, count)) for holder, count in pairs}

    def _stages_from(self, first: Stage) -> list[Stage]:
        stages: list[Stage] = []
        for stage in self.stages[self.stages.index(first) :]:
            stages.append(stage)
            if stage.is_foreign:
                break
        return stages

    def _uses_xla(self, stages: Sequence[Stage]) -> bool | None:
        return False if self.jit is False or any(stage.uses_xla is False for stage in stages) else None

    def _joins(self, step: Step) -> bool:
        last = self.stages[-1]
        mergeable = not (step.place.unmergeable or last.steps[-1].place.unmergeable)
        return mergeable and last.accepts(step)


_known = Scoped()


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
