import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.ops import color, matrices


def test_one_pass_is_matrix_clip_scale(rng):
    x = rng.integers(0, 256, (3, 4, 5, 3)).astype("uint8")
    matrix = matrices.saturation(np.array([0.0, 1.5, 3.0]))
    result = color.transform(tf.constant(x), matrix, (0.0, 255.0), None, [1.0, 2.0, 3.0], -1.0)
    product = np.einsum("nij,nhwj->nhwi", matrix[:, :3, :3], x.astype("float64"))
    np.testing.assert_allclose(result, np.clip(product, 0, 255) * [1, 2, 3] - 1, rtol=1e-5, atol=1e-4)


def test_only_active_rows_change(rng):
    x = rng.normal(size=(2, 4, 4, 3)).astype("float32") * 1000
    matrix = matrices.brightness(np.array([1.0, 1.0]), 3)
    result = color.transform(tf.constant(x), matrix, (0.0, 255.0), tf.constant([True, False])).numpy()
    np.testing.assert_array_equal(result[1], x[1])
    assert result[0].min() >= 0 and result[0].max() <= 255


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_bad_values_stay_where_they_are(bad):
    x = np.full((1, 3, 3, 3), 10.0, "float32")
    x[0, 1, 1, 0] = bad
    matrix = tf.matmul(matrices.hue(0.5), matrices.saturation(0.2))
    result = color.transform(tf.constant(x), matrix, (0.0, 255.0)).numpy()
    np.testing.assert_array_equal(np.isfinite(result), np.isfinite(x))
    np.testing.assert_array_equal(result[0, 1, 1, 0], x[0, 1, 1, 0])
    np.testing.assert_allclose(color.channel_mean(tf.constant(x)), [[10.0, 10.0, 10.0]])


def test_mean_of_many_pixels_keeps_its_digits(rng):
    x = rng.integers(0, 256, (1, 700, 600, 3)).astype("uint8")
    np.testing.assert_allclose(color.channel_mean(tf.constant(x)), x.mean((1, 2)), rtol=1e-6)
    np.testing.assert_allclose(color.channel_mean(tf.constant(x / 255.0)), (x / 255.0).mean((1, 2)), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "uint64"])
def test_limits_of_integers_with_few_pixels(dtype):
    x = np.array([[[[3, 250]]]]).astype(dtype)
    low, high = color.channel_limits(tf.constant(x))
    np.testing.assert_array_equal([low, high], [[x[0, 0, 0]]] * 2)
