import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.data.seeded import seeded

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 5, 3)).astype("float32")


def augment():
    return layers.Pipeline([layers.RandomBrightness(0.3)], seed=3)


@pytest.mark.parametrize("dtype", ["float16", "uint8"])
def test_a_pure_function_in_the_rows_dtype(dtype):
    rows, layer = tf.cast(IMAGES, dtype), augment()
    first = seeded(layer, rows, tf.constant(5, "int64"))
    assert first.dtype == dtype and first.shape == rows.shape
    np.testing.assert_array_equal(first, seeded(layer, rows, tf.constant(5, "int64")))
    np.testing.assert_array_equal(first, seeded(augment(), rows, tf.constant(5, "int64")))
    in_graph = tf.function(lambda rows, seed: seeded(layer, rows, seed))
    np.testing.assert_array_equal(first, in_graph(rows, tf.constant(5, "int64")))
    assert not np.array_equal(first, seeded(layer, rows, tf.constant(6, "int64")))


def test_each_row_has_its_own_draw():
    rows = tf.repeat(IMAGES[:1], 6, axis=0)
    out = seeded(augment(), rows, tf.constant(1, "int64")).numpy()
    assert len(np.unique(out.reshape(6, -1), axis=0)) > 3
    np.testing.assert_array_equal(out[:2], seeded(augment(), rows[:2], tf.constant(1, "int64")))


def test_augmented_as_the_layer_does():
    layer = augment()
    given = {"images": tf.constant(IMAGES), "sample_ids": tf.range(6), "epoch": tf.constant(9, "int64")}
    expected = layer(given, training=True)["images"]
    np.testing.assert_array_equal(seeded(layer, given["images"], given["epoch"]), expected)


def test_dictionaries():
    rows = {"images": tf.cast(IMAGES, "uint8"), "other": tf.range(6)}
    out = seeded(augment(), rows, tf.constant(5, "int64"))
    assert set(out) == set(rows) and out["images"].dtype == "uint8"
    np.testing.assert_array_equal(out["other"], rows["other"])
    np.testing.assert_array_equal(out["images"], seeded(augment(), rows["images"], tf.constant(5, "int64")))
    assert set(rows) == {"images", "other"}


@pytest.mark.parametrize("shape", [(4,), (4, 5), (4, 5, 6), (4, 5, 6, 2), (4, 3, 4, 5, 2)])
def test_layers_for_any_kind_of_data(shape):
    rows = np.random.default_rng(0).normal(size=shape).astype("float32")
    np.testing.assert_allclose(seeded(layers.Rescaling(0.5, 1.0), tf.constant(rows), 3), 0.5 * rows + 1, rtol=1e-6)
