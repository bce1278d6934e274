"""Boxes and points in other units than the layer was told get one warning, which says what to write."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers

IMAGES = np.zeros((2, 64, 80, 3), "uint8")
PIXELS = np.array([[[4, 8, 40, 30], [10, 20, 30, 64]]] * 2, "float32")  # xyxy
RELATIVE = PIXELS / [80, 64, 80, 64]
SIZES = np.array([[[40, 30, 10, 12], [50, 20, 30, 10]]] * 2, "float32")  # xywh
PADDED = np.concatenate([RELATIVE, -np.ones((2, 3, 4))], 1)


def dictionary(boxes=None, points=None, images=IMAGES):
    if boxes is None:
        return {"images": images, "keypoints": np.asarray(points, "float32")}
    boxes = np.asarray(boxes, "float32")
    return {"images": images, "bounding_boxes": {"boxes": boxes, "labels": np.ones(boxes.shape[:2], "float32")}}


WRONG = [
    ("xyxy", dictionary(RELATIVE), '"xyxy", but boxes lie from 0 to 1. Write bounding_box_format="rel_xyxy".'),
    ("xyxy", dictionary(PADDED), 'Write bounding_box_format="rel_xyxy".'),
    ("xywh", dictionary(RELATIVE), 'Write bounding_box_format="rel_xywh".'),
    (
        "rel_xyxy",
        dictionary(PIXELS),
        '"rel_xyxy", but boxes are larger than the images. Write bounding_box_format="xyxy"',
    ),
    ("xyxy", dictionary(SIZES), 'most boxes end before they begin. Write bounding_box_format="xywh", if'),
    ("rel_xyxy", dictionary(SIZES / 100), 'Write bounding_box_format="rel_xywh", if'),
    (
        "xyxy",
        dictionary(points=np.full((2, 3, 2), 0.4)),
        "`keypoints` must be in pixels, but they all lie from 0 to 1.",
    ),
]
RIGHT = [
    ("xyxy", dictionary(PIXELS)),
    ("xywh", dictionary(SIZES)),
    ("rel_xyxy", dictionary(RELATIVE)),
    ("rel_xyxy", dictionary(3 * RELATIVE)),  # beyond the border
    ("rel_xywh", dictionary(SIZES / 100)),
    ("xyxy", dictionary(0 * PIXELS)),
    ("xyxy", dictionary(PADDED[:, 2:])),  # nothing but padding
    ("xyxy", dictionary(PIXELS[:, :0])),
    ("xyxy", dictionary([[[0, 0, 1, 1]]] * 2, images=IMAGES[:, :32, :32])),  # a pixel of a small image
    ("xyxy", dictionary(points=[[[0, 0], [30, 20]]] * 2)),
]


@pytest.mark.parametrize(("told", "given", "text"), WRONG)
def test_an_eager_call_warns_once(told, given, text):
    layer = layers.RandomFlip(bounding_box_format=told)
    with pytest.warns(UserWarning, match=re.escape(text)) as caught:
        layer(given)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    layer(given)  # warnings are errors


@pytest.mark.parametrize(("told", "given", "text"), WRONG)
def test_a_traced_function_prints_it_once(told, given, text, capfd):
    layer = layers.Pipeline([layers.RandomFlip()], bounding_box_format=told)
    data = tf.data.Dataset.from_tensors(given).repeat(2).map(layer)
    for _ in range(2):
        list(data)
    assert capfd.readouterr().err.count(f"Pipeline: {text}" if text.startswith("`") else text) == 1


@pytest.mark.parametrize(("told", "given"), RIGHT)
def test_what_fits_is_not_warned_of(told, given, capfd):
    layers.RandomFlip(bounding_box_format=told)(given)
    list(tf.data.Dataset.from_tensors(given).map(layers.RandomFlip(bounding_box_format=told)))
    assert capfd.readouterr().err == ""


def test_symbols_have_no_values():
    image, boxes, labels = keras.Input((64, 80, 3)), keras.Input((2, 4)), keras.Input((2,))
    layers.RandomFlip()({"images": image, "bounding_boxes": {"boxes": boxes, "labels": labels}})
