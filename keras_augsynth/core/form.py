"""What goes in comes out: the inputs of a call as one batch in a fixed form, and the way back."""

from typing import Any

import keras
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.modality import MODALITIES, TEXT
from keras_augsynth.ops.casting import to_dtype

Tensor = Any
# x (N, *size, C); finite: whether x can hold no NaN and infinity; unit: what 1 in x stands for; masks (N, *size, C');
# boxes (N, B, 4) as "xyxy"; box_labels (N, B); points (N, K, d or more); labels.
Batch = dict[str, Any]


class Form:
    """Reads one call's inputs.

    Attributes:
        batch: the batch in its fixed form; what the caller passed is never changed.
        count: how many samples there are.
    """

    def __init__(self, layer: keras.layers.Layer, inputs: Any, labels: Any = None):
        self._layer, self._modality = layer, layer.modality
        self._inputs, self._labels = inputs, labels
        data = inputs if isinstance(inputs, dict) else {}
        self._key = primary_key(layer, data) if isinstance(inputs, dict) else None
        x = data[self._key] if self._key else inputs
        self._single = self._modality is not None and len(x.shape) == len(self._modality.axes)
        self._x_shape = tuple(x.shape)

        self.batch: Batch = {"x": self._enter(x), "finite": "float" not in ops.dtype(x), "unit": 1.0}
        if "segmentation_masks" in data:
            self.batch["masks"] = self._enter_mask(data["segmentation_masks"])
        if "bounding_boxes" in data:
            self.batch |= self._enter_boxes(data["bounding_boxes"])
        if "keypoints" in data:
            self.batch["points"] = self._rows(ops.cast(data["keypoints"], "float32"))
        labels = data.get("labels") if labels is None else labels
        if labels is not None:
            self.batch["labels"] = keras.tree.map_structure(self._rows, labels)
        self.ids, self.epoch = self._number(data, "sample_ids"), self._number(data, "epoch")
        self.count = ops.shape(self.batch["x"])[0] if len(self.batch["x"].shape) else 1

    def restore(self, batch: Batch, sample_weight: Any = None) -> Any:
        """The batch in the form that the inputs had."""
        x = self._leave(batch["x"])
        labels = keras.tree.map_structure(self._unrow, batch["labels"]) if "labels" in batch else None
        result: Any = x
        if isinstance(self._inputs, dict):
            result = {**self._inputs, self._key: x}
            if "masks" in batch:
                result["segmentation_masks"] = self._leave_mask(batch["masks"])
            if "boxes" in batch:
                result["bounding_boxes"] = self._leave_boxes(batch)
            if "points" in batch:
                points = ops.cast(batch["points"], self._inputs["keypoints"].dtype)
                result["keypoints"] = self._unrow(points)
            if "labels" in self._inputs:
                result["labels"] = labels
        if self._labels is None:
            return result
        return (result, labels) if sample_weight is None else (result, labels, sample_weight)

    # The primary tensor.

    def _enter(self, x: Tensor) -> Tensor:
        x = self._rows(x)
        if self._modality is TEXT:
            x = ops.reshape(x, (-1,))
        if self._layer.data_format == "channels_first":
            x = _channels_last(x, self._spatial(x))
        return x

    def _leave(self, x: Tensor) -> Tensor:
        if self._modality is TEXT and len(self._x_shape) == 2:
            x = ops.expand_dims(x, -1)
        if self._layer.data_format == "channels_first":
            x = _channels_first(x, self._spatial(x))
        x = self._unrow(x)
        x = to_dtype(x, self._layer.compute_dtype)
        x.set_shape(self._layer.compute_output_shape(self._x_shape))
        return x

    def _spatial(self, x: Tensor) -> int:
        # A layer for any kind of data (Rescaling) takes what looks like an image for one.
        return self._modality.spatial if self._modality else 2 if len(x.shape) >= 3 else 0

    def _rows(self, t: Tensor) -> Tensor:
        """One sample as a batch of one."""
        return ops.expand_dims(t, 0) if self._single else t

    def _unrow(self, t: Tensor) -> Tensor:
        return t[0] if self._single else t

    # What belongs to it.

    def _enter_mask(self, mask: Tensor) -> Tensor:
        mask = self._rows(mask)
        spatial = self._modality.spatial if self._modality else 2
        if len(mask.shape) == spatial + 1:
            return ops.expand_dims(mask, -1)
        return _channels_last(mask, spatial) if self._layer.data_format == "channels_first" else mask

    def _leave_mask(self, mask: Tensor) -> Tensor:
        given = self._inputs["segmentation_masks"]
        if len(given.shape) + self._single == len(mask.shape) - 1:
            mask = mask[..., 0]
        elif self._layer.data_format == "channels_first":
            mask = _channels_first(mask, len(mask.shape) - 2)
        return ops.cast(self._unrow(mask), given.dtype)

    def _enter_boxes(self, boxes: Any) -> Batch:
        xyxy = self._convert(boxes["boxes"], self._layer.bounding_box_format, "xyxy", self.batch["x"])
        entered = {"boxes": self._rows(xyxy)}
        if "labels" in boxes:
            entered["box_labels"] = self._rows(boxes["labels"])
        return entered

    def _leave_boxes(self, batch: Batch) -> dict:
        given = self._inputs["bounding_boxes"]
        boxes = self._unrow(self._convert(batch["boxes"], "xyxy", self._layer.bounding_box_format, batch["x"]))
        result = {**given, "boxes": to_dtype(boxes, given["boxes"].dtype)}
        if "labels" in given:
            result["labels"] = ops.cast(self._unrow(batch["box_labels"]), given["labels"].dtype)
        return result

    def _convert(self, boxes: Tensor, source: str, target: str, images: Tensor) -> Tensor:
        height, width = ops.shape(images)[-3:-1]
        return keras.utils.bounding_boxes.convert_format(
            ops.cast(boxes, "float32"), source=source, target=target, height=height, width=width
        )

    def _number(self, data: dict, name: str) -> Tensor | None:
        value = data.get(name)
        if value is None:
            return None
        if name == "epoch" and len(value.shape) == 0:
            return value
        return ops.reshape(value, (-1,))


