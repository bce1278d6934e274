"""`Mixing`: layers that make a sample out of several of its batch."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.batch import Batch
from keras_augsynth.core.checks import check_integer, check_number, wrong
from keras_augsynth.core.draws import Params, View
from keras_augsynth.core.families.sound import as_floats
from keras_augsynth.core.families.stage import Drawn, Entries, Parts, Stage, keep_padding
from keras_augsynth.core.modalities import Modality
from keras_augsynth.core.passes import Notes
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.rows import per_sample, select

Tensor = Any


class MixingStage(Stage):
    """A layer that mixes samples with others of their batch."""

    def acting(self, active: bool) -> list[Any]:
        return self.steps  # mixed labels have another form than unmixed ones, which they have in inference, too

    def __call__(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        if batch.modality.is_pcm:
            return as_floats(lambda batch, notes: self._mixed(batch, drawn, notes), batch, notes)
        return self._mixed(batch, drawn, notes)

    def _mixed(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        layer = self.steps[0].layer
        if drawn is None:
            return batch if batch.labels is None else batch.with_changes(labels=layer.encode(batch.labels))
        if batch.points is not None:
            raise wrong(layer, "keypoints", "not be there: mixed samples have points of several", "keypoints")
        for name in ("boxes", "masks"):
            if getattr(batch, name) is not None and not batch.modality.is_spatial:
                raise wrong(layer, name, f"not stand beside {batch.modality.key} that are mixed", name)
        if batch.labels is not None:
            batch = batch.with_changes(labels=layer.encode(batch.labels))
        mix = self.kernel(self._mix, modality=batch.modality, dtype=notes.dtype)
        parts = batch.parts("x", "masks", "boxes", "box_fields", "labels", "lengths")
        return batch.with_changes(**mix(parts, drawn["entries"]))

    def _mix(self, parts: Parts, entries: Entries, modality: Modality, dtype: str | None) -> Parts:
        step, x = self.steps[0], parts["x"]
        if step.layer.apply_dtype is not None:
            x = ops.cast(x, step.layer.apply_dtype)
        view = step.view(ops.shape(x), modality, parts.get("labels"), parts.get("lengths"))
        params: Any
        params, gate = step.params_or_rest(entries, view)
        with step.within(view) as layer:
            if gate is not None:
                still = layer.identity_params(view)
                params = {name: select(gate, value, still[name]) for name, value in params.items()}
            params = layer.settled(x, params)
            masks = parts.get("masks")
            mixed = layer.mix(x, params, masks)
            changed: Parts = {"x": mixed if dtype is None else to_dtype(mixed, dtype)}
            if masks is not None:
                changed["masks"] = layer.apply_masks(masks, params)
            if "boxes" in parts:
                boxes, fields = parts["boxes"], parts.get("box_fields", {})
                if modality.has_frames:
                    boxes, fields = _in_a_row((boxes, fields))
                mixed, fields = layer.mix_boxes(boxes, fields, params, view.size, masks)
                sources = range(params["sources"].shape[1])
                given = side_by_side([take_source(boxes, params, k) for k in sources])
                both = keep_padding({"boxes": given, "box_fields": fields}, mixed), fields
                changed["boxes"], changed["box_fields"] = (
                    _by_frames(both, parts["boxes"]) if modality.has_frames else both
                )
            if "labels" in parts:
                changed["labels"] = layer.apply_labels(parts["labels"], params)
        return changed


class Mixing(Augmentation, listed=False):
    """An augmentation that makes each sample out of several of its batch; their labels are mixed by their shares.

    `draw` returns, among what else `mix` needs, "sources" int32 `(N, k)`, the rows of the batch that enter
    sample i, itself first; and "weights" float32 `(N, k)`, their shares, which sum to 1.

    Args:
        num_classes: turns integer labels into mixed vectors of this length, in training and in inference.
            None for labels that are one-hot already, or numbers to be mixed as they are: targets of a regression,
            or of one sigmoid.
        min_visibility: from 0 to 1, the part of a box's area that must be seen in the result; the labels of
            other boxes become -1.
        **kwargs: as in `Augmentation`.

    Integer labels come back as float32 `(N, classes)`; float labels `(N,)`, `(N, 1)` or `(N, classes)` keep their
    shape. The boxes of all sources stand side by side, so there are more of them. Samples depend on who else is in
    the batch, with ids, too.
    """

    stage = MixingStage
    mixes = changes_labels = changes_masks = True

    def __init__(self, *, num_classes: int | None = None, min_visibility: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_classes = num_classes if num_classes is None else check_integer(self, num_classes, "num_classes", 2)
        self.min_visibility = check_number(self, min_visibility, "min_visibility", 0.0, 1.0)

    # What a layer's author writes, besides `draw`.

    def mix(self, x: Tensor, params: Params, masks: Tensor | None) -> Tensor:
        """The mixed samples."""
        raise NotImplementedError(f"{type(self).__name__} must define `mix`.")

    def settled(self, x: Tensor, params: Params) -> Params:
        """`params` with what depends on the data themselves: the shares of sequences of different lengths."""
        return params

    def mix_boxes(
        self, boxes: Tensor, fields: dict[str, Tensor], params: Params, size: Sequence[Any], masks: Tensor | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The boxes `(N, k B, 4)`, "xyxy" (in volumes 6 columns), and their fields, each `(N, k B)`, of all sources."""
        raise NotImplementedError(f"{type(self).__name__} must define `mix_boxes`.")

    def identity_params(self, view: View) -> Params:
        """What stands in place of a draw for samples that stay as they are."""
        raise NotImplementedError(f"{type(self).__name__} must define `identity_params`.")

    # What they have in common.

    def partners(self, rng: Random, view: View, count: int) -> Tensor:
        """int32 `(N, 1 + count)`: each row's own number and those of `count` others of the batch."""
        n = ops.cast(view.shape[0], "int32")
        own = ops.expand_dims(ops.arange(view.shape[0], dtype="int32"), 1)
        steps = rng.integers(1, ops.maximum(n, 2), (count,))
        return ops.concatenate([own, (own + steps) % ops.maximum(n, 1)], axis=1)

    def identity_sources(self, view: View, count: int) -> Params:
        """Sources and weights of samples that stay as they are."""
        n = view.shape[0]
        own = ops.expand_dims(ops.arange(n, dtype="int32"), 1)
        first = ops.cast(ops.equal(ops.arange(1 + count), 0), "float32")
        return {
            "sources": ops.broadcast_to(own, (n, 1 + count)),
            "weights": ops.broadcast_to(first, (n, 1 + count)),
        }

    def encode(self, labels: Any) -> Tensor:
        """Labels as the numbers that are mixed: float32 `(N, classes)`, or as they are if they are floats."""
        if keras.tree.is_nested(labels):
            raise wrong(self, "labels", "be one tensor", type(labels).__name__, TypeError)
        sparse = len(labels.shape) == 1 or (labels.shape[-1] == 1 and len(labels.shape) == 2)
        dtype = keras.backend.standardize_dtype(labels.dtype)
        if self.num_classes is None:
            if "float" not in dtype and sparse:
                needed = "be one-hot, (batch, classes), or `num_classes` be given to mix integers"
                raise wrong(self, "labels", needed, tuple(labels.shape))
            return ops.cast(labels, "float32")
        if not sparse:
            return ops.cast(labels, "float32")
        if "int" not in dtype:
            needed = "be integers or one-hot where `num_classes` is given; without it numbers are mixed as they are"
            raise wrong(self, "labels", needed, dtype, TypeError)
        return ops.one_hot(ops.reshape(labels, (-1,)), self.num_classes, dtype="float32")

    def check_labels(self, labels: Any) -> None:
        super().check_labels(labels)
        if not hasattr(labels, "dtype"):
            return
        dtype = getattr(labels.dtype, "name", labels.dtype)
        if dtype == "string" or "complex" in dtype:
            raise wrong(self, "labels", "be real numbers", dtype, TypeError)
        if self.num_classes is None or not isinstance(labels, tf.Tensor) or not hasattr(labels, "numpy"):
            return
        numbers = labels.numpy()
        sparse = numbers.ndim == 1 or (numbers.ndim == 2 and numbers.shape[1] == 1)
        if sparse and numbers.dtype.kind in "iu" and numbers.size:
            outside = numbers[(numbers < 0) | (numbers >= self.num_classes)]
            if len(outside):
                raise wrong(self, "labels", f"be from 0 to {self.num_classes - 1}", np.unique(outside)[:5].tolist())

    def apply_labels(self, labels: Tensor, params: Params) -> Tensor:
        total: Any = 0.0
        for k in range(params["sources"].shape[1]):
            source = ops.take(labels, params["sources"][:, k], axis=0)
            total = total + per_sample(params["weights"][:, k], source) * source
        return total

    def seen(self, boxes: Tensor, fields: dict[str, Tensor], part: Tensor) -> dict[str, Tensor]:
        """Fields with class -1 for boxes of which too little is seen: `part` `(N, B)` is the share of their area."""
        kept = (part > 0.0) & (part >= self.min_visibility) & (box_ops.area(boxes) > 0.0)
        return box_ops.marked(fields, kept)


