import keras
import numpy as np
import pytest
from scipy import special

from keras_augsynth.balancing.outputs import Outputs

LOGITS = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
PRIOR = np.array([0.7, 0.2, 0.1])


def outputs(loss="sparse_categorical_crossentropy", activation="softmax", units=3, layers=()):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, activation=activation), *layers])
    model.compile("sgd", loss)
    return Outputs("o", model)


@pytest.mark.parametrize(
    ("loss", "activation", "expected"),
    [
        ("sparse_categorical_crossentropy", "softmax", False),
        ("categorical_crossentropy", None, False),  # as Keras reads it
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), None, True),
        (keras.losses.CategoricalFocalCrossentropy(), "softmax", False),
        (keras.losses.BinaryCrossentropy(from_logits=True), None, True),
        ("bce", None, False),
        ("mse", "softmax", False),
        ("hinge", None, True),
        (keras.losses.MeanSquaredError(), None, True),
        (lambda y, p: keras.ops.mean(p), "sigmoid", False),
        ("mse", "relu", None),
    ],
)
def test_logits_or_probabilities(loss, activation, expected):
    assert outputs(loss, activation).from_logits is expected


def test_softmax_as_a_layer_of_its_own():
    assert outputs("mse", None, layers=[keras.layers.Softmax()]).from_logits is False
    assert outputs("mse", None, layers=[keras.layers.Activation("softmax")]).from_logits is False


@pytest.mark.parametrize("loss", [{"a": "mse"}, ["mse"], None])
def test_one_loss_is_needed(loss):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="a")])
    model.compile("sgd", loss)
    with pytest.raises(ValueError, match="be compiled with one loss"):
        Outputs("o", model)


LOGIT_LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
BINARY_LOSS = keras.losses.BinaryCrossentropy(from_logits=True)


def test_probabilities():
    chances = special.softmax(LOGITS, axis=1)
    np.testing.assert_allclose(outputs(LOGIT_LOSS, None).of_arrays(LOGITS), chances, rtol=1e-5)
    np.testing.assert_allclose(outputs().of_arrays(chances), chances)
    second = special.expit(LOGITS[:, 0])
    both = np.stack([1 - second, second], 1)
    np.testing.assert_allclose(outputs(BINARY_LOSS, None, 1).of_arrays(LOGITS[:, :1]), both, rtol=1e-5)
    np.testing.assert_allclose(outputs("binary_crossentropy", "sigmoid", 1).of_arrays(second), both, rtol=1e-5)
    half = outputs(LOGIT_LOSS, None).of_arrays(LOGITS[:1].astype("float16"))
    np.testing.assert_allclose(half, chances[:1], rtol=1e-2)


def test_unknown_outputs_are_known_by_their_numbers():
    unknown = outputs("mse", "relu")
    for call in (unknown.probabilities, lambda x: unknown.adjusted(x, PRIOR)):
        with pytest.raises(ValueError, match="softmax or sigmoid at its end"):
            call(keras.ops.convert_to_tensor(LOGITS))
    chances = special.softmax(LOGITS, axis=1)
    np.testing.assert_allclose(unknown.of_arrays(chances), chances)
    assert unknown.from_logits is False
    np.testing.assert_allclose(outputs("mse", "relu").of_arrays(LOGITS), chances, rtol=1e-5)


@pytest.mark.parametrize("predicted", [np.zeros((2, 3, 4)), [np.zeros((2, 3))], {"a": np.zeros((2, 3))}])
def test_other_predictions(predicted):
    with pytest.raises(ValueError, match="have one output"):
        outputs().of_arrays(predicted)


def test_adjusted_is_bayes_rule():
    log_prior, chances = np.log(PRIOR), special.softmax(LOGITS, axis=1)
    expected = chances * PRIOR / (chances * PRIOR).sum(1, keepdims=True)
    np.testing.assert_allclose(outputs().adjusted(keras.ops.convert_to_tensor(chances), log_prior), expected, rtol=1e-4)
    found = outputs(LOGIT_LOSS, None).adjusted(keras.ops.convert_to_tensor(LOGITS), log_prior)
    np.testing.assert_allclose(special.softmax(found, axis=1), expected, rtol=1e-4)
    two, second = np.array([0.9, 0.1]), special.expit(LOGITS[:, :1].astype("float64"))
    expected = second * 0.1 / (second * 0.1 + (1 - second) * 0.9)
    sigmoid = outputs("binary_crossentropy", "sigmoid", 1)
    found = sigmoid.adjusted(keras.ops.convert_to_tensor(second, "float32"), np.log(two))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    found = outputs(BINARY_LOSS, None, 1).adjusted(keras.ops.convert_to_tensor(LOGITS[:, :1]), np.log(two))
    np.testing.assert_allclose(special.expit(found), expected, rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_adjusted_is_finite_at_the_ends(dtype):
    ends = keras.ops.cast([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype)
    found = outputs().adjusted(ends, np.log(PRIOR))
    assert found.dtype == dtype
    assert np.all(np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(found, "float32"))))
    found = outputs("binary_crossentropy", "sigmoid", 1).adjusted(ends[:, :1], np.log([0.5, 0.5]))
    assert np.all(np.isfinite(keras.ops.convert_to_numpy(keras.ops.cast(found, "float32"))))
