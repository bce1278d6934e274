"""Whether boxes and points plainly are in other units than the layer was told."""

from typing import Any

import tensorflow as tf

from keras_augsynth.core.notices import Look
from keras_augsynth.core.primary import primary
from keras_augsynth.ops import boxes as box_ops

Tensor = Any

_LEAST_SIDE = 64  # in a smaller image all boxes may well be no longer than a pixel


def are_in(inputs: Any) -> bool:
    """Whether there are any in the inputs of a call."""
    return isinstance(inputs, dict) and ("bounding_boxes" in inputs or "keypoints" in inputs)


def _advice(layer: Any, inputs: dict[str, Any]) -> list[tuple[Tensor, str]]:
    _, x, modality = primary(layer, inputs)
    end = len(x.shape) - int(layer.data_format == "channels_last")
    is_large = tf.reduce_min(tf.shape(x)[end - modality.moves : end]) >= _LEAST_SIDE
    texts: list[tuple[Tensor, str]] = []
    if "keypoints" in inputs:
        points = tf.cast(inputs["keypoints"], tf.float32)[..., : modality.moves]
        text = "`keypoints` must be in pixels, but they all lie from 0 to 1. Multiply them by the size of the images."
        texts.append((is_large & _are_fractions(points), text))
    boxes = inputs.get("bounding_boxes")
    boxes = boxes.get("boxes") if isinstance(boxes, dict) else boxes
    if boxes is not None:
        texts += _about_boxes(tf.cast(boxes, tf.float32), layer.bounding_box_format, is_large)
    return texts


def _about_boxes(boxes: Tensor, told: str, is_large: Tensor) -> list[tuple[Tensor, str]]:
    texts = []
    says, write = f'`bounding_box_format` is "{told}", but', "Write bounding_box_format"
    relative, pixels = f"rel_{told}", told.removeprefix("rel_")
    if told != pixels:
        # Boxes that reach beyond the border can be larger than 1.
        texts.append((tf.reduce_max(boxes) > 8.0, f'{says} boxes are larger than the images. {write}="{pixels}".'))
    elif relative in box_ops.FORMATS:
        texts.append((is_large & _are_fractions(boxes), f'{says} boxes lie from 0 to 1. {write}="{relative}".'))
    if pixels in ("xyxy", "yxyx"):
        first, second = tf.split(boxes, 2, axis=-1)
        inverted, ordered = tf.reduce_any(second < first, -1), tf.reduce_all(second > first, -1)
        sizes = told.replace(pixels, "xywh")
        text = f'{says} most boxes end before they begin. {write}="{sizes}", if they are given by their sizes.'
        texts.append((tf.math.count_nonzero(inverted) > tf.math.count_nonzero(ordered), text))
    return texts


def _are_fractions(t: Tensor) -> Tensor:
    """From 0 to 1, but for what is padded with -1."""
    return (tf.reduce_min(t) >= -1.0) & (tf.reduce_max(t) > 0.0) & (tf.reduce_max(t) <= 1.001)


LOOK = Look("coordinates", lambda layer, inputs: are_in(inputs), _advice)