def _in_a_row(boxes: Any) -> Any:
    """Boxes and fields of the frames of videos, each `(N, T, B, ...)`, as `(N, T B, ...)`: all are mixed alike."""
    return keras.tree.map_structure(lambda t: ops.reshape(t, (ops.shape(t)[0], -1, *ops.shape(t)[3:])), boxes)


def _by_frames(mixed: Any, boxes: Tensor) -> Any:
    """What was mixed of k sources, `(N, k T B, ...)`, as `(N, T, k B, ...)`; `boxes` as they were."""
    n, frames, count, _ = ops.shape(boxes)

    def regroup(t: Tensor) -> Tensor:
        own = ops.shape(t)[2:]
        return ops.reshape(ops.moveaxis(ops.reshape(t, (n, -1, frames, count, *own)), 1, 2), (n, frames, -1, *own))

    return keras.tree.map_structure(regroup, mixed)


def side_by_side(parts: Sequence[Tensor]) -> Tensor:
    """Boxes of several sources in one row."""
    return ops.concatenate(list(parts), axis=1)


def fields_side_by_side(parts: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The fields of the boxes of several sources in one row."""
    return {name: side_by_side([fields[name] for fields in parts]) for name in parts[0]}


def take_source(t: Any, params: Params, k: int) -> Any:
    """What belongs to the k-th source of each sample: a tensor, or a dictionary of them."""
    return keras.tree.map_structure(lambda each: ops.take(each, params["sources"][:, k], axis=0), t)
