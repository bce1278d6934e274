"""The correction for other class shares, against Bayes' rule in float64 and scikit-learn's naive Bayes."""

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from sklearn.naive_bayes import GaussianNB

import keras_augsynth as kas
from keras_augsynth.losses import PriorCorrection, prior_correction

TRAIN, TRUE = [70, 20, 10], [0.2, 0.3, 0.5]


@pytest.fixture
def logits(rng):
    return rng.normal(size=(6, 3)).astype("float32")


def bayes(probabilities, train, true):
    joint = probabilities.astype("float64") * np.divide(true, np.sum(true)) / np.divide(train, np.sum(train))
    return joint / joint.sum(axis=-1, keepdims=True)


def test_same_as_a_classifier_fitted_with_the_true_prior(rng):
    y = np.repeat([0, 1, 2], TRAIN)
    x = rng.normal(size=(100, 2)) + y[:, None]
    train, true = (GaussianNB(priors=np.divide(p, np.sum(p))).fit(x, y) for p in (TRAIN, TRUE))
    for corrected in (
        scipy.special.softmax(prior_correction(train.predict_log_proba(x), TRAIN, TRUE), axis=1),
        PriorCorrection(TRAIN, TRUE, from_logits=False, dtype="float64")(train.predict_proba(x)),
    ):
        np.testing.assert_allclose(corrected, true.predict_proba(x), rtol=1e-9)


def test_logits_and_probabilities_agree(logits):
    expected = bayes(scipy.special.softmax(logits, axis=1), TRAIN, [1, 1, 1])
    corrected = PriorCorrection(TRAIN)(logits)
    np.testing.assert_array_equal(corrected, prior_correction(logits, TRAIN))
    np.testing.assert_allclose(keras.ops.softmax(corrected), expected, rtol=1e-5)
    made = PriorCorrection(TRAIN, from_logits=False)(scipy.special.softmax(logits, axis=1))
    np.testing.assert_allclose(made, expected, rtol=1e-5)


def test_nothing_to_correct(logits):
    np.testing.assert_allclose(prior_correction(logits, TRAIN, np.array(TRAIN) / 3), logits, atol=1e-6)


def test_probabilities_of_zero():
    layer = PriorCorrection([1e-30, 1.0], from_logits=False)
    np.testing.assert_array_equal(layer(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])), [[1, 0], [0, 1], [0, 0]])


@pytest.mark.parametrize("from_logits", [True, False])
def test_in_a_model_in_mixed_precision_saved_and_exported(from_logits, logits, tmp_path):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    x = logits if from_logits else scipy.special.softmax(logits, axis=1)
    layer = PriorCorrection(TRAIN, TRUE, from_logits)
    assert layer(x).dtype == tf.bfloat16
    np.testing.assert_allclose(
        tf.cast(layer(x), "float32"),
        PriorCorrection(TRAIN, TRUE, from_logits, dtype="float32")(x),
        rtol=0.02,
        atol=0.02,
    )

    model = keras.Sequential([keras.Input((3,)), PriorCorrection(TRAIN, TRUE, from_logits, dtype="float32")])
    assert model.output_shape == (None, 3)
    expected = model(x)
    np.testing.assert_allclose(tf.function(model, jit_compile=True)(x), expected, rtol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), expected)
    kas.export_savedmodel(model, str(tmp_path / "served"), endpoints=["serve"])
    np.testing.assert_allclose(tf.saved_model.load(str(tmp_path / "served")).serve(x), expected, rtol=1e-5)


def test_config_holds_what_was_given():
    config = PriorCorrection(np.array(TRAIN), name="corrected").get_config()
    assert list(config["train_prior"]) == TRAIN and config["true_prior"] is None
    assert PriorCorrection.from_config(config).get_config() == config


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: PriorCorrection([1, 0]), ValueError, "PriorCorrection: `train_prior` must be finite and above 0"),
        (lambda: PriorCorrection([1, 1], [1, -1]), ValueError, "PriorCorrection: `true_prior` must be finite and"),
        (lambda: PriorCorrection([1, 1], [1, 1, 1]), ValueError, "PriorCorrection: `true_prior` must have 2 numbers"),
        (lambda: PriorCorrection("ab"), TypeError, "PriorCorrection: `train_prior` must be a sequence of numbers"),
        (lambda: PriorCorrection([1, 1], from_logits=0), TypeError, "PriorCorrection: `from_logits` must be True or"),
        (lambda: PriorCorrection([1, 1])(np.ones((1, 3))), ValueError, r"PriorCorrection: `inputs` must have 2 .*3\)"),
        (lambda: prior_correction([0.0] * 3, [1, 1]), ValueError, r"prior_correction: `logits` must have 2 .*\(3,\)"),
        (lambda: prior_correction([0.0], [1]), ValueError, "prior_correction: `train_prior` must be one-dimensional"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
