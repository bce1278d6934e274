import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (10, 8, 8, 3)).astype("uint8")


def pipeline():
    return layers.Pipeline([layers.RandomFlip(), layers.RandomRotation(0.2), layers.RandomBrightness(0.2)], seed=3)


def collect(dataset):
    return np.concatenate([np.asarray(x) for x in dataset])


@pytest.mark.xla  # to the last bit
@pytest.mark.parametrize("by", [3, pytest.param(1, marks=pytest.mark.full)])
def test_batch_size_parallelism_and_restart_change_nothing(images, by):
    data = tf.data.Dataset.from_tensor_slices(images)
    first = collect(layers.enumerated(data.batch(4), pipeline()))
    given = data if by == 1 else data.batch(by)
    other = layers.enumerated(given, pipeline(), num_parallel_calls=8)
    np.testing.assert_array_equal(collect(other.batch(10) if by == 1 else other), first)


def test_every_pass_is_another_epoch(images):
    data = tf.data.Dataset.from_tensor_slices(images).batch(5)
    mapped = layers.enumerated(data, pipeline())
    first, second = collect(mapped), collect(mapped)
    assert not np.array_equal(first, second)
    later = layers.enumerated(data, pipeline(), initial_epoch=1)
    np.testing.assert_array_equal(collect(later), second)
    repeated = collect(layers.enumerated(data, pipeline()).repeat(2))
    np.testing.assert_array_equal(repeated, np.concatenate([first, second]))


@pytest.mark.xla  # to the last bit
def test_a_sample_again_from_three_integers(images):
    """Seed, epoch and id are all that it takes."""
    data = tf.data.Dataset.from_tensor_slices(images).batch(5)
    mapped = layers.enumerated(data, pipeline())
    collect(mapped)
    epoch_1 = collect(mapped)
    again = pipeline()({"images": images[7], "sample_ids": 7, "epoch": 1})["images"]
    np.testing.assert_array_equal(again, epoch_1[7])


@pytest.mark.xla  # to the last bit
def test_forms_and_dtypes(images):
    y = np.arange(10) + 1001
    pairs = layers.enumerated(tf.data.Dataset.from_tensor_slices((images, y)).batch(4), pipeline())
    assert pairs.cardinality() == 3
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in pairs]), y)
    data = tf.data.Dataset.from_tensor_slices({"images": images, "name": y.astype(str), "sample_ids": y})
    for element in layers.enumerated(data, pipeline()).take(1):
        assert set(element) == {"images", "name", "sample_ids"}
        assert element["sample_ids"] == 1001
        expected = pipeline()({"images": images[0], "sample_ids": 1001, "epoch": 0})["images"]
        np.testing.assert_array_equal(element["images"], expected)


@pytest.mark.parametrize("shape", [(4,), (4, 5), (4, 5, 6), (4, 5, 6, 2)])
def test_layers_for_any_kind_of_data(shape):
    rows = np.random.default_rng(0).normal(size=shape).astype("float32")
    mapped = layers.enumerated(tf.data.Dataset.from_tensor_slices(rows).batch(2), layers.Rescaling(0.5, 1.0))
    np.testing.assert_allclose(collect(mapped), 0.5 * rows + 1, rtol=1e-6)


def test_wrong_arguments(images):
    data = tf.data.Dataset.from_tensor_slices(images)
    with pytest.raises(TypeError, match=r"enumerated: `dataset` must be a tf.data.Dataset"):
        layers.enumerated(images, pipeline())
    with pytest.raises(TypeError, match="enumerated: `augmentation` must be a layer of keras_augsynth"):
        layers.enumerated(data, lambda x: x)
    with pytest.raises(ValueError, match="enumerated: `initial_epoch` must be an integer of at least 0"):
        layers.enumerated(data, pipeline(), initial_epoch=-1)
