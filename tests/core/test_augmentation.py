"""What the base class decides for all layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (4, 8, 8, 3)).astype("uint8")


def test_active_only_as_the_outermost_call(images):
    flip = layers.RandomBrightness((0.2, 0.2))
    model = keras.Sequential([keras.Input((8, 8, 3)), flip, keras.layers.Dense(3, "linear", True, "identity")])
    changed = lambda result: not np.array_equal(result, images)
    assert changed(flip(images))
    assert not changed(flip(images, training=False))
    assert changed(next(iter(tf.data.Dataset.from_tensors(images).map(flip))))
    assert not changed(model(images.astype("float32")))
    assert changed(model(images.astype("float32"), training=True))
    assert not changed(model.predict(images.astype("float32"), verbose=0))


def test_integers_saturate_instead_of_running_over():
    images = np.full((1, 2, 2, 1), 200, "uint8")
    result = layers.RandomBrightness((0.5, 0.5), dtype="uint8")(images)
    assert result.dtype == tf.uint8
    np.testing.assert_array_equal(result, 255)
    rounded = layers.Rescaling(1.0, offset=0.6, dtype="uint8")(images)
    np.testing.assert_array_equal(rounded, 201)
    np.testing.assert_array_equal(layers.Rescaling(2.0, dtype="uint8")(images), 255)


def test_counter_goes_on_after_loading_weights(tmp_path, images):
    make = lambda: keras.Sequential(
        [keras.Input((8, 8, 3)), layers.RandomRotation(0.1, seed=1), keras.layers.Flatten()]
    )
    first = make()
    first.layers[0](images)
    first.save_weights(tmp_path / "some.weights.h5")
    second = make()
    second.load_weights(tmp_path / "some.weights.h5")
    np.testing.assert_array_equal(first.layers[0](images), second.layers[0](images))
    assert first.get_weights() == []  # the counter is state, not a weight


def test_global_seed_fixes_layers_without_one(images):
    results = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        results.append(layers.RandomRotation(0.1)(images))
    np.testing.assert_array_equal(*results)
    assert layers.RandomRotation(0.1).seed != layers.RandomRotation(0.1).seed


def test_unknown_rank_and_float_ids_are_refused(images):
    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32)])
    def call(x):
        return layers.RandomFlip()(x)

    with pytest.raises(ValueError, match="`images` must have a known rank: set its shape with `set_shape`"):
        call(tf.zeros((1, 4, 4, 3)))
    with pytest.raises(TypeError, match="`epoch` must be integers"):
        layers.RandomFlip()({"images": images, "sample_ids": np.arange(4), "epoch": 0.5})
    with pytest.raises(TypeError, match="`bounding_boxes` must be a dictionary"):
        layers.RandomFlip()({"images": images, "bounding_boxes": np.zeros((4, 1, 4))})
    with pytest.raises(ValueError, match="`images` must have no side of length 0"):
        layers.RandomFlip()(np.zeros((2, 0, 4, 3)))


def test_lists_and_single_numbers_are_understood():
    assert layers.RandomWordDeletion(0.5, seed=1)("one two three").shape == ()
    assert layers.RandomWordDeletion(0.5, seed=1)(["one two", "three four"]).shape == (2,)
    assert layers.RandomFeatureNoise(0.1, scale=1.0)([[1.0, 2.0], [3.0, 4.0]]).shape == (2, 2)


def test_an_author_who_forgets_something_is_told():
    class Nothing(layers.Augmentation, listed=False):
        pass

    class NoMatrix(layers.Geometric, listed=False):
        pass

    with pytest.raises(NotImplementedError, match="Nothing must define `apply` or `matrix`"):
        Nothing(jit=False)(np.zeros((1, 2, 2, 1)))
    with pytest.raises(NotImplementedError, match="NoMatrix must define `matrix`"):
        NoMatrix(jit=False)(np.zeros((1, 2, 2, 1)))


def test_mask_of_keras_passes_through():
    """Keras would warn where a layer drops a mask."""
    x = keras.layers.Masking()(np.ones((2, 3), "float32"))
    layers.RandomFeatureNoise(0.1, scale=1.0)(x)


def test_works_in_a_strategy_scope(images):
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = keras.Sequential(
            [keras.Input((8, 8, 3)), layers.RandomRotation(0.1), keras.layers.Flatten(), keras.layers.Dense(1)]
        )
        model.compile("sgd", "mse")
    data = tf.data.Dataset.from_tensor_slices((images.astype("float32"), np.zeros(4, "float32"))).batch(2)
    assert np.isfinite(model.fit(data, verbose=0, shuffle=False).history["loss"][0])


def test_steps_per_execution(images):
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.RandomZoom(0.2), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse", steps_per_execution=2)
    data = tf.data.Dataset.from_tensor_slices((images.astype("float32"), np.zeros(4, "float32"))).batch(1)
    assert np.isfinite(model.fit(data, verbose=0, shuffle=False).history["loss"][0])