def to_tensors(inputs: Any) -> Any:
    """Arrays, lists of numbers or strings, and dictionaries of them as tensors, each with its own dtype."""
    if isinstance(inputs, dict):
        return {key: to_tensors(value) for key, value in inputs.items()}
    if isinstance(inputs, tuple) or inputs is None or isinstance(inputs, keras.KerasTensor) or ops.is_tensor(inputs):
        return inputs
    return ops.convert_to_tensor(inputs)


def check_inputs(layer: keras.layers.Layer, inputs: Any) -> None:
    """Refuses what the layer cannot take: wrong keys, ranks and kinds."""
    key = primary_key(layer, inputs) if isinstance(inputs, dict) else None
    x, modality = inputs[key] if key else inputs, layer.modality
    if modality is None:
        return
    name = modality.key
    if x.shape is None or getattr(x.shape, "rank", 0) is None:
        raise wrong(layer, name, "have a known rank: set its shape with `set_shape`", x)
    shape = tuple(x.shape)
    most = len(modality.axes) + 1 + len(modality.optional_axes)
    if not len(modality.axes) <= len(shape) <= most:
        raise wrong(layer, name, f"have the shape {modality.describe()}", shape)
    if (keras.backend.standardize_dtype(x.dtype) == "string") != (modality is TEXT):
        kind = "strings" if modality is TEXT else "numbers"
        raise wrong(layer, name, f"be {kind}", keras.backend.standardize_dtype(x.dtype), TypeError)
    sample = shape[len(shape) - len(modality.axes) :] if modality.spatial else ()
    if 0 in sample:
        raise wrong(layer, name, "have no side of length 0", shape)
    if key:
        _check_beside(layer, inputs)


def _check_beside(layer: keras.layers.Layer, inputs: dict) -> None:
    for name in ("sample_ids", "epoch"):
        if name in inputs and "int" not in keras.backend.standardize_dtype(inputs[name].dtype):
            raise wrong(layer, name, "be integers", keras.backend.standardize_dtype(inputs[name].dtype), TypeError)
    boxes = inputs.get("bounding_boxes", {"boxes": None})
    if not isinstance(boxes, dict) or "boxes" not in boxes:
        raise wrong(layer, "bounding_boxes", 'be a dictionary {"boxes": …, "labels": …}', boxes, TypeError)


def primary_key(layer: keras.layers.Layer, data: dict) -> str:
    """The key of the data themselves in a dictionary input."""
    candidates = [layer.modality.key] if layer.modality else [modality.key for modality in MODALITIES]
    for key in candidates:
        if key in data:
            return key
    raise wrong(layer, "inputs", f'have the key "{candidates[0]}"', sorted(data))


def _channels_last(x: Tensor, spatial: int) -> Tensor:
    return ops.moveaxis(x, -1 - spatial, -1)


def _channels_first(x: Tensor, spatial: int) -> Tensor:
    return ops.moveaxis(x, -1, -1 - spatial)
