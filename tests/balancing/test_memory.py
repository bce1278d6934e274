"""What repeated trainings keep: counted in objects, since a reading of the memory is noise."""

import gc
import weakref

import keras
import numpy as np
import pytest
from tensorflow.python.framework.func_graph import FuncGraph

from keras_augsynth import synthesis
from keras_augsynth.callbacks import SyntheticBalancer

Y = np.repeat([0.0, 1.0], [40, 10])
X = np.random.default_rng(0).normal(size=(50, 2)).astype("float32")
SMOTE = synthesis.SMOTE().fit(X, Y.astype(int))


def trained():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    balancer = SyntheticBalancer(SMOTE, strategy="equal", seed=1)
    model.fit(X, Y, batch_size=25, verbose=0, callbacks=[balancer])
    return weakref.ref(model), weakref.ref(balancer._run)


def step_graphs():
    gc.collect()
    return sum(isinstance(one, FuncGraph) and one.name == "one_step_on_data" for one in gc.get_objects())


@pytest.mark.full
def test_a_training_leaves_no_graph_behind():
    """TensorFlow keeps the gradient functions of every step that was traced, and with them its whole graph."""
    before = step_graphs()
    kept = [trained() for _ in range(2)]
    assert step_graphs() == before
    assert all(reference() is None for pair in kept for reference in pair)
