"""Layers that move gray levels, against OpenCV, PIL, and Keras where that is right."""

import cv2
import keras
import numpy as np
import pytest
from PIL import Image, ImageOps

from keras_augsynth import layers


@pytest.fixture
def images(rng):
    """Three images of different brightness and contrast, so that leaks between them would show."""
    x = rng.normal(size=(3, 26, 30, 3)) * [[[[20]]], [[[60]]], [[[5]]]] + [[[[60]]], [[[128]]], [[[200]]]]
    return np.clip(x, 0, 255).astype("uint8")


def with_pil(function, images, *arguments):
    return np.stack([np.asarray(function(Image.fromarray(image), *arguments)) for image in images])


def by_channel(function, images):
    return np.stack([np.stack([function(np.ascontiguousarray(x[..., c])) for c in range(3)], -1) for x in images])


def test_invert(images):
    result = layers.RandomInvert((1.0, 1.0))(images)
    np.testing.assert_allclose(result, with_pil(ImageOps.invert, images), atol=1e-4)
    centered = images / 127.5 - 1.0
    np.testing.assert_allclose(layers.RandomInvert((1, 1), value_range=(-1, 1))(centered), -centered, atol=1e-6)
    many = np.zeros((400, 1, 1, 1), "uint8")
    assert 0.4 < np.mean(layers.RandomInvert(1.0, seed=1)(many) == 255) < 0.6  # the chance itself is uniform
    assert 0.2 < np.mean(layers.RandomInvert((0.3, 0.3), seed=1)(many) == 255) < 0.4


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_posterize(images, bits):
    expected = with_pil(ImageOps.posterize, images, bits)
    np.testing.assert_array_equal(layers.RandomPosterization(bits)(images), expected)
    unit = layers.RandomPosterization(bits, value_range=(0, 1))(images / np.float32(255))  # no level lost by rounding
    np.testing.assert_allclose(unit * 255, expected, atol=1e-3)


def test_posterize_draws_both_ends():
    ramp = np.tile(np.arange(256, dtype="uint8").reshape(1, 16, 16, 1), (60, 1, 1, 1))
    result = layers.RandomPosterization((2, 4), seed=1)(ramp).numpy()
    assert {len(np.unique(image)) for image in result} == {4, 8, 16}


def test_color_degeneration(images):
    half = layers.RandomColorDegeneration((0.5, 0.5))(images)
    theirs = keras.layers.RandomColorDegeneration((0.5, 0.5))(images.astype("float32"), training=True)
    np.testing.assert_allclose(half, theirs, atol=0.02)  # Keras writes luma with four digits
    gray = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images])[..., None]
    np.testing.assert_allclose(layers.RandomColorDegeneration((1, 1))(images) - gray, 0, atol=0.51)


def test_solarize(images):
    expected = with_pil(ImageOps.solarize, images, 128)
    np.testing.assert_allclose(layers.Solarization(threshold_factor=(128 / 255,) * 2)(images), expected, atol=1e-4)
    np.testing.assert_array_equal(layers.Solarization()(images), 255.0 - images)
    # an addition drawn from (0.5, 0.5) is half of the range; Keras draws from 0.5 of a gray level on
    added = layers.Solarization((0.2, 0.2), (1.0, 1.0), value_range=(0, 1))(np.full((9, 1, 1, 1), 0.3))
    np.testing.assert_allclose(added, 0.5, atol=1e-6)
    centered = layers.Solarization(threshold_factor=(0.5, 0.5), value_range=(-1, 1))(np.array([[[-0.4], [0.4]]]))
    np.testing.assert_allclose(centered[0, :, 0], [-0.4, -0.4], atol=1e-6)


def test_auto_contrast(images):
    expected = with_pil(ImageOps.autocontrast, images)
    result = layers.AutoContrast()(images).numpy()
    assert np.abs(result - expected).max() <= 1.0  # PIL cuts off the fraction
    np.testing.assert_allclose(result, keras.layers.AutoContrast()(images.astype("float32")), atol=1e-3)
    first = layers.AutoContrast(data_format="channels_first")(np.moveaxis(images, -1, 1))
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), result)
    flat = np.full((1, 3, 3, 1), 7.0, "float32")
    np.testing.assert_array_equal(layers.AutoContrast()(flat), flat)
    broken = images[:1].astype("float32")
    broken[0, 0, 0] = [np.nan, np.inf, -np.inf]
    np.testing.assert_allclose(layers.AutoContrast()(broken)[0, 1:].numpy().max((0, 1)), 255)


def test_equalization_is_opencvs_for_each_image(images):
    expected = by_channel(cv2.equalizeHist, images)
    # OpenCV multiplies by a rounded scale, we divide: they part where a level falls on a half
    difference = np.abs(layers.Equalization()(images).numpy() - expected)
    assert difference.max() <= 1 and np.mean(difference > 0) < 0.01
    unit = layers.Equalization(value_range=(0, 1))(images / np.float32(255)).numpy() * 255
    np.testing.assert_allclose(unit, layers.Equalization()(images), atol=1e-3)


