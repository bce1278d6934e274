"""Classes that are counted: by `adapt`, and while epochs of any length run."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import synthesis
from keras_augsynth.callbacks import SyntheticBalancer

Y = np.repeat([0, 1, 2], [60, 20, 20])
X = np.zeros((100, 2), "float32")
EYE = np.eye(3, dtype="float32")


def slices(*parts):
    return tf.data.Dataset.from_tensor_slices(parts)


@pytest.mark.parametrize(
    "y",
    [
        slices(X, Y),
        slices(X, Y).batch(7),
        slices(X, EYE[Y]),
        slices(X, EYE[Y]).batch(7),
        slices(X, Y[:, None].astype("float32")),
        slices({"a": X}, Y).batch(7),
        Y.tolist(),
    ],
    ids=["rows", "batches", "one-hot rows", "one-hot batches", "columns", "several inputs", "list"],
)
def test_adapt(y):
    balancer = SyntheticBalancer(None)
    balancer.adapt(y)
    np.testing.assert_array_equal(balancer.class_counts, [60, 20, 20])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (slices(X[:, :1].repeat(3, 1), EYE[Y]), "be a data set in batches: these could be rows with one-hot labels"),
        (tf.data.Dataset.from_tensor_slices({"x": X, "y": Y}), r"data set of \(x, y\)\. .*the keys \['x', 'y'\]"),
        (tf.data.Dataset.from_tensor_slices(X), r"data set of \(x, y\)\. .*without labels"),
    ],
)
def test_adapt_says_what_it_cannot_tell(data, message):
    with pytest.raises(ValueError, match=f"SyntheticBalancer: `y` must .*{message}"):
        SyntheticBalancer(None).adapt(data)


def test_epochs_that_are_a_part_of_the_data():
    """Counting goes on until rare rows have come by, and so does keeping them."""
    y = np.tile(np.repeat([0, 1], [38, 2]), 10)
    x = np.random.default_rng(0).normal(size=(400, 2)).astype("float32")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    balancer = SyntheticBalancer(synthesis.SMOTE().fit(x, y), strategy="equal", resample_real=0.5, seed=1)
    options = {"steps_per_epoch": 2, "epochs": 5, "shuffle": False, "verbose": 0}
    history = model.fit(slices(x, y).repeat().batch(20), callbacks=[balancer], **options).history
    assert history["synthetic_share"][0] == 0.0 and history["synthetic_share"][-1] > 0.1  # 2 of 40 rows, then 10 of 200
    assert balancer._run.mixture.memory.held.numpy()[1] == 10


def test_a_class_beyond_those_that_are_known():
    balancer = SyntheticBalancer(None, strategy="equal")
    balancer.adapt(Y)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    late = slices(X, np.where(np.arange(100) < 50, 0, 7)).batch(50)  # in the second batch
    with pytest.raises(ValueError, match=r"SyntheticBalancer: `y` must be class numbers from 0 to 2\. Received: y="):
        model.fit(late, verbose=0, shuffle=False, callbacks=[balancer])
    assert model.train_function is None
