"""The one reader of what callers pass: tensors, pairs, dictionaries, single samples and batches; in, and out again."""

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_augsynth.core.batch import PADDING, Batch
from keras_augsynth.core.companions import check_companions, is_mask
from keras_augsynth.core.modalities import TEXT, Modality
from keras_augsynth.core.primary import check_primary, primary
from keras_augsynth.ops.casting import to_dtype

Tensor = Any
Shape = tuple[Any, ...]


class Inputs:
    """Reads one call's inputs. What the caller passed is never changed.

    Args:
        layer: whose call it is.
        inputs: a tensor or a dictionary; see `Augmentation`.
        labels: the second element of a pair, or None.

    Attributes:
        batch: the samples in their fixed form.
        ids: the samples' numbers, or None.
        epoch: the epoch, or None.
    """

    def __init__(self, layer: Any, inputs: Any, labels: Any = None):
        self._layer, self._inputs = layer, inputs
        self._data = inputs if isinstance(inputs, dict) else {}
        self._key, x, modality = primary(layer, inputs)
        self._x, self._modality = x, modality
        self._single = len(x.shape) == modality.rank
        self._pair_is_mask = labels is not None and is_mask(layer, x, labels, modality)
        self._labels = labels

        data = self._data
        masks = labels if self._pair_is_mask else data.get("segmentation_masks")
        labels = data.get("labels") if labels is None or self._pair_is_mask else labels
        batch = Batch(modality, self._enter(x))
        if masks is not None:
            batch = batch.with_changes(masks=self._enter_masks(masks))
        if "bounding_boxes" in data:
            batch = self._enter_boxes(batch, data["bounding_boxes"])
        if "keypoints" in data:
            batch = batch.with_changes(points=self._rows(ops.cast(data["keypoints"], "float32")))
        if "lengths" in data:
            # The largest that there is means no end; cut to 32 bits elsewhere it would be any number.
            batch = batch.with_changes(lengths=ops.reshape(ops.saturate_cast(data["lengths"], "int32"), (-1,)))
        if "spacing" in data and modality.moves == 3:
            batch = batch.with_changes(spacing=self._rows(ops.cast(data["spacing"], "float32")))
        if labels is not None:
            batch = batch.with_changes(labels=keras.tree.map_structure(self._rows, labels))
        self.batch = batch
        self.ids, self.epoch = self._number("sample_ids"), self._number("epoch")

    def restore(self, batch: Batch, sample_weight: Any = None) -> Any:
        """The batch in the form that the inputs had."""
        x = self._leave(batch.x)
        labels = None if batch.labels is None else keras.tree.map_structure(self._unrow, batch.labels)
        second = self._leave_masks(batch.masks, self._labels) if self._pair_is_mask else labels
        result: Any = x
        if self._key is not None:
            result = {**self._data, self._key: x}
            if "segmentation_masks" in self._data:
                result["segmentation_masks"] = self._leave_masks(batch.masks, self._data["segmentation_masks"])
            if "bounding_boxes" in self._data:
                result["bounding_boxes"] = self._leave_boxes(batch)
            if "keypoints" in self._data:
                result["keypoints"] = self._unrow(_as_floats(batch.points, self._data["keypoints"]))
            if "lengths" in self._data:
                lengths = ops.cast(batch.lengths, self._data["lengths"].dtype)
                result["lengths"] = ops.reshape(lengths, ops.shape(self._data["lengths"]))
            if "labels" in self._data:
                result["labels"] = labels
        if self._labels is None:
            return result
        return (result, second) if sample_weight is None else (result, second, sample_weight)

    @staticmethod
    def check(layer: Any, inputs: Any, labels: Any = None, *_: Any) -> None:
        """Refuses what the layer cannot take: wrong keys, ranks, kinds and shapes."""
        key, x, modality = primary(layer, inputs)
        check_primary(layer, inputs, x, modality)
        data = inputs if key is not None else {}
        check_companions(layer, x, data, labels, modality)
        for given in (labels, data.get("labels")):
            if given is not None:
                layer.check_labels(given)
        masks = labels if labels is not None and is_mask(layer, x, labels, modality) else data.get("segmentation_masks")
        if masks is not None:
            layer.check_masks(keras.backend.standardize_dtype(masks.dtype))
        if layer.mixes and len(x.shape) == modality.rank and not tf.executing_eagerly():
            needed = "a single sample has no partner and stays as it is. Write `dataset.batch(…).map(layer)`"
            warnings.warn(f"{type(layer).__name__} mixes samples of a batch; {needed}.", UserWarning, stacklevel=4)

    @staticmethod
    def spec(layer: Any, inputs: Any, labels: Any, sample_weight: Any) -> Any:
        """What comes out for symbolic inputs: new tensors, since one that went in cannot be a result."""
        key, x, modality = primary(layer, inputs)
        shape = layer.changed_shape(tuple(x.shape), modality)
        mask = lambda given: keras.KerasTensor(_mask_shape(layer, given.shape, shape, modality), given.dtype)
        changed = keras.KerasTensor(shape, layer.compute_dtype if modality.dtype == "number" else x.dtype)
        result: Any = changed
        if key is not None:
            result = {**keras.tree.map_structure(_symbol, inputs), key: changed}
            if "segmentation_masks" in inputs:
                result["segmentation_masks"] = mask(inputs["segmentation_masks"])
            if "bounding_boxes" in inputs and layer.mixes:  # there are more of them
                axis = int(len(x.shape) > modality.rank) + modality.has_frames
                result["bounding_boxes"] = keras.tree.map_structure(
                    lambda t: _symbol(t, (*t.shape[:axis], None, *t.shape[axis + 1 :])), inputs["bounding_boxes"]
                )
            if "labels" in inputs:
                result["labels"] = _label_symbols(layer, inputs["labels"])
        if labels is None:
            return result
        second = mask(labels) if is_mask(layer, x, labels, modality) else _label_symbols(layer, labels)
        return (result, second) if sample_weight is None else (result, second, _symbol(sample_weight))

    # The primary tensor.

    def _enter(self, x: Tensor) -> Tensor:
        x = self._rows(x)
        if self._modality is TEXT:
            return ops.reshape(x, (-1,))
        dtype = keras.backend.standardize_dtype(x.dtype)
        if dtype == "bool":
            x = ops.cast(x, "float32" if self._modality.is_pcm else "uint8")  # bytes would be PCM
        elif dtype == "uint64" and self._modality.dtype == "integer":
            x = ops.cast(x, "int64")  # Keras's operations cut it to 32 bits
        return _channels_last(x, self._modality) if self._channels_first else x

    def _leave(self, x: Tensor) -> Tensor:
        if self._modality is TEXT and len(self._x.shape) == 2:
            x = ops.expand_dims(x, -1)
        if self._channels_first:
            x = _channels_first(x, self._modality)
        x = self._unrow(x)
        if self._modality.dtype == "number":  # token ids stay whole numbers
            x = to_dtype(x, self._layer.compute_dtype)
        elif self._modality is not TEXT:
            x = ops.cast(x, self._x.dtype)
        if not x.shape.is_fully_defined():
            x.set_shape(self._layer.changed_shape(tuple(self._x.shape), self._modality))
        return x

    @property
    def _channels_first(self) -> bool:
        return self._layer.data_format == "channels_first" and self._modality.has_channels

    def _rows(self, t: Tensor) -> Tensor:
        """One sample as a batch of one."""
        return ops.expand_dims(t, 0) if self._single else t

    def _unrow(self, t: Tensor) -> Tensor:
        return t[0] if self._single else t

    # What belongs to it.

    def _enter_masks(self, masks: Tensor) -> Tensor:
        masks = self._rows(masks)
        if keras.backend.standardize_dtype(masks.dtype) == "bool":
            masks = ops.cast(masks, "uint8")
        if len(masks.shape) == self._modality.rank:
            return ops.expand_dims(masks, -1)
        return _channels_last(masks, self._modality) if self._channels_first else masks

    def _leave_masks(self, masks: Tensor, given: Tensor) -> Tensor:
        if len(given.shape) + self._single == len(masks.shape) - 1:
            masks = masks[..., 0]
        elif self._channels_first:
            masks = _channels_first(masks, self._modality)
        return ops.cast(self._unrow(masks), given.dtype)

    def _enter_boxes(self, batch: Batch, given: dict) -> Batch:
        boxes = self._convert(self._rows(given["boxes"]), self._layer.bounding_box_format, "xyxy", batch.x)
        fields = {name: self._rows(value) for name, value in given.items() if name != "boxes"}
        entered = batch.with_changes(boxes=boxes, box_fields=fields)
        padding = entered.padding_of_boxes()
        if padding is None:
            return entered
        # Padding has no place in the image: its numbers are no coordinates to be converted.
        boxes = ops.where(padding, ops.cast(self._rows(given["boxes"]), boxes.dtype), boxes)
        return batch.with_changes(boxes=boxes, box_fields={**fields, PADDING: padding[..., 0]})

    def _leave_boxes(self, batch: Batch) -> dict[str, Any]:
        given = self._data["bounding_boxes"]
        boxes = self._convert(batch.boxes, "xyxy", self._layer.bounding_box_format, batch.x)
        own = dict(batch.box_fields)
        if (padding := own.pop(PADDING, None)) is not None:
            boxes = ops.where(ops.expand_dims(padding, -1), batch.boxes, boxes)
        fields = {name: ops.cast(self._unrow(t), given[name].dtype) for name, t in own.items()}
        return {**given, "boxes": self._unrow(_as_floats(boxes, given["boxes"])), **fields}

    def _convert(self, boxes: Tensor, source: str, target: str, x: Tensor) -> Tensor:
        boxes = ops.cast(boxes, "float32")
        if source == target or boxes.shape[-1] != 4:
            return boxes
        height, width = ops.shape(x)[-3:-1]
        return keras.utils.bounding_boxes.convert_format(
            boxes, source=source, target=target, height=height, width=width
        )

    def _number(self, name: str) -> Tensor | None:
        value = self._data.get(name)
        if value is None or (name == "epoch" and len(value.shape) == 0):
            return value
        return ops.reshape(value, (-1,))