def test_equalization_is_kerass_for_one_channel(images):
    one = images[:1, ..., :1].astype("float32")  # Keras mixes the histograms of a batch
    for bins in (256, 32):
        ours, theirs = (lib.Equalization(bins=bins)(one) for lib in (layers, keras.layers))
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
    flat = np.full((1, 3, 3, 1), 7.0, "float32")
    np.testing.assert_array_equal(layers.Equalization()(flat), flat)


@pytest.mark.parametrize(
    ("size", "grid"), [((24, 32), (4, 8)), ((26, 30), (4, 3)), ((24, 30), (4, 4)), ((5, 3), (8, 8))]
)
@pytest.mark.parametrize("limit", [0.0, 2.0, 40.0])
def test_clahe_is_opencvs(images, size, grid, limit):
    images = np.ascontiguousarray(np.tile(images, (1, 2, 2, 1))[:, : size[0], : size[1]])
    reference = cv2.createCLAHE(clipLimit=limit, tileGridSize=grid[::-1])
    result = layers.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=limit, tile_grid_size=grid)(images).numpy()
    assert np.abs(result - by_channel(reference.apply, images)).max() <= 0.51  # OpenCV rounds


@pytest.mark.parametrize("name", ["AutoContrast", "Equalization", "ContrastLimitedAdaptiveHistogramEqualization"])
def test_deterministic_layers_change_the_share_p(name, images):
    many = np.repeat(images[:1], 200, 0)
    layer = getattr(layers, name)(p=0.3, seed=1)
    changed = np.any(layer(many) != many, axis=(1, 2, 3))
    assert 0.2 < changed.mean() < 0.4
    np.testing.assert_array_equal(layer(many, training=False), many)
    assert getattr(layers, name)(jit=False)(many[:0]).shape == (0, 26, 30, 3)  # no minimum of nothing


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: layers.RandomInvert(1.5), ValueError, "RandomInvert: `factor` must"),
        (lambda: layers.RandomPosterization(0), ValueError, "`factor` must be an integer from 1 to 8"),
        (lambda: layers.RandomPosterization(2.5), TypeError, "`factor` must be an integer"),
        (lambda: layers.RandomPosterization((1, 2, 3)), ValueError, "`factor` must be an integer or a pair"),
        (lambda: layers.RandomColorDegeneration(-0.5), ValueError, "RandomColorDegeneration: `factor` must"),
        (lambda: layers.Solarization(threshold_factor=2), ValueError, "Solarization: `threshold_factor` must"),
        (lambda: layers.Solarization(addition_factor="a"), TypeError, "`addition_factor` must be a number"),
        (lambda: layers.AutoContrast(value_range=(1, 1)), ValueError, "`value_range` must have two different ends"),
        (lambda: layers.Equalization(bins=1), ValueError, "Equalization: `bins` must be an integer from 2 to 65536"),
        (
            lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=-1),
            ValueError,
            "ContrastLimitedAdaptiveHistogramEqualization: `clip_limit` must",
        ),
        (
            lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=8),
            ValueError,
            "`tile_grid_size` must be a pair",
        ),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_table_of_bytes_says_what_floats_give(images, dtype):
    """Each image by its own exponent, and those that are left alone."""
    make = lambda dtype: layers.RandomGamma((0.3, 3.0), p=0.5, seed=3, dtype=dtype)
    many = np.concatenate([images] * 4)
    expected = make("float32")(many.astype("float32")).numpy()
    assert len(np.unique(np.any(expected != many, axis=(1, 2, 3)))) == 2
    result = make(dtype)(many).numpy()
    np.testing.assert_allclose(result, np.round(expected) if dtype == "uint8" else expected, atol=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda **kwargs: layers.RandomInvert((1, 1), p=0.5, **kwargs),
        lambda **kwargs: layers.RandomInvert((1, 1), value_range=(50, 200), **kwargs),
        lambda **kwargs: layers.RandomPosterization((1, 8), p=0.5, **kwargs),
    ],
)
@pytest.mark.parametrize("key", ["images", "videos"])
def test_bytes_need_no_floats(images, make, key):
    many = np.concatenate([images] * 4)
    many = many if key == "images" else np.stack([many, many[::-1]], axis=1)
    call = lambda x, dtype: make(seed=3, dtype=dtype)({key: x}, training=True)[key].numpy()
    expected = call(many.astype("float32"), "float32")
    assert np.any(expected != many)
    for dtype in ("uint8", "float32"):
        np.testing.assert_allclose(call(many, dtype), expected, atol=1e-3)
