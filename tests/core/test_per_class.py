"""`PerClass`: another magnitude for each class, by the labels of the input."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth import layers

SHADES = [0.1, 0.2, 0.3]
CLASSES = np.array([0, 2, 1, 2])
GRAY = np.full((4, 2, 2, 3), 100, "uint8")


def lighter(values=SHADES, **kwargs):
    """Lighter by a fixed part of the value range for each class."""
    return layers.RandomBrightness(layers.PerClass([(value, value) for value in values]), **kwargs)


def shades(images):
    """By which part of the value range each image is lighter."""
    return ((np.asarray(images)[:, 0, 0, 0] - 100) / 255).round(4)


def model_inputs():
    labels = keras.Input((), dtype="int32", name="labels")
    return {"images": keras.Input((2, 2, 3), name="images"), "labels": labels}


EXPECTED = np.array(SHADES)[CLASSES]


@pytest.mark.parametrize(
    "labels",
    [
        CLASSES,
        CLASSES.astype("uint8"),
        CLASSES.astype("float32"),
        CLASSES[:, None],
        np.eye(3, dtype="float32")[CLASSES],
        np.eye(3, dtype="int32")[CLASSES],
        0.6 * np.eye(3, dtype="float32")[CLASSES] + 0.4 / 3,  # a soft row: its largest share
    ],
    ids=["int64", "uint8", "float", "column", "one-hot", "one-hot int", "soft"],
)
def test_every_form_of_labels(labels):
    images, same = lighter()(GRAY, labels)
    np.testing.assert_allclose(shades(images), EXPECTED, atol=1e-4)
    np.testing.assert_array_equal(same, labels)
    images = lighter()({"images": GRAY, "labels": labels})["images"]
    np.testing.assert_allclose(shades(images), EXPECTED, atol=1e-4)


def test_two_classes_with_one_column():
    images, _ = lighter([0.1, 0.2])(GRAY, np.array([[0.0], [1.0], [0.3], [0.7]], "float32"))
    np.testing.assert_allclose(shades(images), [0.1, 0.2, 0.1, 0.2], atol=1e-4)


def test_a_single_sample():
    image, _ = lighter()(GRAY[0], 2)
    np.testing.assert_allclose(shades(image[None]), [0.3], atol=1e-4)


@pytest.mark.xla
def test_compiled():
    np.testing.assert_allclose(shades(lighter()(GRAY, CLASSES)[0]), EXPECTED, atol=1e-4)


def test_numbers_and_pairs_are_drawn_as_usual():
    """A number f is (-f, f), a pair itself: held to SciPy's uniform distribution, class by class."""
    layer = layers.RandomBrightness(layers.PerClass([0.1, (0.2, 0.3), (-0.2, 0.0)]), seed=1)
    labels = np.arange(900) % 3
    images, _ = layer(np.full((900, 1, 1, 1), 100.0, "float32"), labels)
    found = (np.asarray(images)[:, 0, 0, 0] - 100) / 255
    for label, (low, high) in enumerate([(-0.1, 0.1), (0.2, 0.3), (-0.2, 0.0)]):
        assert stats.kstest(found[labels == label], stats.uniform(low, high - low).cdf).pvalue > 0.01


def test_the_chance():
    layer = layers.RandomBrightness((0.2, 0.2), p=layers.PerClass([0.0, 0.3, 1.0]), seed=1)
    labels = np.arange(900) % 3
    images, _ = layer(np.full((900, 1, 1, 1), 100, "uint8"), labels)
    changed = shades(images) > 0.1
    assert not changed[labels == 0].any()
    assert changed[labels == 2].all()
    assert stats.binomtest(int(changed[labels == 1].sum()), 300, 0.3).pvalue > 0.01


def test_the_chance_of_a_pipeline():
    pipeline = layers.Pipeline([lighter([0.2] * 3)], p=layers.PerClass([0, 1, 1]), seed=1)
    np.testing.assert_allclose(shades(pipeline(GRAY, CLASSES)[0]), [0.0, 0.2, 0.2, 0.2], atol=1e-4)


@pytest.mark.parametrize(
    ("make", "changes"),
    [
        (lambda m: layers.RandomRotation(m, seed=1), lambda x, y: np.abs(y - x).max() > 1),
        (lambda m: layers.RandomGaussianNoise(m, seed=1), lambda x, y: np.abs(y - x).max() > 1),
        (lambda m: layers.RandomSaltAndPepper(m, seed=1), lambda x, y: np.abs(y - x).max() > 1),
        (lambda m: layers.RandomGrayscale(m, seed=1), lambda x, y: np.abs(y - x).max() > 1),
        (lambda m: layers.RandomFog(m, seed=1), lambda x, y: np.abs(y - x).max() > 1),
    ],
    ids=["check_factor", "check_range of noise", "check_range of noise pixels", "check_magnitude", "check_range"],
)
def test_every_kind_of_argument(make, changes):
    """Nothing for class 0, much for class 1."""
    x = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype("float32")
    y, _ = make(layers.PerClass([0.0, 0.9]))(x, np.array([0, 1, 0, 1]))
    found = [bool(changes(before, after)) for before, after in zip(x, np.asarray(y), strict=True)]
    assert found == [False, True, False, True]


