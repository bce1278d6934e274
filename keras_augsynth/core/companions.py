"""What may stand beside the data in a call, checked as far as shapes and dtypes are known."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import SPACING, wrong
from keras_augsynth.core.modalities import Modality
from keras_augsynth.ops.casting import holds

Tensor = Any


def check_companions(layer: Any, x: Tensor, data: dict[str, Any], labels: Any, modality: Modality) -> None:
    """Refuses companions of the wrong kind or shape.

    Args:
        layer: for errors.
        x: the data themselves, of a known rank.
        data: the dictionary input, or an empty one.
        labels: the second element of a pair, or None.
        modality: of `x`.
    """
    single = len(x.shape) == modality.rank
    rows = 1 if single else x.shape[0]
    check = _Check(layer, single, rows)
    for name in ("sample_ids", "epoch", "lengths"):
        if name in data:
            steps = ": how many steps of each sample are valid, not seconds or parts" if name == "lengths" else ""
            check.integers(name, data[name], steps)
    for name in ("sample_ids", "lengths"):
        if name in data:
            check.one_for_each(name, data[name])
    if "epoch" in data and len(data["epoch"].shape):
        check.one_for_each("epoch", data["epoch"])
    if "segmentation_masks" in data:
        check.masks("segmentation_masks", data["segmentation_masks"], _size(layer, x, modality), modality)
    if "keypoints" in data:
        check.numbers("keypoints", data["keypoints"])
        check.shape("keypoints", data["keypoints"], 2 + modality.has_frames, "(batch, points, x and y …)")
        if (columns := data["keypoints"].shape[-1]) is not None and columns < modality.moves:
            raise wrong(layer, "keypoints", f"have at least {modality.moves} columns", tuple(data["keypoints"].shape))
        check.frames("keypoints", data["keypoints"], x, modality)
    if "spacing" in data and modality.moves == 3:
        check.spacing(data["spacing"])
    if "bounding_boxes" in data:
        check.boxes(data["bounding_boxes"], x, modality)
    for given in (labels, data.get("labels")):
        if given is not None and ops.is_tensor(given) and getattr(given.shape, "rank", 0) is not None:
            check.one_for_each("labels", given, exactly=False)


def check_mask_fill(layer: Any, dtype: str) -> None:
    """Refuses masks of a dtype that cannot hold the layer's `mask_fill_value`."""
    value = layer.mask_fill_value
    if value is not None and not holds(dtype, value):
        raise wrong(layer, "mask_fill_value", f"be a value that the masks' dtype {dtype} can have", value)


def is_mask(layer: Any, x: Tensor, labels: Any, modality: Modality) -> bool:
    """Whether the second element of a pair is a mask: integers or booleans of the images' height and width.

    Raises:
        ValueError: for floats of that shape, which could be a mask or a target.
    """
    if not modality.is_spatial or not hasattr(labels, "shape") or labels.shape is None:
        return False
    if getattr(labels.shape, "rank", 0) is None or len(labels.shape) not in (len(x.shape) - 1, len(x.shape)):
        return False
    start = len(x.shape) - modality.rank
    size = _size(layer, x, modality)
    beside = tuple(labels.shape)[start : start + len(size)]
    if layer.data_format == "channels_first" and len(labels.shape) == len(x.shape):
        beside = tuple(labels.shape)[start + 1 : start + 1 + len(size)]
    known = None not in size and None not in beside
    if beside != size and (known or len(labels.shape) != len(x.shape)):
        return False  # sizes that are all unknown are taken for the same ones
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if "int" in dtype or dtype == "bool":
        return True
    if layer.changes_masks:
        needed = (
            f'not be floats of the {modality.key}\' size: write {{"{modality.key}": x, "segmentation_masks": y}} for a '
            f'mask that moves along, or {{"{modality.key}": x, "target": y}} for something that stays'
        )
        raise wrong(layer, "labels", needed, tuple(labels.shape))
    return False


def _size(layer: Any, x: Tensor, modality: Modality) -> tuple[Any, ...]:
    """The axes of a sample before its channels: (height, width), for videos (time, height, width)."""
    sample = tuple(x.shape)[len(x.shape) - modality.rank :]
    return sample[1:] if layer.data_format == "channels_first" else sample[:-1]


