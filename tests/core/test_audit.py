import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers

RIGHT_QUARTER = {"height_factor": (0.0, 0.0), "width_factor": (0.25, 0.25), "fill_mode": "constant"}


def dataset(*arrays, batch=2, **named):
    content = named or (arrays if len(arrays) > 1 else arrays[0])
    return tf.data.Dataset.from_tensor_slices(content).batch(batch)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (6, 20, 20, 3)).astype("uint8")


def test_what_leaves_the_image(images):
    """A shift of five pixels to the right, counted by hand."""
    masks = np.zeros((6, 20, 20, 1), "int32")
    masks[:, :, 10:18] = 7
    masks[:, :, 18:] = 9
    boxes = {
        # kept, half left, gone, inside out, padding
        "boxes": np.array([[[0, 0, 5, 20], [10, 5, 20, 9], [16, 0, 20, 4], [5, 5, 3, 3], [0, 0, 4, 4]]] * 6, "float32"),
        "labels": np.array([[1, 2, 3, 4, -1]] * 6),
    }
    points = np.array([[[1.0, 1.0, 5.0], [16.0, 1.0, 5.0], [19.0, 3.0, 5.0], [25.0, 3.0, 5.0]]] * 6, "float32")
    data = dataset(images=images, segmentation_masks=masks, bounding_boxes=boxes, keypoints=points)
    result = layers.audit(data, layers.Pipeline([layers.RandomTranslation(**RIGHT_QUARTER)]))
    assert (result.samples, result.boxes, result.keypoints) == (6, 18, 18)
    assert result.boxes_lost == pytest.approx(1 / 3)
    assert result.box_area_lost == pytest.approx((0 + 0.5 + 1) / 3)
    assert result.keypoints_lost == pytest.approx(2 / 3)
    assert result.mask_area_lost == pytest.approx({0: -0.5, 7: 3 / 8, 9: 1.0})
    assert result.values == (images.min(), images.max())
    assert result.clipped is None


def test_a_turned_box_has_lost_nothing_inside(images):
    """The upright box around a turned one is larger: that is not a loss; nor is a smaller picture."""
    boxes = {"boxes": np.full((6, 1, 4), (8, 8, 12, 12), "float32")}
    data = dataset(images=images, bounding_boxes=boxes)
    turned = layers.audit(data, layers.Pipeline([layers.RandomRotation((0.1, 0.1)), layers.RandomZoom((0.5, 0.5))]))
    assert turned.box_area_lost == pytest.approx(0.0, abs=1e-6)
    assert turned.boxes_lost == 0.0


def test_clipped_values_are_those_that_were_not_at_the_end():
    images = np.array([0, 100, 200, 240, 255], "float32").reshape(1, 1, 5, 1)
    result = layers.audit(dataset(images), layers.RandomBrightness((0.2, 0.2)))  # + 51
    assert result.clipped == pytest.approx(1 / 5)  # 240 to 255; 255 was there; 200 is 251
    pipeline = layers.Pipeline(
        [
            layers.Rescaling(1 / 255, name="before"),
            layers.RandomBrightness((-0.5, -0.5), value_range=(0, 1), name="darker"),
            layers.Rescaling(2.0, -1.0, name="after"),
            layers.CoarseDropout(value_range=(-1, 1), fill_value=-1.0),
        ]
    )
    result = layers.audit(dataset(images), pipeline)
    assert result.clipped_by == pytest.approx({"darker": 1 / 5})  # 0 was there, 100 goes below
    assert not result.misfits
    assert result.values == (0.0, 255.0)
    assert result.values_after == pytest.approx((-1.0, 0.0), abs=1e-5)


@pytest.mark.parametrize(
    ("scale", "offset", "value_range", "fits"),
    [
        (1.0, 0.0, (0, 255), True),
        (1 / 255, 0.0, (0, 255), False),
        (1 / 127.5, -1.0, (0, 255), False),
        (1 / 255, 0.0, (0, 1), True),
        (1.0, 0.0, (0, 1), False),
        (1 / 127.5, -1.0, (-1, 1), True),
        (1 / 255, 0.0, (-1, 1), False),
        (0.3, 0.0, (0, 255), True),  # dark
        (0.01, 250.0, (0, 255), True),  # bright
    ],
)
def test_data_that_do_not_fit(images, scale, offset, value_range, fits, recwarn):
    layer = layers.RandomContrast(0.1, value_range=value_range, name="contrast")
    result = layers.audit(dataset(images * scale + offset), layers.Pipeline([layers.RandomFlip(), layer]))
    assert bool(result.misfits) != fits
    assert len(recwarn) == (not fits)
    if not fits:
        low, high = value_range
        pattern = rf"audit: `dataset` does not fit the `value_range` of contrast: .* where {low} to {high} are expected"
        with pytest.warns(UserWarning, match=pattern):
            layers.audit(dataset(images * scale + offset), layer)


