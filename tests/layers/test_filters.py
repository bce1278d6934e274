"""Blurs, sharpness and resizing against OpenCV, PIL and SciPy, with their borders."""

import cv2
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
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
    np.testing.assert_allclose(layers.RandomMotionBlur(9, 0.1)(flat(*size)), 100.0, rtol=1e-5)
    np.testing.assert_allclose(layers.RandomDefocus(4)(flat(*size)), 100.0, rtol=1e-5)
    np.testing.assert_array_equal(layers.RandomMedianBlur(5)(flat(*size)), flat(*size))
    np.testing.assert_allclose(layers.RandomDownscale(0.3)(flat(*size)), 100.0, rtol=1e-5)


@pytest.mark.parametrize(("length", "turn"), [(5, 0.0), (7, 0.25), (5, 0.125), (7, -0.3)])
def test_motion_blur_is_the_mean_of_shifted_images(images, length, turn):
    """Turns are counter-clockwise: y points down, so the line goes up on the right."""
    steps = np.arange(length) - length // 2
    across, down = steps * np.cos(2 * np.pi * turn), -steps * np.sin(2 * np.pi * turn)
    result = layers.RandomMotionBlur(length, (turn, turn))(images).numpy()
    for image, got in zip(images.astype("float64"), result, strict=True):
        shifted = [
            scipy.ndimage.shift(image, (*move, 0), order=1, mode="mirror") for move in zip(down, across, strict=True)
        ]
        np.testing.assert_allclose(got, np.mean(shifted, axis=0), atol=1e-3)
    np.testing.assert_allclose(layers.RandomMotionBlur(1)(images), images, atol=1e-3)


@pytest.mark.parametrize("radius", [0.0, 1.0, 2.5, 4.0])
def test_defocus_is_opencvs_filter_with_a_disk(images, radius):
    fine = np.abs(np.arange(-5.5 + 0.05, 5.5, 0.1))
    covered = (fine**2 + fine[:, None] ** 2 <= max(radius, 0.1) ** 2).reshape(11, 10, 11, 10).sum((1, 3), dtype=float)
    result = layers.RandomDefocus(radius)(images).numpy()
    for image, got in zip(images.astype("float32"), result, strict=True):
        expected = cv2.filter2D(image, -1, covered / covered.sum())
        assert np.abs(got - expected).mean() < 2.5  # of noise of 74; the edge of the disk is approximate


@pytest.mark.parametrize("size", [3, 5])
def test_median_is_opencvs(images, size):
    result = layers.RandomMedianBlur(size)(images)
    np.testing.assert_array_equal(result, [cv2.medianBlur(image, size) for image in images])


def test_median_draws_its_size(images):
    result = layers.RandomMedianBlur(seed=1)(np.repeat(images[:1], 60, 0)).numpy()
    sizes = [[np.array_equal(image, cv2.medianBlur(images[0], size)) for size in (3, 5)] for image in result]
    assert np.all(np.sum(sizes, 1) == 1) and np.all(np.sum(sizes, 0) > 15)


