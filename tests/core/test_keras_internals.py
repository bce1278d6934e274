"""Fails with the name of the function of which Keras no longer has what it needs."""

import keras
import numpy as np

from keras_augsynth.core import keras_internals


class Probe(keras.layers.Layer):
    """Calls a function from within `call`."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x, training=None, mask=None):
        self.function(self)
        return x


def seen(function, **kwargs):
    results = []
    model = keras.Sequential([keras.layers.Identity(), Probe(lambda layer: results.append(function(layer)))])
    model(np.ones((1, 2), "float32"), **kwargs)
    return model, results[-1]


def test_accept_inputs_as_they_are():
    class Layer(keras.layers.Layer):
        def call(self, inputs, beside):
            return inputs["texts"], beside

    layer = Layer(autocast=False)
    keras_internals.accept_inputs_as_they_are(layer)
    texts, beside = layer({"texts": np.array(["a"])}, "anything")
    assert texts.dtype.kind == "U" and beside == "anything"


def test_outermost_layer():
    model, outermost = seen(keras_internals.outermost_layer)
    assert outermost is model


def test_flat_layers():
    inner = keras.Sequential([keras.layers.Identity()])
    model = keras.Sequential([inner])
    assert {id(layer) for layer in (model, inner, inner.layers[0])} <= set(map(id, keras_internals.flat_layers(model)))


def test_takes_training_and_takes_mask():
    probe, neither = Probe(None), keras.layers.Identity()
    assert keras_internals.takes_training(probe) and keras_internals.takes_mask(probe)
    assert not keras_internals.takes_training(neither) and not keras_internals.takes_mask(neither)


def test_is_data_layer():
    assert all(map(keras_internals.is_data_layer, [keras.layers.RandomFlip(), keras.layers.Resizing(2, 2)]))
    assert not any(map(keras_internals.is_data_layer, [keras.layers.Dense(1), Probe(None)]))


def test_is_keras_own():
    assert keras_internals.is_keras_own(keras.layers.Dense(1)) and not keras_internals.is_keras_own(Probe(None))


def test_training_given():
    for training in (True, False, None):
        assert seen(keras_internals.training_given, training=training)[1] is training