def test_misfit_in_the_middle_of_a_pipeline(images):
    pipeline = layers.Pipeline([layers.Rescaling(1 / 255), layers.RandomFlip(), layers.RandomBrightness(0.1)])
    with pytest.warns(UserWarning, match=r"values from 0 to 1 where 0 to 255 are expected\."):
        layers.audit(dataset(images), pipeline)


def test_same_numbers_each_time_and_the_same_draws_as_enumerated(images):
    pipeline = layers.Pipeline([layers.RandomRotation(0.2), layers.RandomBrightness(0.9)], seed=3)
    masks = (images[..., :1] > 128).astype("int32")
    data = dataset({"images": images, "segmentation_masks": masks}, np.arange(6))
    first = layers.audit(data, pipeline)
    pipeline(images)
    assert layers.audit(data, pipeline) == first
    assert int(pipeline._calls.state[1]) == 1
    assert layers.audit(dataset({"images": images, "segmentation_masks": masks}, batch=6), pipeline) == first
    expected = np.concatenate([x["segmentation_masks"] for x, _ in layers.enumerated(data, pipeline)])
    assert first.mask_area_lost[1] == pytest.approx(1 - expected.mean() / masks.mean())
    single = tf.data.Dataset.from_tensor_slices({"images": images, "segmentation_masks": masks})
    assert layers.audit(single, pipeline).mask_area_lost == pytest.approx(first.mask_area_lost)
    assert layers.audit(data.repeat(), pipeline, batches=2).samples == 4


def test_other_kinds_of_data():
    texts = tf.data.Dataset.from_tensor_slices(["a b c", "d e"]).batch(2)
    assert layers.audit(texts, layers.RandomWordDeletion(0.5)).samples == 2
    table = dataset(np.ones((4, 3), "float32"))
    result = layers.audit(table, layers.Pipeline([layers.RandomFeatureNoise(0.1, scale=1.0)]))
    assert result.values == (1.0, 1.0)
    unknown = dataset(np.full((2, 4, 4, 1), np.nan, "float32"))
    foreign = layers.Pipeline([layers.RandomFlip(), keras.layers.AveragePooling2D(2)])
    assert layers.audit(unknown, foreign).values is None
    not_built = layers.Pipeline([layers.RandomFlip(), layers.Normalization()])
    assert layers.audit(dataset(np.ones((2, 4, 4, 1), "float32")), not_built).values_after == (1.0, 1.0)


def test_report(images):
    masks = np.ones((6, 20, 20), "uint8")
    pipeline = layers.Pipeline([layers.RandomBrightness((0.5, 0.5)), layers.RandomTranslation(**RIGHT_QUARTER)])
    result = layers.audit(dataset(images=images, segmentation_masks=masks), pipeline)
    lines = result.to_markdown().splitlines()
    assert lines[:3] == ["| what | how much |", "| --- | --- |", "| samples | 6 |"]
    assert "| mask area lost, class 1 | 25.0 % |" in lines
    content = json.loads(result.to_json())
    assert content["samples"] == 6
    assert content["clipped_by"] == {pipeline.layers[0].name: result.clipped}


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((np.zeros((2, 4, 4, 1)), layers.RandomFlip()), TypeError, "`dataset` must be a tf.data.Dataset"),
        ((dataset(np.zeros((2, 4, 4, 1))), keras.layers.Flatten()), TypeError, "`pipeline` must be a Pipeline or"),
        ((dataset(np.zeros((2, 4, 4, 1))).repeat(), layers.RandomFlip()), ValueError, "`batches` must be given"),
        ((dataset(np.zeros((2, 4, 4, 1))), layers.RandomFlip(), 0), ValueError, "`batches` must be an integer of at"),
        ((dataset(np.zeros((0, 4, 4, 1))), layers.RandomFlip()), ValueError, "`dataset` must have at least one sample"),
        (
            (dataset(images=np.zeros((1, 2, 2, 1)), segmentation_masks=np.full((1, 2, 2), 0.5)), layers.RandomFlip()),
            ValueError,
            "`dataset` must have whole numbers in its masks. Received: dataset=0.5",
        ),
    ],
)
def test_wrong_arguments(arguments, kind, message):
    with pytest.raises(kind, match=f"audit: {message}"):
        layers.audit(*arguments)
