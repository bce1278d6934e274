"""The losses for rare classes, against SciPy's log-softmax in float64 and scikit-learn's log loss."""

import keras
import numpy as np
import pytest
import scipy.special
import sklearn.metrics
import tensorflow as tf

from keras_augsynth.losses import LDAM, ClassBalanced, LogitAdjusted

COUNTS = [50, 10, 3]
LOSSES = {
    "LogitAdjusted": lambda **kwargs: LogitAdjusted(COUNTS, tau=1.5, **kwargs),
    "ClassBalanced": lambda **kwargs: ClassBalanced(COUNTS, beta=0.9, **kwargs),
    "focal": lambda **kwargs: ClassBalanced(COUNTS, beta=0.9, gamma=2.0, **kwargs),
    "LDAM": lambda **kwargs: LDAM(COUNTS, scale=5.0, **kwargs),
}
every = pytest.mark.parametrize("name", LOSSES)


@pytest.fixture
def data(rng):
    return np.arange(7) % 3, rng.normal(size=(7, 3)).astype("float32")


def expected(name, labels, logits):
    """From the papers' formulas, one row at a time, in float64."""
    counts, rows = np.array(COUNTS, "float64"), []
    weights = np.array([(1 - 0.9) / (1 - 0.9**n) for n in COUNTS])
    weights *= 3 / weights.sum()
    margins = counts**-0.25
    margins *= 0.5 / margins.max()
    for label, row in zip(labels, logits.astype("float64"), strict=True):
        if name == "LogitAdjusted":
            row = row + 1.5 * np.log(counts / 63)
        elif name == "LDAM":
            row[label] -= margins[label]
            row = 5.0 * row
        log_p = scipy.special.log_softmax(row)[label]
        weight = weights[label] if name in ("ClassBalanced", "focal") else 1.0
        rows.append(-weight * log_p * ((1 - np.exp(log_p)) ** 2 if name == "focal" else 1.0))
    return rows


@every
def test_values(name, data):
    np.testing.assert_allclose(LOSSES[name]().call(*data), expected(name, *data), rtol=1e-5)
    np.testing.assert_allclose(LOSSES[name]()(*data), np.mean(expected(name, *data)), rtol=1e-5)


@every
def test_labels_of_every_form(name, data):
    labels, logits = data
    loss = LOSSES[name]()
    plain = loss.call(labels, logits)
    for form in (labels[:, None], labels.astype("float32"), np.eye(3)[labels], labels.astype("uint8")):
        np.testing.assert_array_equal(loss.call(form, logits), plain)
    pixels = loss.call(np.tile(labels, (2, 1)), np.tile(logits, (2, 1, 1)))
    np.testing.assert_allclose(pixels, np.tile(plain, (2, 1)), rtol=1e-6)
    np.testing.assert_array_equal(loss.call([-1, 3], logits[:2]), [0.0, 0.0])


@pytest.mark.parametrize("name", ["LogitAdjusted", "ClassBalanced", "focal"])
def test_shares_weigh_the_classes_losses(name, data):
    _, logits = data
    loss, share = LOSSES[name](), np.array([0.2, 0.5, 0.3])
    each = np.stack([loss.call(np.full(7, label), logits) for label in range(3)], axis=1)
    np.testing.assert_allclose(loss.call(np.tile(share, (7, 1)), logits), each @ share, rtol=1e-5)


@every
def test_probabilities(name, data):
    labels, logits = data
    loss = LOSSES[name](from_logits=False)
    probabilities = scipy.special.softmax(logits, axis=1)
    np.testing.assert_allclose(loss.call(labels, probabilities), expected(name, *data), rtol=1e-4)
    assert np.isfinite(loss.call([0, 1], np.eye(3)[[1, 0]])).all()


@every
@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.full)])
def test_in_graph_and_xla(name, jit, data):
    labels, logits = data
    loss = LOSSES[name]()
    made = tf.function(loss.call, jit_compile=jit)(tf.constant(labels), tf.constant(logits))
    np.testing.assert_allclose(made, loss.call(labels, logits), rtol=1e-5)


@every
def test_low_precision_is_computed_in_float32(name, data):
    labels, logits = data
    keras.config.set_floatx("bfloat16")
    half = tf.cast(logits, "bfloat16")
    loss = LOSSES[name]()
    assert loss(labels, half).dtype == loss.call(labels, half).dtype == "float32"
    np.testing.assert_array_equal(loss.call(labels, half), loss.call(labels, tf.cast(half, "float32")))


@every
def test_gradient_where_the_model_is_sure_and_wrong(name):
    """Keras's focal loss has none there, which its clipping takes."""
    logits = tf.Variable([[0.0, 40.0, 0.0], [40.0, 0.0, 0.0]])
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(LOSSES[name]().call([0, 0], logits))
    gradient = tape.gradient(value, logits).numpy()
    assert np.isfinite(gradient).all()
    assert name == "focal" or gradient[0, 0] < -0.1


