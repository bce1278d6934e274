"""When a layer augments, over all the ways in which it can be called."""

import concurrent.futures
import threading
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.core import activity

IMAGES = (np.random.default_rng(0).random((4, 8, 8, 3)) * 255).astype("float32")


class Own(keras.layers.Layer):
    """A layer of a user's, whose default says `training=True`."""

    def call(self, x, training=True):
        return x * 1.0


class Learner(keras.layers.Layer):
    """Leaves the images as they are, but has a weight as layers that learn have."""

    def build(self, input_shape):
        self.one = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        return x * self.one


SIBLINGS = {
    "none": lambda: [],
    "Rescaling": lambda: [keras.layers.Rescaling(1.0)],
    "Resizing": lambda: [keras.layers.Resizing(8, 8)],
    "CenterCrop": lambda: [keras.layers.CenterCrop(8, 8)],
    "own": lambda: [Own()],
}


def preparing(sibling="none"):
    return keras.Sequential([*SIBLINGS[sibling](), layers.RandomInvert(1.0, seed=1)])


def learning(sibling="none"):
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, Learner()(preparing(sibling)(inputs)))


def augments(call):
    return not np.allclose(np.asarray(call(IMAGES)), IMAGES, atol=1e-3)


def mapped(function):
    return lambda images: next(iter(tf.data.Dataset.from_tensors(images).map(function)))


WAYS = {
    "eager": lambda f: f,
    "tf.function": lambda f: tf.function(f, autograph=False),
    "autograph": tf.function,
    "map": mapped,
    "map a lambda": lambda f: mapped(lambda images: f(images)),
}


CASES = pytest.mark.parametrize(
    ("sibling", "way"),
    [*((sibling, "eager") for sibling in SIBLINGS), *(("Resizing", way) for way in WAYS if way != "eager")],
)


@CASES
def test_a_model_that_only_prepares_data(sibling, way):
    """Keras's tutorials write `map(lambda x, y: (augment(x), y))`."""
    model = preparing(sibling)
    assert augments(WAYS[way](model))
    assert augments(WAYS[way](lambda x: model(x, training=True)))
    assert not augments(WAYS[way](lambda x: model(x, training=False)))


@CASES
def test_a_model_that_learns(sibling, way):
    """The default of a layer beside ours, or around it, is nobody's word."""
    model = learning(sibling)
    assert not augments(WAYS[way](model))
    assert not augments(WAYS[way](lambda x: model(x, training=False)))
    assert augments(WAYS[way](lambda x: model(x, training=True)))


@pytest.mark.parametrize("sibling", ["none", "Resizing", "own"])
def test_what_keras_makes_of_a_model_that_learns(sibling, tmp_path):
    model = learning(sibling)
    assert not augments(lambda x: model.predict(x, verbose=0))
    model.export(tmp_path / "served", verbose=False)
    assert not augments(tf.saved_model.load(tmp_path / "served").serve)
    model.compile("sgd", "mse")
    loss = lambda of: (
        model.evaluate(IMAGES, IMAGES, verbose=0) if of == "evaluate" else model.train_on_batch(IMAGES, IMAGES)
    )
    assert loss("evaluate") < 1e-3 < loss("train")


def test_an_augmenter_called_in_a_train_step():
    """Contrastive learning makes two views, and a loss of 0 would say that they are the same image."""

    class Contrastive(keras.Model):
        def __init__(self):
            super().__init__()
            self.augmenter = preparing("Resizing")
            self.learner = Learner()

        def train_step(self, data):
            return {"difference": tf.reduce_max(tf.abs(self.augmenter(data) - self.learner(data)))}

    model = Contrastive()
    model.compile()
    assert model.fit(IMAGES, verbose=0).history["difference"][0] > 1.0


class Outer(keras.Model):
    """A model with an author who says what a part is to do."""

    def __init__(self, said):
        super().__init__()
        self.part, self.learner, self.said = preparing(), Learner(), said

    def call(self, x, training=None):
        said = training if self.said == "as told" else self.said
        return self.learner(self.part(x) if said == "nothing" else self.part(x, training=said))


@pytest.mark.parametrize(
    ("said", "training", "expected"),
    [
        ("nothing", None, False),
        ("nothing", True, True),
        ("nothing", False, False),
        ("as told", None, False),
        ("as told", True, True),
        (True, None, True),
        (True, False, False),
        (False, None, False),
    ],
)
def test_what_an_outer_model_says(said, training, expected):
    model = Outer(said)
    assert augments(lambda x: model(x, training=training)) == expected


def test_layers_one_by_one_and_composites():
    layer = layers.RandomInvert(1.0)
    assert augments(layer) and augments(mapped(layer)) and augments(layers.Pipeline([layer]))
    assert augments(keras.layers.Pipeline([keras.layers.Resizing(8, 8), layer]))
    assert not augments(lambda x: layer(x, training=False))


def test_threads_draw_different_numbers(monkeypatch):
    """Workers of a `PyDataset` call a layer at the same time."""
    together, calls = threading.Barrier(8), keras.random.SeedGenerator(0)
    read = tf.convert_to_tensor

    def slow(value):
        time.sleep(0.001)  # long enough for all to read before one has written
        return read(value)

    def number(_):
        together.wait()
        return int(activity.keys(calls, None, None).call[1])

    monkeypatch.setattr(tf, "convert_to_tensor", slow)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(number, range(8))) == list(range(8))


def test_variables_are_taken_as_tensors():
    layer = layers.Rescaling(0.5)
    for variable in (tf.Variable(IMAGES), keras.Variable(IMAGES)):
        np.testing.assert_array_equal(layer(variable), IMAGES / 2)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(variable := tf.Variable(IMAGES)))
    np.testing.assert_array_equal(tape.gradient(total, variable), np.full_like(IMAGES, 0.5))
