"""How often a layer is compiled: once for each shape, by whomever it is called."""

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.ops.compiled import shared


@pytest.fixture
def counting():
    """A layer, and the shapes for which it was traced."""
    traced = []

    class Counting(layers.Augmentation, listed=False):
        def apply(self, x, params):
            traced.append(tuple(x.shape))
            return x + 1.0

    return Counting(), traced


@pytest.mark.xla
def test_once_for_each_shape(counting):
    layer, traced = counting
    whole, last, other = (np.zeros(shape, "float32") for shape in ((4, 8, 8, 1), (2, 8, 8, 1), (4, 6, 8, 1)))
    for batch in (whole, whole, last, whole, last, other, other, whole):
        layer(batch)
    assert traced == [(4, 8, 8, 1), (2, 8, 8, 1), (4, 6, 8, 1)]


@pytest.mark.xla
def test_an_epoch_with_a_smaller_last_batch(counting):
    layer, traced = counting
    data = tf.data.Dataset.from_tensor_slices(np.zeros((10, 8, 8, 1), "float32")).batch(4).map(layer)
    for _ in range(3):
        assert len(list(data)) == 3
    assert len(traced) == 1  # one graph with an unknown batch size


@pytest.mark.xla
def test_everybody_shares_the_kernel_of_a_function():
    traced = []

    def double(x):
        traced.append(tuple(x.shape))
        return 2 * x

    for size in (3, 3, 5, 3):
        shared(double)(tf.zeros(size))
    assert traced == [(3,), (5,)]
