"""TensorFlow's kernel for affine maps beside the package's own resample, which other tests hold to SciPy's."""

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.ops.compiled import way
from keras_augsynth.ops.kernels import warp
from keras_augsynth.ops.resample import resample


def uncompiled(*args, **kwargs):
    with way(compiles=False):
        return resample(*args, **kwargs)


@pytest.fixture
def matrices(rng):
    """Turned, zoomed, sheared, moved; and exact: none, a quarter, mirrored, moved by whole pixels."""
    free = np.tile(np.eye(3), (8, 1, 1))
    free[:, :2] += rng.uniform(-0.7, 0.7, (8, 2, 3)) * [1, 1, 20]
    exact = [
        np.diag([1, 1, 1]),
        [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
        np.diag([-1, 1, 1]),
        [[1, 0, 5], [0, 1, -3], [0, 0, 1]],
    ]
    return np.concatenate([free, np.array(exact, "float64")]).astype("float32")


@pytest.mark.parametrize("fill_mode", warp._MODES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("output_size", [None, (15, 31)])
def test_like_resample(rng, matrices, fill_mode, dtype, output_size):
    x = tf.constant(rng.integers(0, 256, (12, 20, 20, 3)).astype(dtype))
    args = (x, tf.constant(matrices), output_size, "bilinear", fill_mode, 7.0)
    result, expected = uncompiled(*args), resample(*args)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result, expected, atol=0.01)
    if output_size is None:
        np.testing.assert_array_equal(result[8:], expected[8:])


def test_masks_and_other_borders_are_read_by_resample_itself(rng, matrices):
    x = tf.constant(rng.integers(0, 256, (12, 20, 20, 1), "uint8"))
    for interpolation, fill_mode in (("nearest", "reflect"), ("bilinear", "wrap")):
        assert not warp.takes(x, interpolation, fill_mode)
        args = (x, tf.constant(matrices), None, interpolation, fill_mode)
        np.testing.assert_array_equal(uncompiled(*args), resample(*args))


def test_values_that_are_not_finite_spread_no_further(rng, matrices):
    x = rng.random((12, 20, 20, 1)).astype("float32")
    x[:, 10, 10], x[:, 3, 3] = np.nan, np.inf
    args = (tf.constant(x), tf.constant(matrices))
    np.testing.assert_allclose(uncompiled(*args), resample(*args), atol=1e-6)


def test_gradient_is_that_of_resample(rng, matrices):
    x, weights = (tf.constant(rng.random((12, 9, 9, 2)).astype("float32")) for _ in range(2))

    def gradient(function):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(function(x, tf.constant(matrices)) * weights)
        return tape.gradient(loss, x)

    np.testing.assert_allclose(gradient(uncompiled), gradient(resample), atol=1e-5)


def test_unknown_sizes_and_an_empty_batch(matrices):
    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 1), "uint8"), tf.TensorSpec((None, 3, 3))])
    def traced(x, matrix):
        return uncompiled(x, matrix)

    assert traced(np.zeros((12, 5, 7, 1), "uint8"), matrices).shape == (12, 5, 7, 1)
    assert traced(np.zeros((0, 5, 7, 1), "uint8"), matrices[:0]).shape == (0, 5, 7, 1)
