"""Sample weights of the user's own. Each row moves one weight of the model, so what was trained on can be seen."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.callbacks import SyntheticBalancer

Y = np.repeat([0.0, 1.0], [80, 20])
X = np.eye(100, dtype="float32")
MASKED = np.where(np.arange(100) < 90, 1.0, 0.0).astype("float32")  # ten of twenty rare rows are left out


def trained(weight=None, data=None, **options):
    init = {"use_bias": False, "kernel_initializer": "zeros"}
    model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(1, activation="sigmoid", **init)])
    model.compile(keras.optimizers.SGD(1.0), "binary_crossentropy", run_eagerly=True)
    balancer = SyntheticBalancer(None, **{"strategy": "equal", "logit_adjustment": None, "seed": 1, **options})
    given = {"x": X, "y": Y, "sample_weight": weight, "batch_size": 50} if data is None else {"x": data}
    model.fit(**given, epochs=3, verbose=0, shuffle=data is None, callbacks=[balancer])
    return np.abs(model.get_weights()[0][:, 0]), balancer


@pytest.mark.parametrize("strategy", ["equal", "validated"])
def test_rows_of_weight_zero_do_not_come_back(strategy):
    moved, balancer = trained(MASKED, strategy=strategy)
    assert not moved[90:].any() and moved[80:90].all()
    assert [line.rows for line in balancer.report_.classes] == [80, 10]  # nor are they counted


def test_they_are_not_counted_in_a_stream():
    data = tf.data.Dataset.from_tensor_slices((X, Y, MASKED)).shuffle(100, seed=1).batch(50)
    moved, balancer = trained(data=data)
    assert not moved[90:].any()
    assert [line.rows for line in balancer.report_.classes] == [80, 10]
    balancer.adapt(data)
    np.testing.assert_array_equal(balancer.class_counts, [80, 10])


def test_a_repeated_row_keeps_its_weight():
    """As oversampling by index would have it: of two rare rows the heavier one weighs more each time it comes."""

    class Spy(keras.Sequential):
        def train_step(self, data):
            self.seen = [np.asarray(part) for part in data]
            return super().train_step(data)

    model = Spy([keras.Input((100,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.SGD(0.0), "binary_crossentropy", run_eagerly=True)
    weight = np.linspace(0.5, 3.0, 100).astype("float32")
    balancer = SyntheticBalancer(None, strategy="equal", logit_adjustment=None, seed=1)
    model.fit(X, Y, sample_weight=weight, batch_size=100, shuffle=False, verbose=0, callbacks=[balancer])
    x, _, found = model.seen
    assert len(found) > 130
    np.testing.assert_allclose(found, weight[x.argmax(axis=1)], rtol=1e-6)