class _Check:
    """Raises the house's errors for one call."""

    def __init__(self, layer: Any, single: bool, rows: int | None):
        self._layer, self._single, self._rows = layer, single, rows

    def numbers(self, name: str, value: Any) -> str:
        if not hasattr(value, "shape") or getattr(value.shape, "rank", 0) is None:
            raise wrong(self._layer, name, "be a tensor of numbers", type(value).__name__, TypeError)
        dtype = getattr(value.dtype, "name", value.dtype)
        if dtype == "string" or "complex" in dtype:
            raise wrong(self._layer, name, "be real numbers", dtype, TypeError)
        return dtype

    def integers(self, name: str, value: Any, meaning: str = "") -> None:
        if "int" not in (dtype := self.numbers(name, value)):
            raise wrong(self._layer, name, f"be integers{meaning}", dtype, TypeError)

    def one_for_each(self, name: str, value: Tensor, exactly: bool = True) -> None:
        shape = tuple(value.shape)
        if self._single:
            if exactly and shape not in ((), (1,)):
                raise wrong(self._layer, name, "be one number for one sample", shape)
            return
        fits = len(shape) >= 1 and (not exactly or shape[1:] in ((), (1,)))
        if not fits or (None not in (shape[0], self._rows) and shape[0] != self._rows):
            raise wrong(self._layer, name, f"have a row for each of {self._rows or 'the'} samples", shape)

    def shape(self, name: str, value: Any, rank: int, described: str) -> None:
        """A tensor with this rank behind the batch axis, and as many rows as there are samples."""
        shape = tuple(value.shape)
        if len(shape) != rank + (not self._single):
            one = " without the batch axis, for one sample" if self._single else ""
            raise wrong(self._layer, name, f"have the shape {described}{one}", shape)
        if not self._single and None not in (shape[0], self._rows) and shape[0] != self._rows:
            raise wrong(self._layer, name, f"have a row for each of {self._rows} samples", shape)

    def frames(self, name: str, value: Any, x: Tensor, modality: Modality) -> None:
        """As many frames as the clips `x` have."""
        if not modality.has_frames:
            return
        own, frames = value.shape[int(not self._single)], _size(self._layer, x, modality)[0]
        if None not in (own, frames) and own != frames:
            raise wrong(self._layer, name, f"have {frames} frames, as the clips do", tuple(value.shape))

    def masks(self, name: str, value: Any, size: tuple[Any, ...], modality: Modality) -> None:
        self.numbers(name, value)
        shape, axes = tuple(value.shape), len(size)
        start = int(not self._single)
        with_channels = len(shape) == start + axes + 1
        first = start + 1 if with_channels and self._layer.data_format == "channels_first" else start
        own = shape[first : first + axes]
        fits = len(shape) in (start + axes, start + axes + 1)
        if not fits or any(None not in pair and pair[0] != pair[1] for pair in zip(own, size, strict=True)):
            needed = f"have the size {size} of the {modality.key}, with or without channels"
            raise wrong(self._layer, name, needed, shape)
        if start and None not in (shape[0], self._rows) and shape[0] != self._rows:
            raise wrong(self._layer, name, f"have a row for each of {self._rows} samples", shape)

    def spacing(self, value: Any) -> None:
        self.numbers("spacing", value)
        self.shape("spacing", value, 1, "(batch, 3): mm along depth, height and width")
        if value.shape[-1] not in (None, 3):
            raise wrong(self._layer, "spacing", "have 3 columns: mm along depth, height and width", tuple(value.shape))
        if isinstance(value, keras.KerasTensor):
            return
        numbers = ops.cast(value, "float32")
        legal = ops.logical_and(numbers >= SPACING[0], numbers <= SPACING[1])  # NaN is neither
        needed = f"be numbers from {SPACING[0]} to {SPACING[1]}, in mm"
        if not hasattr(value, "numpy"):  # in a graph
            tf.debugging.Assert(ops.all(legal), [f"{type(self._layer).__name__}: `spacing` must {needed}."])
        elif not legal.numpy().all():
            raise wrong(self._layer, "spacing", needed, value.numpy().tolist())

    def boxes(self, value: Any, x: Tensor, modality: Modality) -> None:
        name = "bounding_boxes"
        if not isinstance(value, dict) or not hasattr(value.get("boxes"), "shape"):
            raise wrong(self._layer, name, 'be a dictionary {"boxes": …, "labels": …}', value, TypeError)
        self.numbers(name, value["boxes"])
        columns = 2 * modality.moves if modality.is_spatial else 4
        self.shape(name, value["boxes"], 2 + modality.has_frames, f"(batch, boxes, {columns})")
        if value["boxes"].shape[-1] not in (None, columns):
            raise wrong(self._layer, name, f"have {columns} columns", tuple(value["boxes"].shape))
        self.frames(name, value["boxes"], x, modality)
        expected = tuple(value["boxes"].shape)[:-1]
        for field, t in value.items():
            if field == "boxes":
                continue
            if (
                not hasattr(t, "shape")
                or len(t.shape) != len(expected)
                or any(None not in pair and pair[0] != pair[1] for pair in zip(t.shape, expected, strict=True))
            ):
                shape = tuple(t.shape) if hasattr(t, "shape") else type(t).__name__
                raise wrong(self._layer, f'{name}["{field}"]', f"have one entry for each box, {expected}", shape)
            self.numbers(f'{name}["{field}"]', t)
