import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.balancing.rows.teachers import Teachers

COUNTS = [120, 12, 12]
LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], COUNTS))
CENTERS = np.array([[0.0, 3.0], [3.0, -3.0], [-3.0, -3.0]], "float32")
X = CENTERS[LABELS] + np.random.default_rng(1).normal(size=(144, 2)).astype("float32")


def teachers(x=X, y=LABELS, labels=LABELS, loss="sparse_categorical_crossentropy", steps=60, seed=0):
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(64, activation="relu"), keras.layers.Dense(3)])
    model.compile("sgd", loss(from_logits=True) if callable(loss) else loss)
    before = model.get_weights()
    result = Teachers(model, x, y, labels, steps, keras.ops.softmax, seed)
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    return result


SPARSE, ONE_HOT = keras.losses.SparseCategoricalCrossentropy, keras.losses.CategoricalCrossentropy


@pytest.mark.parametrize(("y", "loss"), [(LABELS, SPARSE), (np.eye(3, dtype="float32")[LABELS], ONE_HOT)])
def test_accept_what_looks_like_its_class(y, loss):
    accept = teachers(y=y, loss=loss)
    samples = tf.constant(CENTERS)
    for shift in range(3):
        accepted = tf.function(accept)(samples, tf.constant(np.roll([0, 1, 2], shift), "int32"))
        assert accepted.numpy().tolist() == [shift == 0] * 3


def test_both_must_agree():
    accept = teachers(steps=1)
    accept._models = [lambda x, training: x, lambda x, training: x[:, ::-1]]
    samples = tf.constant([[0.0, 5.0, 0.0], [5.0, 0.0, 0.0], [0.0, 0.0, 5.0]])
    assert accept(samples, tf.constant([1, 0, 2])).numpy().tolist() == [True, False, False]


def test_each_learns_from_another_half_its_classes_equally_often(monkeypatch):
    seen = []
    monkeypatch.setattr(keras.Sequential, "fit", lambda self, data, **kwargs: seen.append(list(data)))
    numbered = np.arange(144, dtype="float32")[:, None] * np.ones(2, "float32")
    teachers(x=numbered, steps=30, loss=SPARSE)
    rows = [np.concatenate([x[:, 0] for x, _ in batches]).astype(int) for batches in seen]
    assert [len(batches) for batches in seen] == [30, 30] and all(len(part) == 30 * 64 for part in rows)
    assert not len(np.intersect1d(*rows)) and len(np.union1d(*rows)) == 144
    for part, batches in zip(rows, seen, strict=True):
        np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), LABELS[part])
        assert np.ptp(np.bincount(LABELS[part])) <= 3
    assert np.bincount(LABELS[np.unique(rows[0])]).tolist() == [60, 6, 6]
