"""Masks, boxes, points and labels beside the images."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_augsynth import layers
from keras_augsynth.ops.boxes import FORMATS

# Left, top, right, bottom in an image of 32 x 40.
XYXY = np.array([[4.0, 6.0, 10.0, 12.0], [20.0, 1.0, 39.0, 31.0]], "float32")


def boxes(source, count=2):
    converted = keras.utils.bounding_boxes.convert_format(XYXY, source="xyxy", target=source, height=32, width=40)
    return {"boxes": np.repeat(np.asarray(converted)[None], count, 0), "labels": np.array([[1, 2]] * count)}


@pytest.mark.parametrize("name", FORMATS)
def test_boxes_in_every_format(name):
    flip = layers.RandomFlip("horizontal", bounding_box_format=name, seed=1)
    images = np.zeros((6, 32, 40, 3), "uint8")
    images[:, :, :20] = 255
    result = flip({"images": images, "bounding_boxes": boxes(name, 6)})
    back = keras.utils.bounding_boxes.convert_format(
        result["bounding_boxes"]["boxes"], source=name, target="xyxy", height=32, width=40
    )
    flipped = result["images"].numpy()[:, 0, 0, 0] == 0
    assert 0 < flipped.sum() < 6
    mirrored = XYXY[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [40, 0, 40, 0]
    for row in range(6):
        np.testing.assert_allclose(back[row], mirrored if flipped[row] else XYXY, atol=1e-4)
    np.testing.assert_array_equal(result["bounding_boxes"]["labels"], [[1, 2]] * 6)


def test_boxes_are_cut_at_the_border_and_lost_beyond_it():
    shift = layers.RandomTranslation(0.0, (-0.5, -0.5))
    result = shift({"images": np.zeros((2, 32, 40, 3)), "bounding_boxes": boxes("xyxy")})["bounding_boxes"]
    np.testing.assert_array_equal(result["labels"], [[-1, 2]] * 2)
    np.testing.assert_allclose(result["boxes"][0, 1], [0, 1, 19, 31])


def test_padding_stays_padding():
    padded = boxes("xywh")
    padded["boxes"][:, 1], padded["labels"][:, 1] = -1, -1
    turn = layers.RandomRotation(0.2, seed=1, bounding_box_format="xywh")
    result = turn({"images": np.zeros((2, 32, 40, 3)), "bounding_boxes": padded})["bounding_boxes"]
    np.testing.assert_array_equal(result["boxes"][:, 1], padded["boxes"][:, 1])
    np.testing.assert_array_equal(result["labels"], [[1, -1]] * 2)


def test_one_image_with_its_targets():
    data = {
        "images": np.zeros((32, 40, 3), "uint8"),
        "bounding_boxes": {"boxes": XYXY, "labels": np.array([1, 2])},
        "segmentation_masks": np.zeros((32, 40), "int16"),
        "keypoints": np.ones((5, 3), "float32"),
        "labels": 7,
    }
    result = layers.Pipeline([layers.RandomRotation(0.1), layers.RandomCrop(20, 24)])(data)
    assert result["images"].shape == (20, 24, 3)
    assert result["segmentation_masks"].shape == (20, 24)
    assert result["segmentation_masks"].dtype == tf.int16
    assert result["bounding_boxes"]["boxes"].shape == (2, 4)
    assert result["keypoints"].shape == (5, 3)
    np.testing.assert_array_equal(result["keypoints"][:, 2], 1)  # a column that is no coordinate
    assert int(result["labels"]) == 7


def test_masks_keep_their_classes(rng):
    masks = rng.choice([0, 3, 250], (3, 16, 16, 1)).astype("uint8")
    result = layers.RandomRotation(0.3, seed=1)({"images": np.zeros((3, 16, 16, 3)), "segmentation_masks": masks})
    assert set(np.unique(result["segmentation_masks"])) <= {0, 3, 250}


def test_labels_change_only_where_a_layer_says_so():
    class Relabel(layers.Augmentation, listed=False):
        def apply(self, x, params):
            return x + 1

        def apply_labels(self, labels, params):
            return labels * 10

    images, y = np.zeros((40, 2, 2, 1), "float32"), np.arange(40)
    x, labels = Relabel(p=0.5, seed=1)(images, y)
    changed = x.numpy()[:, 0, 0, 0] == 1
    np.testing.assert_array_equal(labels, np.where(changed, y * 10, y))
    names = tf.constant(["a"] * 40)
    np.testing.assert_array_equal(layers.RandomFlip()(images, names)[1], names)


def test_symbolic_dictionary(rng):
    inputs = {
        "images": keras.Input((16, 16, 3), name="images"),
        "segmentation_masks": keras.Input((16, 16, 1), dtype="int32", name="segmentation_masks"),
    }
    model = keras.Model(inputs, layers.Pipeline([layers.RandomFlip(), layers.RandomCrop(8, 10)])(inputs))
    result = model({"images": np.zeros((2, 16, 16, 3)), "segmentation_masks": np.zeros((2, 16, 16, 1), "int32")})
    for name in result:
        assert tuple(result[name].shape[1:]) == tuple(model.output[name].shape[1:]), name


def test_own_targets_of_a_plain_layer():
    class Mirror(layers.Augmentation, listed=False):
        def draw(self, rng, view):
            return {"width": ops.zeros(view.shape[:1]) + ops.cast(view.size[1], "float32")}

        def apply(self, x, params):
            return ops.flip(x, 2)

        def apply_points(self, points, params):
            return ops.stack([params["width"][:, None] - points[..., 0], points[..., 1]], -1)

        def apply_boxes(self, boxes, params):
            width = params["width"][:, None]
            return ops.stack([width - boxes[..., 2], boxes[..., 1], width - boxes[..., 0], boxes[..., 3]], -1)

    result = Mirror()(
        {"images": np.zeros((2, 32, 40, 3)), "keypoints": np.ones((2, 1, 2)), "bounding_boxes": boxes("xyxy")}
    )
    np.testing.assert_array_equal(result["keypoints"], [[[39, 1]]] * 2)
    np.testing.assert_array_equal(result["bounding_boxes"]["boxes"][0, 0], [30, 6, 36, 12])
