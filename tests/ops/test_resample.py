"""Against `scipy.ndimage.affine_transform`, for every fill mode, interpolation and number of axes."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from keras_augsynth.ops import matrices
from keras_augsynth.ops.compiled import compiled
from keras_augsynth.ops.resample import resample

# SciPy's plain "constant" and "wrap" treat the border otherwise; these are Keras's meanings.
SCIPY_MODES = {"constant": "grid-constant", "nearest": "nearest", "reflect": "reflect", "wrap": "grid-wrap"}
SIZES = [((9,), (12,)), ((7, 10), (7, 10)), ((7, 10), (5, 13)), ((5, 6, 7), (6, 5, 9))]


def scipy_resample(x, matrix, output_size, order, mode, value):
    axes = x.ndim - 2
    backwards = list(range(axes))[::-1]  # our x is SciPy's last axis
    center, out_center = (np.array(x.shape[1:-1]) - 1) / 2, (np.array(output_size) - 1) / 2
    result = np.zeros((len(x), *output_size, x.shape[-1]))
    for n in range(len(x)):
        linear = matrix[n, :axes, :axes][backwards][:, backwards]
        offset = center + matrix[n, :axes, axes][backwards] - linear @ out_center
        for c in range(x.shape[-1]):
            result[n, ..., c] = ndimage.affine_transform(
                x[n, ..., c].astype("float64"), linear, offset, output_size, order=order, mode=mode, cval=value
            )
    return result


def random_matrices(rng, axes):
    matrix = np.eye(axes + 1)[None].repeat(2, 0)
    matrix[:, :axes] += rng.normal(0, 0.3, (2, axes, axes + 1))
    matrix[:, :axes, axes] *= 5
    return matrix


@pytest.mark.parametrize("mode", SCIPY_MODES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("jit", [None, False], ids=["xla", "plain"])
def test_matches_scipy(rng, mode, interpolation, jit):
    read = compiled(resample, jit)
    for size, output_size in SIZES:
        x = rng.random((2, *size, 3)).astype("float32")
        matrix = random_matrices(rng, len(size))
        result = read(tf.constant(x), tf.constant(matrix), output_size, interpolation, mode, 0.3)
        order = 1 if interpolation == "bilinear" else 0
        expected = scipy_resample(x, matrix, output_size, order, SCIPY_MODES[mode], 0.3)
        np.testing.assert_allclose(result, expected, atol=2e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float16", "float64", "bfloat16"])
def test_reads_every_dtype(rng, dtype):
    x = tf.cast(rng.integers(0, 100, (1, 6, 5, 2)), dtype)
    shift = tf.cast(matrices.translation(1.0, 0.0), tf.float32)
    linear, nearest = (resample(x, shift, None, kind, "wrap") for kind in ("bilinear", "nearest"))
    expected = np.roll(x.numpy().astype("float32"), -1, axis=2)
    assert (linear.dtype, nearest.dtype) == (tf.float32, x.dtype)
    np.testing.assert_array_equal(linear, expected)
    np.testing.assert_array_equal(tf.cast(nearest, tf.float32), expected)


@pytest.mark.parametrize("mode", SCIPY_MODES)
@pytest.mark.parametrize("size", [(1, 5), (5, 1), (1, 1), (1, 4, 5), (4, 1, 1), (1, 1, 1)], ids=str)
def test_a_side_of_one_in_whole_numbers(rng, size, mode):
    x = rng.integers(-9, 9, (2, *size, 1)).astype("int16")
    matrix = random_matrices(rng, len(size))
    result = resample(tf.constant(x), tf.constant(matrix), None, "bilinear", mode)
    expected = scipy_resample(x, matrix, size, 1, SCIPY_MODES[mode], 0.0)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_whole_pixel_moves_are_exact(rng):
    x = tf.constant(rng.normal(size=(1, 6, 5, 2)) * 1e3, tf.float32)
    for matrix, expected in (
        (matrices.identity(3), x),
        (matrices.scaling(-1.0, 1.0), x[:, :, ::-1]),
        (matrices.scaling(1.0, -1.0), x[:, ::-1]),
        (matrices.scaling(-1.0, -1.0), x[:, ::-1, ::-1]),
    ):
        np.testing.assert_array_equal(resample(x, tf.cast(matrix, tf.float32), None, "bilinear", "reflect"), expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_pixels_reach_their_neighbours_only(bad):
    x = np.zeros((1, 9, 9, 1), "float32")
    x[0, 4, 4] = bad
    half = tf.cast(matrices.translation(0.5, 0.5), tf.float32)
    result = resample(tf.constant(x), half, None, "bilinear", "nearest").numpy()[0, ..., 0]
    assert sorted(map(tuple, np.argwhere(~np.isfinite(result)))) == [(3, 3), (3, 4), (4, 3), (4, 4)]
    still = resample(tf.constant(x), tf.eye(3)[None], (9, 9), "bilinear", "nearest").numpy()
    np.testing.assert_array_equal(still, x)


def test_sizes_unknown_to_the_graph(rng):
    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
    def turned(x):
        return compiled(resample)(x, tf.cast(matrices.rotation(np.pi / 2), tf.float32), None, "nearest", "constant")

    for size in (5, 8):
        x = rng.integers(0, 255, (2, size, size, 3)).astype("uint8")
        np.testing.assert_array_equal(turned(x), np.rot90(x, axes=(1, 2)))


@pytest.mark.full
def test_gradient_and_second_gradient_inside_xla(rng):
    """A discriminator's gradient penalty differentiates twice through the resampler."""
    x = tf.constant(rng.normal(size=(2, 6, 6, 1)), tf.float32)
    matrix = tf.cast(matrices.rotation([0.3, -0.4]), tf.float32)
    read = compiled(resample)

    def penalty(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(read(x, matrix, None, "bilinear", "reflect") ** 3)
            value = tf.reduce_sum(inner.gradient(total, x) ** 2)
        return value, outer.gradient(value, x)

    plain = penalty(x)
    for first, second in zip(plain, tf.function(penalty, jit_compile=True)(x), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-3)
    step = 1e-2 * tf.one_hot([[14] * 1], 36)[0]
    step = tf.reshape(step, (1, 6, 6, 1)) * [[[[1.0]]], [[[0.0]]]]
    numeric = (penalty(x + step)[0] - penalty(x - step)[0]) / 2e-2
    np.testing.assert_allclose(numeric, plain[1][0, 2, 2, 0], rtol=2e-2)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_upright_maps_can_be_said_to_be_so(dtype, interpolation):
    x = np.random.default_rng(0).integers(0, 256, (2, 9, 7, 3)).astype(dtype)
    maps = np.array([[[0.7, 0, 1.3], [0, 1.4, -2.1], [0, 0, 1]], [[-1, 0, 0.5], [0, 0.3, 4], [0, 0, 1]]], "float32")
    ways = [resample(x, maps, (5, 8), interpolation, "reflect", upright=upright) for upright in (False, True)]
    np.testing.assert_array_equal(*ways)
