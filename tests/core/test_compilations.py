"""How often a layer is compiled: once for each shape, by whomever it is called."""

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.core import plan
from keras_augsynth.ops.any_size import AnySize
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
def test_draws_are_compiled_with_the_pixels_and_stay_the_same(monkeypatch):
    """The result shows their bits."""
    compiles = []

    class Noting(AnySize):
        def __init__(self, function, **options):
            compiles.append(options.get("jit_compile"))
            super().__init__(function, **options)

    class Showing(layers.Augmentation, listed=False):
        def draw(self, rng, view):
            numbers = [rng.normal(0.5, 3.0), rng.log_uniform(0.1, 2.0), rng.uniform(-1.0, 1.3), rng.beta(0.3, 2.0)]
            return {"values": tf.stack(numbers, axis=1)}

        def apply(self, x, params):
            return x + params["values"][:, None, None, :]

    x = {"images": np.zeros((50, 2, 2, 4), "float32"), "sample_ids": np.arange(50), "epoch": 3}
    showing = [Showing(seed=5, jit=jit, p=0.8) for jit in (True, False)]
    monkeypatch.setattr(plan, "AnySize", Noting)
    np.testing.assert_array_equal(*(layer(x, training=True)["images"] for layer in showing))
    assert [each for each in compiles if each is not None] == [True, False]


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