def test_whole_numbers():
    image = np.repeat(np.arange(256, dtype="float32").reshape(1, 16, 16, 1), 2, axis=0)
    result, _ = layers.RandomPosterization(layers.PerClass([2, 8]))(image, [0, 1])
    assert [len(np.unique(each)) for each in np.asarray(result)] == [4, 256]


def test_a_pipeline_and_nested_parts():
    pipeline = layers.Pipeline([layers.RandomFlip(), layers.OneOf([lighter()])], seed=1)
    np.testing.assert_allclose(shades(pipeline(GRAY, CLASSES)[0]), EXPECTED, atol=1e-4)


def test_tf_data_with_sizes_that_are_not_known():
    spec = (tf.TensorSpec((None, None, None, 3), tf.uint8), tf.TensorSpec((None,), tf.int64))
    data = tf.data.Dataset.from_generator(lambda: [(GRAY, CLASSES)], output_signature=spec).map(lighter())
    images, labels = next(iter(data))
    np.testing.assert_allclose(shades(images), EXPECTED, atol=1e-4)
    np.testing.assert_array_equal(labels, CLASSES)


def test_values_can_be_set_again():
    layer = lighter()
    function = tf.function(lambda x, y: layer(x, y, training=True)[0], autograph=False)
    function(GRAY, CLASSES)
    layer.factor = layers.PerClass([(0.3, 0.3), (0.2, 0.2), (0.1, 0.1)])
    np.testing.assert_allclose(shades(function(GRAY, CLASSES)), np.array([0.3, 0.2, 0.1])[CLASSES], atol=1e-4)
    with pytest.raises(ValueError, match="`factor` must stay a PerClass of 6 numbers"):
        layer.factor = layers.PerClass([0.1, 0.2])


def test_inside_a_model_a_dictionary_has_the_labels():
    inputs = model_inputs()
    model = keras.Model(inputs, lighter()(inputs)["images"])
    given = {"images": GRAY.astype("float32"), "labels": CLASSES.astype("int32")}
    np.testing.assert_allclose(shades(model(given, training=True)), EXPECTED, atol=1e-4)
    np.testing.assert_array_equal(model(given, training=False), GRAY)


# What is refused.


@pytest.mark.parametrize("inputs", [GRAY, {"images": GRAY}], ids=["tensor", "dictionary"])
def test_missing_labels(inputs):
    with pytest.raises(ValueError, match=r"RandomBrightness: `labels` must be given: what is drawn depends on them"):
        lighter()(inputs)
    pipeline = layers.Pipeline([layers.RandomFlip(), lighter()])
    with pytest.raises(ValueError, match=r"RandomBrightness: `labels` must be given"):
        pipeline(inputs)
    np.testing.assert_array_equal(lighter()(GRAY, training=False), GRAY)  # nothing is drawn


@pytest.mark.parametrize("wrong", [3, -1])
def test_labels_out_of_range(wrong):
    labels = np.array([0, wrong, 1, 2])
    needed = "`labels` must be class numbers from 0 to 2"
    with pytest.raises(ValueError, match=f"RandomBrightness: {needed}. Received: labels={wrong}"):
        lighter()(GRAY, labels)
    with pytest.raises(ValueError, match=needed):
        layers.Pipeline([lighter()])({"images": GRAY, "labels": labels})
    with pytest.raises(tf.errors.InvalidArgumentError, match=needed):
        next(iter(tf.data.Dataset.from_tensors((GRAY, labels)).map(lighter())))


def test_labels_of_another_form():
    with pytest.raises(ValueError, match=r"`labels` must be class numbers \(N,\) or one-hot rows \(N, 3\)"):
        lighter()(GRAY, np.eye(4, dtype="float32"))
    with pytest.raises(TypeError, match="`labels` must be one tensor of class numbers or one-hot rows"):
        lighter()({"images": GRAY, "labels": np.array(["a", "b", "a", "b"])})


def test_wrong_entries():
    with pytest.raises(ValueError, match=r"`factor` must be .* from -1.0 to 1.0"):
        layers.RandomRotation(layers.PerClass([0.1, 7.0]))
    with pytest.raises(ValueError, match=r"`p` must be .* from 0.0 to 1.0"):
        layers.RandomRotation(0.1, p=layers.PerClass([0.1, 7.0]))
    for nothing in ([], "ab", 0.1):
        with pytest.raises((TypeError, ValueError), match="PerClass: `values` must be a list"):
            layers.PerClass(nothing)


# Configuration.


def test_configuration_and_files(tmp_path):
    layer = layers.RandomRotation(layers.PerClass([0.02, (0.0, 0.25)]), p=layers.PerClass([0.5, 1.0]), seed=1)
    again = layers.RandomRotation.from_config(layer.get_config())
    assert (again.factor, again.p) == (layer.factor, layer.p) == (again.factor, layers.PerClass([0.5, 1.0]))
    assert again.factor == layers.PerClass([(-0.02, 0.02), (0.0, 0.25)])
    pipeline = layers.Pipeline([layer], seed=3)
    assert layers.Pipeline.from_json(pipeline.to_json()).layers[0].factor == layer.factor
    inputs = model_inputs()
    model = keras.Model(inputs, pipeline(inputs)["images"])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    part = loaded.layers[-1].layers[0]
    assert (part.factor, part.p) == (layer.factor, layer.p)
    assert repr(layers.PerClass([1.0])) == "PerClass(values=[1.0])"
