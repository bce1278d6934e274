"""`Normalization` and `Rescaling` against Keras's own, for data of any rank."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers

SHAPES = [(8, 4), (50, 4), (5, 3, 4), (4, 3, 5, 6), (3, 2, 3, 4, 5)]
AXES = [-1, None, 1, 2, 3, -2, (1, 2), (-1, 1), (1, 3)]


def data(*shape):
    return np.random.default_rng(0).normal(2.0, 3.0, shape).astype("float32")


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        (shape, axis)
        for shape in SHAPES
        for axis in AXES
        if np.max(axis or 0) < len(shape) - (axis == (-1, 1)) and (len(shape), axis) != (2, -2)  # the axis of the batch
    ],
)
def test_is_keras_own(shape, axis):
    x, theirs, ours = data(*shape), keras.layers.Normalization(axis), layers.Normalization(axis)
    theirs.adapt(x)
    ours.adapt(x)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5)
    for name in ("mean", "variance"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-5)
    given = {name: np.squeeze(getattr(ours, name)) for name in ("mean", "variance")}
    fixed = layers.Normalization.from_config(layers.Normalization(axis, **given).get_config())
    np.testing.assert_allclose(fixed(x), theirs(x), atol=1e-5)
    back = layers.Normalization(axis, **given, invert=True)
    np.testing.assert_allclose(back(ours(x)), x, atol=1e-4)


def test_the_line_of_the_regression_tutorial():
    normalizer = layers.Normalization(axis=-1)
    normalizer.adapt(np.array([[1.0, 2.0], [3.0, 6.0]]))
    assert normalizer.mean.numpy().tolist() == [[2.0, 4.0]] and normalizer.variance.numpy().tolist() == [[1.0, 4.0]]


@pytest.mark.parametrize("side", [3, 6])
@pytest.mark.parametrize("axis", [-1, 1])
def test_channels_first(side, axis):
    x = data(64, 3, side, side) * np.array([1, 5, 20], "float32")[:, None, None]
    layer = layers.Normalization(axis, data_format="channels_first")
    layer.adapt(x)
    np.testing.assert_allclose(np.std(layer(x), axis=(0, 2, 3)), 1.0, atol=1e-3)
    np.testing.assert_allclose(layer(x[0]), layer(x)[0], atol=1e-5)


def test_sequences_where_images_have_their_channels_first():
    keras.config.set_image_data_format("channels_first")
    x, theirs = data(5, 3, 4), keras.layers.Normalization()
    theirs.adapt(x)
    ours = layers.Normalization(modality="spectrogram")
    ours.adapt(x)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5)
    with pytest.raises(ValueError, match='`modality` must be "spectrogram" for data of shape'):
        layers.Normalization().adapt(x)
    with pytest.raises(ValueError, match='`modality` must be "spectrogram" for data of shape'):
        layers.Normalization(2, mean=np.zeros(4), variance=np.ones(4))(x)


def test_adapt_with_other_features():
    layer = layers.Normalization()
    layer.adapt(data(8, 4))
    with pytest.raises(ValueError, match="incompatible shape"):
        layer.adapt(data(8, 5))


@pytest.mark.parametrize("form", ["dictionary", "data set", "data set with labels"])
def test_adapts_to_what_a_call_takes(form):
    """The images of a dictionary, wherever they stand in it."""
    x = {"labels": np.arange(16), "images": np.random.default_rng(0).normal(3.0, 2.0, (16, 4, 4, 3))}
    given = {"dictionary": x, "data set": tf.data.Dataset.from_tensor_slices(x).batch(5)}
    given["data set with labels"] = given["data set"].map(lambda inputs: (inputs, inputs["labels"]))
    layer, plain = layers.Normalization(), layers.Normalization()
    layer.adapt(given[form])
    plain.adapt(x["images"])
    np.testing.assert_allclose(layer.mean, plain.mean, rtol=1e-5)
    np.testing.assert_allclose(layer.variance, plain.variance, rtol=1e-5)


def test_a_mean_of_another_size_is_refused():
    layer = layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 1.0])
    with pytest.raises(ValueError, match=r"`mean` must fit the axis -1 of the input, .* 7\)\. Received: mean="):
        layer(np.zeros((1, 8, 8, 7), "float32"))


def test_recordings_of_several_lengths():
    """Keras's layer takes time for the axis of the channels, and fits numbers to the first length that it meets."""
    sound = np.random.default_rng(0).normal(3.0, 2.0, (4, 100)).astype("float32")
    given = layers.Normalization(mean=3.0, variance=4.0)
    for some in (sound, sound[:, :30], np.stack([sound, sound], -1), sound[0]):
        for inputs in (some, {"audio": some}):
            result = given(inputs)
            result = result["audio"] if isinstance(inputs, dict) else result
            np.testing.assert_allclose(result, (some - 3.0) / 2.0, rtol=1e-5, atol=1e-6)
    learned, by_step = layers.Normalization(axis=None), layers.Normalization()
    for layer in (learned, by_step):
        layer.adapt(sound)
    np.testing.assert_allclose(learned(sound[:, :30]), (sound[:, :30] - sound.mean()) / sound.std(), rtol=1e-4)
    with pytest.raises(
        ValueError, match=r"Normalization: `variance` must .* shape \(30,\): `axis=None` learns one number"
    ):
        by_step(sound[:, :30])


def test_in_a_feature_space():
    """Which asks its preprocessors for `input_mean`."""
    feature = keras.utils.FeatureSpace.feature("float32", layers.Normalization(), "float")
    space = keras.utils.FeatureSpace({"height": feature})
    space.adapt(tf.data.Dataset.from_tensor_slices({"height": [1.0, 2.0, 3.0]}))
    expected = (np.array([1.0, 2.0, 3.0]) - 2.0) / np.sqrt(2.0 / 3.0)
    np.testing.assert_allclose(space({"height": [1.0, 2.0, 3.0]})[:, 0], expected, atol=1e-5)


@pytest.mark.parametrize("number", [np.array(1 / 255), np.float32(1 / 255), np.float64(1 / 255)])
def test_rescaling_by_any_number(number):
    x = data(2, 3, 3, 3)
    layer = layers.Rescaling(number, offset=np.array(-1))
    np.testing.assert_allclose(layer(x), keras.layers.Rescaling(number, offset=-1.0)(x), atol=1e-6)
    assert layers.Rescaling.from_config(layer.get_config()).scale == float(number)


def test_rescaling_by_channel():
    x, scale, offset = data(2, 3, 3, 3), np.array([1.0, 2.0, 3.0]), [0.0, 1.0, -1.0]
    np.testing.assert_allclose(layers.Rescaling(scale, offset)(x), x * scale + offset, atol=1e-5)


def test_there_is_no_state_where_nothing_is_drawn():
    layer = layers.Normalization()
    layer.adapt(data(8, 4))
    assert [weight.name for weight in layer.weights] == ["mean", "variance", "count"]
    assert not layers.Rescaling(0.1).weights and not layers.CenterCrop(2, 2).weights
