import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.balancing.trials.validation import Validation, collected

Y = np.random.default_rng(0).permutation(np.repeat([0, 1, 3], [40, 9, 3]))
X = np.arange(52, dtype="float32")[:, None]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(52, [40, 9, 3]), (100, [40, 9, 3]), (30, [18, 9, 3]), (16, [6, 6, 3]), (4, [1, 1, 1]), (0, [1, 1, 1])],
)
def test_at_most(rows, expected):
    found = Validation({"x": X}, Y).at_most(rows, 5, seed=1)
    assert np.bincount(found.labels, minlength=5)[[0, 1, 3]].tolist() == expected
    np.testing.assert_array_equal(Y[found.x["x"][:, 0].astype(int)], found.labels)
    assert len(np.unique(found.x["x"])) == len(found.labels) <= max(rows, 3)


def test_at_most_takes_any_rows():
    taken = [Validation(X, Y).at_most(6, 4, seed).x[:, 0] for seed in range(200)]
    assert len(np.unique(np.concatenate(taken))) == 52


def test_at_most_of_a_single_row():
    assert Validation(X[:1], Y[:1]).at_most(10, 4, 0).labels.tolist() == [Y[0]]


class Files(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return X[index * 13 : index * 13 + 13], Y[index * 13 : index * 13 + 13]


BATCHES = tf.data.Dataset.from_tensor_slices((X, Y, np.ones(52))).batch(13)


@pytest.mark.parametrize("data", [(X, Y), [X, Y[:, None]], (X, np.eye(4)[Y], np.ones(52)), BATCHES, Files()])
def test_collected(data):
    found = collected("o", data, None, 4, None)
    np.testing.assert_array_equal(found.x, X)
    np.testing.assert_array_equal(found.labels, Y)


@pytest.mark.parametrize("data", [BATCHES.repeat(), Files()])
def test_collected_steps(data):
    np.testing.assert_array_equal(collected("o", data, 2, 4, None).labels, Y[:26])


def test_collected_structures():
    found = collected(
        "o", tf.data.Dataset.from_tensor_slices(({"a": X, "b": X.astype("str")}, Y)).batch(20), None, 4, ()
    )
    assert found.x["a"].shape == (52, 1) and found.x["b"][3, 0] == b"3.0"
    assert [part.shape for part in collected("o", ((X, X), Y), None, 4, ()).x] == [(52, 1)] * 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X, Y + 9), "from 0 to 3"),
        ((X, X / 7), "regression"),
        ((X,), "no labels"),
        (BATCHES.take(0), "no rows"),
        (BATCHES.map(lambda x, y, w: (x, tf.one_hot(y, 9))), "one-hot rows of 4 classes"),
    ],
)
def test_what_cannot_be_judged_by(data, message):
    with pytest.raises(ValueError, match=f"`validation_data` must .*{message}"):
        collected("o", data, None, 4, None)


def test_a_generator_is_refused():
    """Keras would find it used up."""
    batches = ((X, Y) for _ in range(3))
    with pytest.raises(ValueError, match="`validation_data` must be arrays or a data set: a generator is used up"):
        collected("Owner", batches, None, 3, None)
