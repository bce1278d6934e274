import keras
import numpy as np
import pytest
from scipy import special

from keras_augsynth.balancing.labels import Target
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


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([keras.layers.Activation("linear", dtype="float32")], False),
        ([keras.layers.Identity(), keras.layers.Reshape((3,))], False),
        ([keras.Sequential([keras.Input((3,)), keras.layers.Identity()])], None),
        ([keras.layers.Rescaling(2.0)], None),
        ([keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])], True),
        ([keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, activation="softmax")])], False),
    ],
)
def test_probabilities_behind_layers_that_change_nothing(layers, expected):
    """What the layers in front of the output make of it counts, not the name of the last one's activation."""
    assert outputs("mse", "softmax", layers=layers).from_logits is expected


def test_layers_of_a_subclass_have_no_order():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.last = keras.layers.Dense(3, activation="softmax")
            self.hidden = keras.layers.Dense(4)

        def call(self, x):
            return self.last(self.hidden(x))

    model = Own()
    model.compile("sgd", lambda y, p: keras.ops.mean(p))
    found = Outputs("o", model)
    assert found.from_logits is None and not found.adjustable


@pytest.mark.parametrize(
    ("loss", "activation"),
    [("binary_crossentropy", "sigmoid"), (keras.losses.BinaryFocalCrossentropy(), "sigmoid"), ("mse", "sigmoid")],
)
def test_one_against_the_rest(loss, activation):
    """Each class has a probability of its own: a softmax of them would be another loss."""
    found = outputs(loss, activation)
    assert found.one_vs_rest and not found.adjustable
    with pytest.raises(ValueError, match="`logit_adjustment` must be None: each class has a probability of its own"):
        found.adjusted(keras.ops.convert_to_tensor(LOGITS), PRIOR)
    chances = found.of_arrays(np.array([[0.9, 0.9, 0.2]], "float32"))
    np.testing.assert_allclose(chances, [[0.45, 0.45, 0.1]], rtol=1e-6)
    assert not outputs(loss, activation, 1).one_vs_rest


def test_one_output_of_several():
    x = keras.Input((2,))
    both = {"a": keras.layers.Dense(1, name="a")(x), "b": keras.layers.Dense(3, activation="softmax", name="b")(x)}
    for made in (both, list(both.values())):
        model = keras.Model(x, made)
        model.compile("sgd", {"a": "mse", "b": "mse"})
        found = Outputs("o", model, Target("o", "b", model.output_names))
        assert found.from_logits is False
        predicted = {"a": np.zeros((2, 1)), "b": np.full((2, 3), 1 / 3)}
        predicted = predicted if isinstance(made, dict) else list(predicted.values())
        np.testing.assert_allclose(found.of_arrays(predicted), np.full((2, 3), 1 / 3))
    with pytest.raises(ValueError, match=r"`target` must name the output .* one of \['a', 'b'\]"):
        Outputs("o", keras.Model(x, both), Target("o", None))


def test_a_model_without_a_compiled_loss_is_read_by_its_layers():
    assert outputs(None, "softmax").from_logits is False
    assert not outputs(None, "softmax").adjustable


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
    np.testing.assert_allclose(outputs("mse", "relu").of_arrays(LOGITS), chances, rtol=1e-5)


@pytest.mark.parametrize("predicted", [np.zeros((2, 3, 4)), 3.0])
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