@pytest.mark.parametrize("scale", [0.2, 0.45, 0.77, 1.0])
@pytest.mark.parametrize("down", ["area", "nearest"])
@pytest.mark.parametrize("up", ["bilinear", "nearest"])
def test_downscale_is_opencvs(images, scale, down, up):
    flags = {"area": cv2.INTER_AREA, "nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR}
    result = layers.RandomDownscale(scale, down, up)(images)
    size = images.shape[1:3]
    small = tuple(round(side * scale) for side in size)
    for image, got in zip(images.astype("float32"), result, strict=True):
        expected = cv2.resize(image, small[::-1], interpolation=flags[down])
        expected = cv2.resize(expected, size[::-1], interpolation=flags[up])
        np.testing.assert_allclose(got, expected, atol=0.05)


def test_downscale_of_a_volume_is_along_all_axes(rng):
    volumes = rng.normal(size=(2, 6, 8, 10, 2)).astype("float32")
    blocks = volumes.reshape(2, 3, 2, 4, 2, 5, 2, 2).mean((2, 4, 6))
    expected = blocks.repeat(2, 1).repeat(2, 2).repeat(2, 3)
    result = layers.RandomDownscale(0.5)({"volumes": volumes}, training=True)["volumes"]
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_downscale_draws_for_each_image(images):
    result = layers.RandomDownscale((0.1, 0.9), "nearest", seed=1)(np.repeat(images[:1], 50, 0)).numpy()
    left = [len(np.unique(image[..., 0])) for image in result]
    assert min(left) < 10 and max(left) > 150


@pytest.mark.parametrize(
    "build",
    [
        lambda: layers.RandomGaussianBlur((1, 1), 5, 1.5),
        lambda: layers.RandomSharpness((0.2, 0.2)),
        lambda: layers.RandomMotionBlur(9, (0.1, 0.1)),  # in more than one piece
        lambda: layers.RandomDefocus(2.5),
        lambda: layers.RandomDownscale(0.4, upscale_interpolation="bilinear"),
    ],
)
def test_gradient_of_a_linear_filter_is_its_transpose(build, rng):
    x, y = (tf.constant(rng.uniform(50, 200, (2, 9, 8, 3)), tf.float32) for _ in range(2))
    layer = build()
    with tf.GradientTape() as tape:
        tape.watch(x)
        product = tf.reduce_sum(y * layer(x, training=True))
    np.testing.assert_allclose(tf.reduce_sum(x * tape.gradient(product, x)), product, rtol=1e-5)


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
        (lambda: layers.RandomMotionBlur(0.5), ValueError, "RandomMotionBlur: `kernel_size` must"),
        (lambda: layers.RandomMotionBlur(angle=2), ValueError, "RandomMotionBlur: `angle` must"),
        (lambda: layers.RandomDefocus(-1), ValueError, "RandomDefocus: `radius` must"),
        (lambda: layers.RandomMedianBlur(7), ValueError, "RandomMedianBlur: `kernel_size` must be 3, 5 or"),
        (lambda: layers.RandomMedianBlur(3.0), TypeError, "RandomMedianBlur: `kernel_size` must be an integer"),
        (lambda: layers.RandomDownscale(0.01), ValueError, "RandomDownscale: `scale` must"),
        (lambda: layers.RandomDownscale(0.5, "aera"), ValueError, 'did you mean "area"'),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


@pytest.mark.parametrize("build", [layers.RandomMotionBlur, layers.RandomDefocus])
def test_bytes_are_the_rounded_floats(images, build):
    """Bytes are summed in pairs of equal weights, in more than one piece, and rounded in the last one."""
    make = lambda dtype: build(13 if build is layers.RandomMotionBlur else 6, p=0.5, seed=3, dtype=dtype)
    many = np.concatenate([images] * 4)
    expected = make("float32")(many.astype("float32")).numpy()
    assert 0.0 < np.mean(np.any(expected != many, axis=(1, 2, 3))) < 1.0
    np.testing.assert_allclose(make("float32")(many), expected, atol=1e-3)
    assert np.abs(make("uint8")(many).numpy() - expected).max() <= 0.501


@pytest.mark.parametrize("down", ["area", "nearest"])
@pytest.mark.parametrize("up", ["bilinear", "nearest"])
def test_coarse_bytes_are_the_rounded_floats(images, down, up):
    make = lambda dtype: layers.RandomDownscale((0.2, 0.9), down, up, p=0.5, seed=3, dtype=dtype)
    many = np.concatenate([images] * 4)
    expected = make("float32")(many.astype("float32")).numpy()
    assert 0.0 < np.mean(np.any(expected != many, axis=(1, 2, 3))) < 1.0
    np.testing.assert_allclose(make("float32")(many), expected, atol=1e-3)
    assert np.abs(make("uint8")(many).numpy() - expected).max() <= 0.501
