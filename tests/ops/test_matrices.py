"""Directions and centers, against images that can be seen through, and colors against colorsys."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.ops import matrices
from keras_augsynth.ops.resample import resample


def moved(x, matrix):
    return resample(x, tf.cast(matrix, tf.float32), None, "nearest", "constant").numpy()


@pytest.fixture
def image(rng):
    return tf.constant(rng.integers(1, 200, (1, 5, 5, 1)))


def test_directions(image):
    x = image.numpy()
    np.testing.assert_array_equal(moved(image, matrices.rotation(np.pi / 2)), np.rot90(x, axes=(1, 2)))
    np.testing.assert_array_equal(moved(image, matrices.translation(1.0, 0.0))[:, :, :-1], x[:, :, 1:])
    np.testing.assert_array_equal(moved(image, matrices.translation(0.0, -2.0))[:, 2:], x[:, :-2])
    sheared = moved(image, matrices.shear(1.0, 0.0))
    np.testing.assert_array_equal(sheared[:, 2], x[:, 2])  # the middle row stays
    np.testing.assert_array_equal(sheared[:, 3, :-1], x[:, 3, 1:])


def test_window_covers_what_it_says():
    x = tf.reshape(tf.range(48.0), (1, 6, 8, 1))
    window = matrices.window(left=2, top=1, width=4, height=3, size=(6, 8), output_size=(3, 4))
    result = resample(x, tf.cast(window, tf.float32), (3, 4))
    np.testing.assert_array_equal(result, x[:, 1:4, 2:6])


def test_inverse():
    matrix = tf.matmul(matrices.rotation(0.3), matrices.translation(2.0, -1.0))
    np.testing.assert_allclose(matrices.inverse(matrix), np.linalg.inv(matrix), atol=1e-12)


def test_colors(rng):
    color = rng.random((1, 3))
    apply = lambda matrix, values: (matrix[:, :3, :3] @ values[..., None])[..., 0] + matrix[:, :3, 3]
    gray = color @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(apply(matrices.saturation(0.0), color), np.tile(gray, (1, 3)))
    np.testing.assert_allclose(apply(matrices.saturation(1.0), color), color)
    np.testing.assert_allclose(apply(matrices.brightness(0.2, 3), color), color + 0.2)
    np.testing.assert_allclose(
        apply(matrices.contrast(0.5, tf.constant([[0.1, 0.2, 0.3]])), color),
        (color + np.array([0.1, 0.2, 0.3])) / 2,
        atol=1e-7,
    )
    np.testing.assert_allclose(apply(matrices.hue(1.0), np.full((1, 3), 0.4)), np.full((1, 3), 0.4))


def test_hue_agrees_with_hsv_at_the_primaries():
    for turn in (1 / 3, 2 / 3):
        red = np.array([[1.0, 0.0, 0.0]])
        matrix = matrices.hue(2 * np.pi * turn)
        np.testing.assert_allclose(
            (matrix[:, :3, :3] @ red[..., None])[0, :, 0], colorsys.hsv_to_rgb(turn, 1, 1), atol=1e-7
        )
