"""Each function that uses a private name of Keras, by itself: a new Keras fails here, with the function's name."""

import inspect
import re
import sys

import keras
import numpy as np
import pytest

from keras_augsynth import layers
from keras_augsynth.core import keras_internals

FUNCTIONS = [
    name
    for name, value in vars(keras_internals).items()
    if inspect.isfunction(value) and value.__module__ == keras_internals.__name__ and not name.startswith("_")
]


class Probe(keras.layers.Layer):
    """Asks within its call."""

    def __init__(self, ask=None):
        super().__init__()
        self.ask = ask

    def call(self, x, training=None):
        self.ask(self)
        return x

    def compute_output_spec(self, x, training=None):
        return keras.KerasTensor(x.shape, x.dtype)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_test(name):
    assert re.match(rf"test_{name}(_|$)", next((test for test in globals() if test.startswith(f"test_{name}")), ""))


def test_accept_inputs_as_they_are():
    class Looks(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            keras_internals.accept_inputs_as_they_are(self)

        def call(self, x, more=None):
            return x, more

    x, more = Looks()(keras.ops.ones((1,), "uint8"), "words")
    assert x.dtype == "uint8"
    assert more == "words"


def test_outermost_layer():
    told = []
    probe = Probe(lambda layer: told.append(keras_internals.outermost_layer(layer)))
    model = keras.Sequential([keras.Input((2,)), probe])
    model(np.zeros((1, 2)))
    probe(np.zeros((1, 2)))
    assert told == [model, probe]


def test_flat_layers():
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model = keras.Sequential([keras.Input((2,)), inner])
    found = keras_internals.flat_layers(model)
    assert found[0] is model
    assert inner in found
    assert inner.layers[0] in found


def test_compile_arguments():
    loss = lambda y, y_pred: y_pred
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(), loss, metrics=["mae"], run_eagerly=True)
    found = keras_internals.compile_arguments(model)
    assert found["loss"] is loss
    assert found["optimizer"] is model.optimizer
    assert (found["metrics"], found["run_eagerly"]) == (["mae"], True)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).compile(**found)


def test_symbolic_outputs():
    x = keras.Input((2,))
    one, other = keras.layers.Dense(1)(x), keras.layers.Dense(2)(x)
    assert keras_internals.symbolic_outputs(keras.Model(x, {"a": one, "b": other})) == {"a": one, "b": other}
    assert keras_internals.symbolic_outputs(keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])).shape == (
        None,
        3,
    )
    assert keras_internals.symbolic_outputs(keras.Sequential([keras.layers.Dense(3)])) is None

    class Own(keras.Model):
        pass

    assert keras_internals.symbolic_outputs(Own()) is None


def test_layers_in_front():
    first, second = keras.layers.Dense(3), layers.RandomFlip()
    image = keras.Input((4, 4, 3))
    assert keras_internals.layers_in_front(image) == []
    assert keras_internals.layers_in_front(second(first(image))) == [first, second]
    merged = keras.layers.Add()([image, first(image)])
    assert keras_internals.layers_in_front(second(merged)) == [second]


def test_takes_mask():
    assert keras_internals.takes_mask(keras.layers.Attention())
    assert not keras_internals.takes_mask(keras.layers.Dense(1))


def test_takes_training():
    assert keras_internals.takes_training(keras.layers.Dropout(0.5))
    assert not keras_internals.takes_training(keras.layers.Flatten())


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (keras.layers.Resizing(2, 2), True),
        (keras.layers.Rescaling(1.0), True),
        (keras.layers.RandomFlip(), True),
        (keras.layers.Dense(1), False),
    ],
)
def test_is_data_layer(layer, expected):
    assert keras_internals.is_data_layer(layer) == expected


def test_is_keras_own():
    assert keras_internals.is_keras_own(keras.layers.Dense(1))
    assert not keras_internals.is_keras_own(Probe())


@pytest.mark.parametrize("training", [None, True, False])
def test_training_given(training):
    told = []
    probe = Probe(lambda layer: told.append(keras_internals.training_given(layer)))
    # Resizing's `training=True` by default is nobody's word.
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Resizing(2, 2), probe])
    model(np.zeros((1, 4, 4, 3)), **({} if training is None else {"training": training}))
    assert told == [training]


def test_a_missing_name_is_noticed(monkeypatch):
    """What this file is for: without the private name, the function's test fails."""
    monkeypatch.delattr(keras.layers.Layer, "_flatten_layers")
    with pytest.raises(AttributeError, match="_flatten_layers"):
        keras_internals.flat_layers(keras.layers.Dense(1))
    assert sys.modules[__name__].test_flat_layers