@every
def test_trained_saved_and_loaded(name, data, tmp_path):
    labels, _ = data
    x = np.eye(3, dtype="float32")[labels]
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    model.compile(keras.optimizers.SGD(0.01), LOSSES[name](reduction="sum", name="rare"), jit_compile=False)
    history = model.fit(x, labels, epochs=2, verbose=0).history["loss"]
    assert history[-1] < history[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.loss.get_config() == model.loss.get_config()
    assert loaded.loss.name == "rare" and loaded.loss.reduction == "sum"
    np.testing.assert_array_equal(loaded.evaluate(x, labels, verbose=0), model.evaluate(x, labels, verbose=0))


def test_neutral_arguments_are_cross_entropy(data):
    labels, logits = data
    plain = sklearn.metrics.log_loss(labels, scipy.special.softmax(logits.astype("float64"), axis=1))
    for loss in (LogitAdjusted(COUNTS, tau=0.0), ClassBalanced(COUNTS, beta=0.0), LDAM(COUNTS, 0.0, scale=1.0)):
        np.testing.assert_allclose(loss(labels, logits), plain, rtol=1e-5)


def test_weights():
    # Near 1, the effective number is the count.
    inverse = 1 / np.array([1000, 10, 1])
    weights = ClassBalanced(np.array([1000, 10, 1]), beta=1 - 1e-12).class_weights
    np.testing.assert_allclose(weights, 3 * inverse / inverse.sum(), rtol=1e-6)
    np.testing.assert_allclose(ClassBalanced(COUNTS).class_weights.sum(), 3.0)


def test_focal_is_keras_own(data):
    labels, logits = data
    loss = ClassBalanced(COUNTS, gamma=1.5)
    theirs = keras.losses.CategoricalFocalCrossentropy(loss.class_weights.tolist(), 1.5, from_logits=True)
    np.testing.assert_allclose(loss(labels, logits), theirs(np.eye(3)[labels], logits), rtol=1e-6)


def test_adjusted_logits_favor_no_class():
    """Without features, the best logits are equal, where those of cross-entropy are the classes' log shares."""
    labels = np.repeat([0, 1, 2], COUNTS)
    for tau, best in ((1.0, [0.0, 0.0, 0.0]), (0.0, np.log(COUNTS)), (0.5, np.log(COUNTS) / 2)):
        logits = tf.Variable(best, dtype="float32")
        with tf.GradientTape() as tape:
            value = LogitAdjusted(COUNTS, tau=tau)(labels, tf.tile(logits[None], (len(labels), 1)))
        np.testing.assert_allclose(tape.gradient(value, logits), 0.0, atol=1e-6)


@pytest.mark.parametrize("cls", [LogitAdjusted, ClassBalanced, LDAM])
@pytest.mark.parametrize(
    ("counts", "kind", "message"),
    [
        ([5, 0], ValueError, "be finite and above 0 for each class"),
        ([5, -1], ValueError, "be finite and above 0 for each class"),
        ([5, np.nan], ValueError, "be finite and above 0 for each class"),
        ([[5, 1]], ValueError, "be one-dimensional"),
        ([5], ValueError, "be one-dimensional, with a number for each of two classes"),
        (5, ValueError, "be one-dimensional"),
        (["a", "b"], TypeError, "be a sequence of numbers"),
        ([[1], [2, 3]], TypeError, "be a sequence of numbers"),
        ([True, False], TypeError, "be a sequence of numbers"),
        (None, TypeError, "be a sequence of numbers"),
    ],
)
def test_wrong_counts(cls, counts, kind, message):
    with pytest.raises(kind, match=f"{cls.__name__}: `class_counts` must {message}.*Received: class_counts="):
        cls(counts)


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: LogitAdjusted(COUNTS, tau=-1), ValueError, "LogitAdjusted: `tau` must be a finite number of at least"),
        (lambda: ClassBalanced(COUNTS, beta=1), ValueError, "ClassBalanced: `beta` must be below 1"),
        (lambda: ClassBalanced(COUNTS, beta=-0.1), ValueError, "ClassBalanced: `beta` must be a finite number from"),
        (lambda: ClassBalanced(COUNTS, gamma=-1), ValueError, "ClassBalanced: `gamma` must be"),
        (lambda: LDAM(COUNTS, max_margin=-1), ValueError, "LDAM: `max_margin` must be"),
        (lambda: LDAM(COUNTS, scale=0), ValueError, "LDAM: `scale` must be above 0"),
        (lambda: LDAM(COUNTS, from_logits=1), TypeError, "LDAM: `from_logits` must be True or False"),
        (lambda: LDAM(COUNTS)([0], [[0.0, 1.0]]), ValueError, r"LDAM: `y_pred` must have 3 values.*y_pred=\(1, 2\)"),
        (lambda: LDAM(COUNTS).call(0, 1.0), ValueError, r"LDAM: `y_pred` must have 3 values.*y_pred=\(\)"),
        (lambda: LDAM(COUNTS)([[0, 1]], [[0.0] * 3]), ValueError, r"LDAM: `y_true` must hold .*y_true=\(1, 2\)"),
        (lambda: LDAM(COUNTS).call([[[0]]], [[0.0] * 3]), ValueError, "LDAM: `y_true` must hold integers"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
