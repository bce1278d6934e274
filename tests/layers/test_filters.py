"""Blurs and sharpness against OpenCV and PIL, their borders against what those do there."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from keras_augsynth import layers


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (3, 17, 22, 3)).astype("uint8")


def flat(*size):
    return np.full((1, *size, 2), 100.0, "float32")


def test_sharpness_is_pils(images):
    for factor in (0.0, 0.3, 0.5, 1.0):
        result = layers.RandomSharpness((factor, factor))(images).numpy()
        expected = [ImageEnhance.Sharpness(Image.fromarray(image)).enhance(2 * factor) for image in images]
        # PIL leaves the border alone, rounds the smoothed image, and cuts off the fraction of the blend
        difference = np.abs(result - np.stack(expected))[:, 1:-1, 1:-1]
        assert difference.max() <= 2.0
    soft = layers.RandomSharpness((0.0, 0.0))(images).numpy()
    kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    np.testing.assert_allclose(soft[0], cv2.filter2D(images[0].astype("float32"), -1, kernel), atol=1e-3)
    np.testing.assert_allclose(layers.RandomSharpness(1.0)(flat(5, 6)), 100.0, rtol=1e-5)


@pytest.mark.parametrize("size", [3, 9, (5, 1)])
def test_gaussian_blur_is_opencvs(images, size):
    result = layers.RandomGaussianBlur((1.0, 1.0), size, 1.3)(images).numpy()
    height, width = size if isinstance(size, tuple) else (size, size)
    for image, expected in zip(result, images.astype("float32"), strict=True):
        np.testing.assert_allclose(image, cv2.GaussianBlur(expected, (width, height), 1.3), atol=1e-3)


def test_gaussian_blur_draws_for_each_image(images):
    many = np.repeat(images[:1], 300, 0)
    result = layers.RandomGaussianBlur((0.5, 0.5), 5, (0.3, 1.5), seed=1)(many).numpy()
    changed = np.any(result != many, axis=(1, 2, 3))
    assert 0.4 < changed.mean() < 0.6
    spread = result[changed].std((1, 2, 3)) / images[0].std()
    assert spread.min() < 0.4 and spread.max() > 0.9
    np.testing.assert_array_equal(layers.RandomGaussianBlur((0, 0))(images), images)
    np.testing.assert_array_equal(layers.RandomGaussianBlur((1, 1), 3, 0.0)(images), images)


@pytest.mark.parametrize("size", [(5, 6), (1, 1), (2, 1)])
def test_borders_are_not_darkened(size):
    """Also where the kernel is larger than the image; Keras makes 48.9 of 100 with a kernel of 7."""
    np.testing.assert_allclose(layers.RandomGaussianBlur((1, 1), 7, 2.0)(flat(*size)), 100.0, rtol=1e-5)
    np.testing.assert_allclose(layers.RandomSharpness((0, 0))(flat(*size)), 100.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: layers.RandomSharpness(2), ValueError, "RandomSharpness: `factor` must"),
        (lambda: layers.RandomGaussianBlur(kernel_size=4), ValueError, "RandomGaussianBlur: `kernel_size` must be odd"),
        (lambda: layers.RandomGaussianBlur(kernel_size=3.0), TypeError, "`kernel_size` must be an integer"),
        (
            lambda: layers.RandomGaussianBlur(kernel_size=(3, 3, 3)),
            ValueError,
            "`kernel_size` must be an odd integer or",
        ),
        (lambda: layers.RandomGaussianBlur(sigma=-1), ValueError, "`sigma` must be a finite number of at least 0.0"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
