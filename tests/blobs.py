"""Rows about three centers, sources of more of them, and a classifier, for the tests of the balancer."""

import random

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth import callbacks

SIZE, CLASSES = 8, 3
COUNTS = [160, 60, 30]
CENTERS = np.array([[0.0] * SIZE, [1.2] * 4 + [0.0] * 4, [0.0] * 4 + [1.2] * 4], "float32")
RNG = np.random.default_rng(0)


def drawn(labels):
    return (RNG.normal(size=(len(labels), SIZE)) + CENTERS[labels]).astype("float32")


Y = RNG.permutation(np.repeat(np.arange(CLASSES), COUNTS))
X = drawn(Y)
Y_VAL = np.repeat(np.arange(CLASSES), 60)
X_VAL = drawn(Y_VAL)


class Source:
    """Samples of the true law, of its labels permuted, noise, or one sample for each class."""

    num_classes = CLASSES

    def __init__(self, kind):
        self.kind = kind

    def fit(self, x, y, **kwargs):
        return self

    def sample(self, labels, seed=None):
        noise = tf.random.stateless_normal((tf.shape(labels)[0], SIZE), tf.stack([tf.cast(seed, tf.int64), 1]))
        if self.kind == "noise":
            return 30.0 * noise
        means = tf.gather(CENTERS, (labels + (self.kind == "permuted")) % CLASSES)
        return means + noise * (self.kind != "collapsed")


class Spy(keras.Sequential):
    """Keeps the batches that its training step has seen; it must run eagerly."""

    def train_step(self, data):
        vars(self).setdefault("batches", []).append(tuple(np.asarray(part) for part in data))
        return super().train_step(data)


def classifier(dropout=0.2, cls=keras.Sequential, **compile_with):
    random.seed(1)  # which Keras seeds initial weights and Dropout by
    hidden = [keras.layers.Dense(16, activation="relu"), keras.layers.Dropout(dropout)]
    model = cls([keras.Input((SIZE,)), *hidden, keras.layers.Dense(CLASSES)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), **{"loss": loss, **compile_with})
    return model


def eager(**kwargs):
    """A classifier without a graph, where the way of training is not the question."""
    return classifier(run_eagerly=True, **kwargs)


def still(**kwargs):
    """One whose weights never change, so that a loss in the log can be worked out."""
    model = eager(dropout=0.0, **kwargs)
    model.optimizer.learning_rate = 0.0
    return model


def balancer(synthesizer="good", **kwargs):
    synthesizer = Source(synthesizer) if isinstance(synthesizer, str) else synthesizer
    return callbacks.SyntheticBalancer(synthesizer, **{"seed": 1, **kwargs})


def fit(callback, model=None, **kwargs):
    """One epoch of two steps, if not said otherwise; Keras itself does not evaluate."""
    options = {"validation_data": (X_VAL, Y_VAL), "validation_freq": 99, "batch_size": 125, "verbose": 0}
    options |= {"shuffle": False, **kwargs}
    x, y = options.pop("data", (X, Y))
    return (model or eager()).fit(x, y, callbacks=[callback, *options.pop("also", [])], **options).history
