import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_augsynth.balancing.injection import Injection, Rows


class Nothing:
    """Adds rows that don't count, and lets training see the first half of a batch only."""

    adjusts = real_statistics = False

    def rows(self, x, y, weight):
        kept = ops.arange(ops.shape(x)[0]) < ops.shape(x)[0] // 2
        return Rows(x, y, ops.zeros((ops.shape(x)[0],)), kept)

    def mixed(self, x, y):
        return x, y

    def around(self, run, iterator):
        return run(iterator)

    def failed(self, error):
        return False


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.xla)], ids=["graph", "xla"])
def test_rows_that_may_not_be_seen_are_not_where_nothing_is_added(jit):
    x = np.repeat([[0.0], [1000.0]], 4, axis=0).astype("float32")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=jit)
    before = model.get_weights()[0].copy()
    begin = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: Injection(model, Nothing()))
    data = tf.data.Dataset.from_tensors((x, np.ones((8, 1), "float32")))
    model.fit(data, shuffle=False, verbose=0, callbacks=[begin])
    np.testing.assert_array_equal(model.get_weights()[0], before)
