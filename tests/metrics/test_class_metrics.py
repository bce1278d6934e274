"""Metrics of a classifier, against scikit-learn and imbalanced-learn."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from imblearn.metrics import geometric_mean_score
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, recall_score

from keras_augsynth.metrics import BalancedAccuracy, GeometricMeanRecall, MacroF1, PerClassRecall

C = 4
REFERENCES = {
    BalancedAccuracy: balanced_accuracy_score,
    GeometricMeanRecall: geometric_mean_score,
    MacroF1: lambda y, p, **kwargs: f1_score(y, p, average="macro", zero_division=0, **kwargs),
    PerClassRecall: lambda y, p, **kwargs: recall_score(
        y, p, labels=range(max(C if max(y) > 1 else 2, 2)), average=None, zero_division=0, **kwargs
    ),
}
every = pytest.mark.parametrize("cls", REFERENCES)


@pytest.fixture
def data(rng):
    labels = np.append(np.arange(C), rng.choice(C, size=56, p=[0.6, 0.25, 0.1, 0.05]))
    logits = rng.normal(size=(60, C)) + 2.0 * np.eye(C)[labels]
    return labels, logits.astype("float32"), rng.uniform(0.1, 2.0, size=60)


def streamed(metric, labels, predictions, weights=None, sizes=(7, 30)):
    parts = [np.split(array, sizes) for array in (labels, predictions)]
    weights = [None] * 3 if weights is None else np.split(weights, sizes)
    for batch in zip(*parts, weights, strict=True):
        metric.update_state(*batch)
    return metric.result()


@every
def test_reference(cls, data):
    labels, logits, weights = data
    choice = logits.argmax(axis=1)
    metric = cls(C)
    np.testing.assert_allclose(streamed(metric, labels, logits), REFERENCES[cls](labels, choice), rtol=1e-12)
    np.testing.assert_array_equal(metric.confusion, confusion_matrix(labels, choice))
    metric.reset_state()
    np.testing.assert_array_equal(metric.result(), np.zeros(C if cls is PerClassRecall else ()))
    expected = REFERENCES[cls](labels, choice, sample_weight=weights)
    np.testing.assert_allclose(streamed(metric, labels, logits, weights[:, None]), expected, rtol=1e-6)


@every
def test_labels_and_predictions_of_every_form(cls, data):
    labels, logits, _ = data
    expected = cls(C)(labels, logits)
    probabilities = np.asarray(keras.ops.softmax(logits))
    for form in (labels[:, None], labels.astype("float32"), np.eye(C)[labels], np.eye(C)[labels] * 0.6 + 0.1):
        np.testing.assert_array_equal(cls(C)(form, probabilities), expected)
    outside = np.append(labels, [-1, C])
    np.testing.assert_array_equal(cls(C)(outside, np.append(logits, logits[:2], axis=0)), expected)


@every
def test_binary(cls, rng):
    labels, score = np.arange(20) % 2, rng.uniform(size=20).astype("float32")
    for threshold in (0.5, 0.3):
        expected = REFERENCES[cls](labels, score > threshold)
        for predictions in (score, score[:, None]):
            np.testing.assert_allclose(cls(2, threshold=threshold)(labels, predictions), expected, rtol=1e-12)
    both = np.stack([1 - score, score], axis=1)
    np.testing.assert_array_equal(cls(2)(np.eye(2)[labels], both), cls(2)(labels, score))


def test_classes_never_seen(data):
    _, logits, _ = data
    logits[:, 3] = -9.0  # never predicted
    choice = logits.argmax(axis=1)
    labels = np.where(choice == 2, 0, choice)  # class 2 is predicted only, class 3 does not occur at all
    labels[:5] = 1
    with pytest.warns(UserWarning, match="classes not in y_true"):
        expected = balanced_accuracy_score(labels, choice)
    np.testing.assert_allclose(BalancedAccuracy(C)(labels, logits), expected)
    np.testing.assert_allclose(MacroF1(C)(labels, logits), REFERENCES[MacroF1](labels, choice))
    np.testing.assert_allclose(
        GeometricMeanRecall(C)(labels, logits), geometric_mean_score(labels, choice, labels=[0, 1])
    )
    recalls = PerClassRecall(C)(labels, logits)
    np.testing.assert_allclose(recalls, recall_score(labels, choice, labels=range(C), average=None, zero_division=0))
    assert recalls[2] == recalls[3] == 0.0


def test_a_class_never_found_makes_the_geometric_mean_zero():
    assert GeometricMeanRecall(2)([0, 0, 1], [0.1, 0.2, 0.3]) == 0.0


@every
@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.full)])
def test_in_graph_and_xla(cls, jit, data):
    labels, logits, weights = data
    metric = cls(C)
    specs = [tf.TensorSpec([None]), tf.TensorSpec([None, C]), tf.TensorSpec([None])]
    update = tf.function(metric.update_state, input_signature=specs, jit_compile=jit)
    for part in (slice(0, 11), slice(11, 60)):
        update(*(tf.constant(array[part], "float32") for array in (labels, logits, weights)))
    expected = streamed(cls(C), labels, logits, weights)
    np.testing.assert_allclose(tf.function(metric.result, jit_compile=jit)(), expected, rtol=1e-6)


def test_in_compile_saved_and_loaded(data, tmp_path):
    labels, logits, weights = data
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = keras.Sequential([keras.Input((C,)), keras.layers.Dense(C), keras.layers.Softmax(dtype="float32")])
    metrics = [cls(C) for cls in REFERENCES] + [PerClassRecall(C, class_id=2)]
    model.compile("sgd", "sparse_categorical_crossentropy", weighted_metrics=metrics, jit_compile=False)
    stop = keras.callbacks.EarlyStopping("val_balanced_accuracy")  # which must find that more is better
    model.fit(logits, labels, validation_data=(logits, labels, weights), callbacks=[stop], batch_size=16, epochs=1)
    made = model.evaluate(logits, labels, sample_weight=weights, batch_size=16, return_dict=True, verbose=0)
    assert stop.monitor_op is keras.ops.greater
    choice = model.predict(logits, verbose=0).argmax(axis=1)
    for cls, name in zip(REFERENCES, ("balanced_accuracy", "geometric_mean_recall", "macro_f1"), strict=False):
        np.testing.assert_allclose(made[name], REFERENCES[cls](labels, choice, sample_weight=weights), rtol=1e-6)
    recalls = REFERENCES[PerClassRecall](labels, choice, sample_weight=weights)
    np.testing.assert_allclose(made["per_class_recall"], recalls, rtol=1e-6)
    np.testing.assert_allclose(made["recall_2"], recalls[2], rtol=1e-6)

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = loaded.evaluate(logits, labels, sample_weight=weights, batch_size=16, return_dict=True, verbose=0)
    assert again.keys() == made.keys()
    for name in made:
        np.testing.assert_array_equal(again[name], made[name])


@every
def test_counts_are_exact_whatever_the_dtype_of_the_result(cls, data):
    """float16 has no number above 65,504, and counts by ones to 2,048 only."""
    labels, logits, _ = data
    metric, expected = cls(C, dtype="float16"), cls(C)
    for each in (metric, expected):
        for _ in range(3):
            each.update_state(labels, logits, np.full(60, 1e5))
    assert metric.result().dtype == "float16"
    np.testing.assert_allclose(metric.result(), expected.result(), rtol=1e-3)


@every
def test_config(cls):
    metric = cls(2, threshold=0.0, name="binary")
    restored = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert restored.get_config() == metric.get_config()
    assert (restored.num_classes, restored.threshold, restored.name) == (2, 0.0, "binary")


@every
@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda cls: cls(1), ValueError, "`num_classes` must be an integer of at least 2"),
        (lambda cls: cls(2.0), TypeError, "`num_classes` must be an integer"),
        (lambda cls: cls(2, threshold="a"), TypeError, "`threshold` must be a number"),
        (lambda cls: cls(3)([0], [[0.1]]), ValueError, r"`y_pred` must have the shape \(N, 3\), where"),
        (lambda cls: cls(2)([0], [[0.1, 0.2, 0.7]]), ValueError, r"`y_pred` must have .* or \(N,\).*=\(1, 3\)"),
        (lambda cls: cls(3)([[0, 1]], [[0.1, 0.2, 0.7]]), ValueError, r"`y_true` must be integers .*=\(1, 2\)"),
    ],
)
def test_wrong_arguments(cls, build, kind, message):
    with pytest.raises(kind, match=f"{cls.__name__}: {message}"):
        build(cls)


def test_wrong_class():
    with pytest.raises(ValueError, match="PerClassRecall: `class_id` must be an integer from 0 to 2"):
        PerClassRecall(3, class_id=3)
