"""Layers that mix samples of a batch, against their definitions carried out by hand from the parameters drawn."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth import layers

IDS = np.arange(6)


@pytest.fixture
def data(rng):
    return {
        "images": rng.integers(0, 256, (6, 16, 12, 3)).astype("float32"),
        "labels": np.array([0, 1, 2, 3, 1, 0]),
        "segmentation_masks": rng.integers(0, 3, (6, 16, 12, 1)),
        "bounding_boxes": {
            "boxes": np.array([[[2, 3, 8, 9], [0, 0, 12, 16.0]]] * 6, "float32"),
            "labels": np.arange(12).reshape(6, 2) + 1,
        },
        "sample_ids": IDS,
    }


def run(layer, data):
    params = next(iter(layer.draw_params(IDS, shape=data["images"].shape[1:]).values()))["params"]
    return layer(data, training=True), {name: np.asarray(value) for name, value in params.items()}


def test_mix_up_blends_images_and_labels(data):
    layer = layers.MixUp(1.0, num_classes=4, seed=2, jit=False)
    result, params = run(layer, data)
    other, share = params["sources"][:, 1], params["weights"][:, 0]
    assert np.all(other != IDS) and np.all(params["sources"][:, 0] == IDS)
    s = share[:, None, None, None]
    np.testing.assert_allclose(result["images"], s * data["images"] + (1 - s) * data["images"][other], atol=1e-3)
    one_hot = np.eye(4)[data["labels"]]
    np.testing.assert_allclose(
        result["labels"], share[:, None] * one_hot + (1 - share[:, None]) * one_hot[other], atol=1e-6
    )
    stronger = np.where(share >= 0.5, IDS, other)
    np.testing.assert_array_equal(result["segmentation_masks"], data["segmentation_masks"][stronger])
    assert result["bounding_boxes"]["boxes"].shape == (6, 4, 4)


def test_shares_of_mix_up_are_beta():
    ids = np.arange(3000)
    layer = layers.MixUp(0.4, seed=1, jit=False)
    share = next(iter(layer.draw_params(ids, shape=(8, 8, 3)).values()))["params"]["weights"][:, 0]
    inner = np.asarray(share)[(share > 0.01) & (share < 0.99)]
    law = stats.beta(0.4, 0.4)
    within = lambda x: (law.cdf(x) - law.cdf(0.01)) / (law.cdf(0.99) - law.cdf(0.01))
    assert stats.kstest(inner, within).pvalue > 0.01


def test_cut_mix_puts_in_a_rectangle_and_labels_follow_its_area(data):
    layer = layers.CutMix(num_classes=4, seed=5, jit=False)
    result, params = run(layer, data)
    for row in range(6):
        other = params["sources"][row, 1]
        rows, columns = (slice(params[f"{axis}0"][row], params[f"{axis}1"][row]) for axis in "yx")
        expected, mask = data["images"][row].copy(), data["segmentation_masks"][row].copy()
        expected[rows, columns], mask[rows, columns] = (
            data[key][other][rows, columns] for key in ("images", "segmentation_masks")
        )
        np.testing.assert_array_equal(result["images"][row], expected)
        np.testing.assert_array_equal(result["segmentation_masks"][row], mask)
        inside = (rows.stop - rows.start) * (columns.stop - columns.start) / (16 * 12)
        label = (1 - inside) * np.eye(4)[data["labels"][row]] + inside * np.eye(4)[data["labels"][other]]
        np.testing.assert_allclose(result["labels"][row], label, atol=1e-6)


def test_mosaic_lays_four_images_about_a_point(data):
    layer = layers.Mosaic(num_classes=4, seed=5, jit=False)
    result, params = run(layer, data)
    for row in range(6):
        y, x = params["y"][row], params["x"][row]
        first, second, third, fourth = (data["images"][k] for k in params["sources"][row])
        top = np.concatenate([first[16 - y :, 12 - x :], second[16 - y :, : 12 - x]], axis=1)
        bottom = np.concatenate([third[: 16 - y, 12 - x :], fourth[: 16 - y, : 12 - x]], axis=1)
        np.testing.assert_array_equal(result["images"][row], np.concatenate([top, bottom]))
        assert params["weights"][row, 0] == pytest.approx(x * y / (16 * 12))
    boxes, labels = (result["bounding_boxes"][key].numpy() for key in ("boxes", "labels"))
    assert boxes.shape == (6, 8, 4) and boxes.min() >= 0
    kept = labels != -1
    assert np.all((boxes[kept][:, 2:] > boxes[kept][:, :2]).all(1))


def test_copy_paste_pastes_whole_objects(data):
    layer = layers.CopyPaste(0.5, seed=1, jit=False)
    del data["labels"]
    result, params = run(layer, data)
    pasted = 0
    for row in range(6):
        other = params["sources"][row, 1]
        theirs, own = data["segmentation_masks"][other], data["segmentation_masks"][row]
        image, mask = result["images"][row].numpy(), result["segmentation_masks"][row].numpy()
        expected, expected_mask = data["images"][row].copy(), own.copy()
        for number in (1, 2):
            where = (theirs == number)[..., 0]
            if np.array_equal(image[where], data["images"][other][where]):
                expected[where], expected_mask[where] = data["images"][other][where], number
                pasted += 1
        np.testing.assert_array_equal(image, expected)
        np.testing.assert_array_equal(mask, expected_mask)
    assert 1 < pasted < 11
    with pytest.raises(ValueError, match="CopyPaste: `segmentation_masks` must be given"):
        layers.CopyPaste(jit=False)(data["images"], training=True)


@pytest.mark.parametrize("layer", [layers.MixUp, layers.CutMix, layers.Mosaic])
def test_labels(layer, data):
    """Mixed labels are one-hot in training and in inference; integers say how many classes there are."""
    images, labels = data["images"], data["labels"]
    one_hot = np.eye(4, dtype="float32")[labels]
    for training in (True, False):
        _, mixed = layer(num_classes=4, seed=1, jit=False)(images, labels, training=training)
        assert mixed.shape == (6, 4) and mixed.dtype == "float32"
        np.testing.assert_allclose(np.sum(mixed, axis=1), 1.0, rtol=1e-5)
        _, from_one_hot = layer(seed=1, jit=False)(images, one_hot, training=training)
        np.testing.assert_allclose(mixed, from_one_hot, atol=1e-6)
    np.testing.assert_array_equal(layer(num_classes=4, p=0.0, jit=False)(images, labels, training=True)[1], one_hot)
    if layer is not layers.Mosaic:  # which lays a single image four times
        np.testing.assert_array_equal(layer(seed=1, jit=False)(images[:1], training=True), images[:1])
    with pytest.raises(ValueError, match=f"{layer.__name__}: `labels` must be one-hot"):
        layer(jit=False)(images, labels, training=True)
    with pytest.raises(ValueError, match=f"{layer.__name__}: `keypoints` must not be there"):
        layer(jit=False)({"images": images, "keypoints": np.zeros((6, 1, 2))}, training=True)


@pytest.mark.parametrize("make", [layers.MixUp, lambda: layers.Pipeline([layers.RandomFlip(), layers.CutMix()])])
def test_elements_that_are_no_batches_get_a_warning(make, data):
    """They would stay as they are, in silence."""
    elements = tf.data.Dataset.from_tensor_slices(data["images"])
    with pytest.warns(UserWarning, match=r"stays as it is\. Write `dataset\.batch") as caught:
        elements.map(make())
    assert len(caught) == 1
    elements.batch(2).map(make())  # warnings are errors
    elements.map(layers.RandomFlip())