def _symbol(t: Tensor, shape: Shape | None = None) -> Tensor:
    """A symbolic tensor like `t`."""
    return keras.KerasTensor(tuple(t.shape) if shape is None else shape, keras.backend.standardize_dtype(t.dtype))


def _label_symbols(layer: Any, labels: Any) -> Any:
    labels = keras.tree.map_structure(_symbol, labels)
    for step in layer.plan.steps:
        if step.layer.mixes:
            labels = _symbol(step.layer.encode(labels))
    return labels


def _mask_shape(layer: Any, masks: Sequence[Any], x: Shape, modality: Modality) -> Shape:
    first = layer.data_format == "channels_first"
    channel = len(x) - modality.rank if first else len(x) - 1
    if len(masks) < len(x):
        return (*x[:channel], *x[channel + 1 :])
    return (*x[:channel], masks[channel], *x[channel + 1 :])


def _as_floats(t: Tensor, given: Tensor) -> Tensor:
    """In the dtype of what was given if that can hold fractions, else float32."""
    dtype = keras.backend.standardize_dtype(given.dtype)
    return ops.cast(t, dtype if "float" in dtype else "float32")


def _channels_last(x: Tensor, modality: Modality) -> Tensor:
    return ops.moveaxis(x, -modality.rank, -1)


def _channels_first(x: Tensor, modality: Modality) -> Tensor:
    return ops.moveaxis(x, -1, -modality.rank)
