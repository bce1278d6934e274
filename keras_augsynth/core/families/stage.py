"""`Stage`: a run of steps that is carried out together. This one takes a single layer of any kind."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
from keras import ops

from keras_augsynth.core.batch import PADDING, Batch
from keras_augsynth.core.draws import Entry, Step
from keras_augsynth.core.modalities import Modality
from keras_augsynth.core.passes import Notes
from keras_augsynth.ops import random
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.compiled import compiled, uncompiled
from keras_augsynth.ops.lookup import by_table
from keras_augsynth.ops.rows import select

Tensor = Any
Parts = dict[str, Any]
Entries = dict[str, Entry]  # by the step's name
# What a stage is given of the draws: "entries", or what it has made of them in `prepared`; for a stage that draws as
# many numbers as there are pixels, the "source" from which it draws them itself, and which layers are "certain".
Drawn = dict[str, Any]


class Stage:
    """A run of steps. A family of layers whose neighbours can share their work has a subclass.

    Attributes:
        steps: what is carried out, in order.
        plan: which the stage belongs to.
    """

    keeps_finite = False  # whether finite values stay finite
    reads_fixed_point = False
    # Whether a layer of Keras is called: it may keep a state, compiles in its own way, and only its result has a size.
    is_foreign = False

    def __init__(self, step: Step):
        self.steps = [step]
        self.plan: Any = None
        self._kernels: dict[Any, Callable] = {}

    def accepts(self, step: Step) -> bool:
        """Whether `step` can be carried out together with those that are here."""
        return False

    def can_write_fixed_point(self, dtype: str) -> bool:
        """Whether values of `dtype` can leave as uint16 in units of 1/256."""
        return False

    @property
    def draws_pixels(self) -> bool:
        """Whether as many numbers are drawn as there are pixels."""
        return any(step.layer.draws_pixels for step in self.steps)

    def acting(self, active: bool) -> list[Step]:
        """The steps that do something to a batch."""
        return [step for step in self.steps if active or step.layer.active_in_inference]

    def prepared(self, entries: Entries, shape: Sequence[Any], modality: Modality, companions: bool) -> Drawn:
        """What is worked out from the draws alone, in the kernel that makes them.

        Args:
            entries: what every step drew.
            shape: of the batch that will enter; sizes may be tensors.
            modality: of that batch.
            companions: whether boxes, points or labels stand beside the data.
        """
        return {"entries": entries}

    def __call__(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        """The changed batch.

        Args:
            batch: as it enters.
            drawn: what was drawn; None where the layers are inactive.
            notes: what is known of the values.
        """
        if batch.modality.has_frames and any(step.layer.planar for step in self.steps):
            frames = self.carry_out(batch.frames_as_samples(), _for_frames(drawn, batch), notes)
            changed = frames.frames_together(batch)
        else:
            changed = self.carry_out(batch, drawn, notes)
        if drawn is None or batch.labels is None or not any(step.layer.changes_labels for step in self.steps):
            return changed
        relabel = self.kernel(self._relabel, modality=batch.modality)
        return changed.with_changes(labels=relabel(batch.labels, ops.shape(batch.x), drawn["entries"]))

    def carry_out(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        """All but the labels."""
        parts = batch.parts("x", "masks", "points", "boxes", "box_fields", "lengths", "spacing")
        constants: dict[str, Any] = {"modality": batch.modality, "dtype": notes.dtype}
        if drawn is not None and "source" in drawn:
            constants["certain"], drawn = drawn["certain"], {"source": drawn["source"]}
            if ops.is_tensor(batch.labels):
                parts["labels"] = batch.labels  # the strength of noise may depend on them
        return batch.with_changes(**self.kernel(self._run, **constants)(parts, drawn))

    def _run(
        self,
        parts: Parts,
        drawn: Drawn | None,
        modality: Modality,
        dtype: str | None,
        certain: frozenset[Any] = frozenset(),
    ) -> Parts:
        step, x = self.steps[0], parts["x"]
        known = (parts.get(name) for name in ("labels", "lengths", "spacing"))
        view = step.view(ops.shape(x), modality, *known)
        if drawn is not None and "source" in drawn:
            draw = self.plan.drawing(drawn["source"], ops.shape(x)[0], certain)
            drawn = {"entries": {step.name: draw(step, view)}}
        params, gate = step.params_or_rest(drawn and drawn["entries"], view)
        with step.within(replace(view, dtype=dtype)) as layer:
            if layer.by_table and ops.dtype(x) == "uint8":
                finished = lambda x: to_dtype(layer.applied(x, params), "uint8" if dtype == "uint8" else "float32")
                changed = by_table(finished, x)
            else:
                if ops.dtype(x) != "string" and layer.apply_dtype is not None:
                    x = ops.cast(x, layer.apply_dtype)
                changed = layer.applied(x, params)
            if gate is not None:
                rest = layer.inference_params(view)
                changed = select(gate, changed, x if rest is None else layer.applied(x, rest))
            result: Parts = {"x": changed if dtype is None else to_dtype(changed, dtype)}
            companions = (
                ("masks", layer.apply_masks),
                ("points", layer.apply_points),
                ("lengths", layer.apply_lengths),
            )
            for name, apply in companions:
                if name in parts:
                    result[name] = select(gate, apply(parts[name], params), parts[name])
            if "boxes" in parts:
                moved = select(gate, layer.apply_boxes(parts["boxes"], params), parts["boxes"])
                result["boxes"] = keep_padding(parts, moved)
        return result

    def _relabel(self, labels: Tensor, shape: Any, entries: Entries, modality: Modality) -> Tensor:
        for step in self.steps:
            view = step.view(tuple(shape), modality, labels)
            params, gate = step.params_or_rest(entries, view)
            with step.within(view) as layer:
                if layer.changes_labels:
                    labels = select(gate, layer.apply_labels(labels, params), labels)
        return labels

    def kernel(self, function: Callable, **constants: Any) -> Callable:
        """A method compiled, once for each set of constants; unless a layer of the stage asked for no XLA."""
        key = function.__name__, uncompiled(), *constants.items()
        if key not in self._kernels:
            self._kernels[key] = compiled(functools.partial(function, **constants), self.uses_xla)
        return self._kernels[key]

    @property
    def uses_xla(self) -> bool | None:
        return None if self.plan.jit is not False and all(step.layer.jit is not False for step in self.steps) else False


def _for_frames(drawn: Drawn | None, clips: Batch) -> Drawn | None:
    """What was drawn for each clip, for each of its frames: the same, but for keys, with which frames draw anew."""
    frames = ops.shape(clips.x)[1]

    def repeat(t: Tensor) -> Tensor:
        t = ops.repeat(t, frames, axis=0)
        if ops.dtype(t) != "uint32":
            return t
        frame = random.words(ops.tile(ops.arange(frames, dtype="int32"), (ops.shape(clips.x)[0],)))
        each = tuple(ops.reshape(word, (-1, *(1,) * (len(t.shape) - 2))) for word in frame)
        return ops.stack(random.fold((t[..., 0], t[..., 1]), each), axis=-1)

    return None if drawn is None else keras.tree.map_structure(repeat, drawn)


def keep_padding(parts: Parts, boxes: Tensor) -> Tensor:
    """`boxes`, but padding as it was."""
    padding = parts.get("box_fields", {}).get(PADDING)
    return boxes if padding is None else ops.where(ops.expand_dims(padding, -1), parts["boxes"], boxes)
