"""Geometric image layers against Keras's own where those are right, and against OpenCV."""

import cv2
import keras
import numpy as np
import pytest
from scipy import stats

from keras_augsynth import layers
from keras_augsynth.core import registry
from keras_augsynth.core.draws import View
from keras_augsynth.core.modalities import IMAGE
from keras_augsynth.ops.random import Random


@pytest.fixture(scope="module")
def photographs():
    """Smooth pictures, as photographs are, each another one."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(3, 48, 40, 3))
    return np.stack([cv2.GaussianBlur(n, (0, 0), 2) * 400 + 128 for n in noise]).astype("float32")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("RandomRotation", {"factor": (0.07, 0.07)}),
        ("RandomRotation", {"factor": (-0.3, -0.3), "interpolation": "nearest"}),
        ("RandomTranslation", {"height_factor": (0.1, 0.1), "width_factor": (-0.2, -0.2)}),
        ("RandomZoom", {"height_factor": (0.2, 0.2), "width_factor": (-0.3, -0.3)}),
        ("RandomZoom", {"height_factor": (-0.2, -0.2)}),
    ],
)
@pytest.mark.parametrize("fill_mode", ["reflect", "constant", "nearest"])
def test_same_as_keras(photographs, name, arguments, fill_mode):
    arguments = {**arguments, "fill_mode": fill_mode, "fill_value": 20.0}
    ours = getattr(layers, name)(**arguments)(photographs, training=True)
    theirs = getattr(keras.layers, name)(**arguments)(photographs, training=True)
    difference = np.abs(np.asarray(ours) - np.asarray(theirs))
    # Keras computes its matrices in float32; at nearest neighbour a pixel on the edge falls either way.
    assert np.mean(difference > 0.05) < 0.002


def test_wrap_is_scipys_not_keras(photographs):
    """Keras's warp does not blend the last pixel with the first; the meaning `(c d | a b c d | a b)` does."""
    shift = layers.RandomTranslation(0.0, (0.25, 0.25), fill_mode="wrap")(photographs)
    np.testing.assert_allclose(shift, np.roll(photographs, 10, axis=2), atol=1e-3)


def test_shear_is_about_the_center(photographs):
    height, width = photographs.shape[1:3]
    result = layers.RandomShear(x_factor=(0.2, 0.2), fill_mode="constant", seed=1)(photographs).numpy()
    for image, sheared in zip(photographs, result, strict=True):
        errors = []
        for sign in (1, -1):
            matrix = np.array([[1, sign * 0.2, -sign * 0.2 * (height - 1) / 2], [0, 1, 0]])
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            errors.append(np.abs(cv2.warpAffine(image, matrix, (width, height), flags=flags) - sheared)[:, 6:-6].max())
        assert min(errors) < 2.5  # OpenCV rounds coordinates to 1/32 pixel


def test_shear_goes_both_ways():
    images = np.zeros((200, 9, 9, 1), "float32")
    images[:, 8, 4] = 1
    result = layers.RandomShear(x_factor=(0.5, 0.5), fill_mode="constant", seed=1)(images).numpy()[:, 8, :, 0]
    left = np.argmax(result, axis=1) < 4
    assert 60 < left.sum() < 140


def test_flip_tosses_a_coin_for_each_axis():
    images = np.arange(12, dtype="float32").reshape(1, 3, 4, 1).repeat(400, 0)
    result = layers.RandomFlip(seed=1)(images).numpy()
    kinds = [images[0], images[0, ::-1], images[0, :, ::-1], images[0, ::-1, ::-1]]
    counts = [sum(np.array_equal(image, kind) for image in result) for kind in kinds]
    assert sum(counts) == 400
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(("mode", "axis"), [("horizontal", 2), ("vertical", 1)])
def test_flip_of_one_axis(mode, axis):
    images = np.arange(12).reshape(1, 3, 4, 1).repeat(50, 0)
    result = layers.RandomFlip(mode, seed=1)(images).numpy()
    flipped = np.array([np.array_equal(image, np.flip(images[0], axis - 1)) for image in result])
    np.testing.assert_array_equal(result[~flipped], images[~flipped])
    assert 10 < flipped.sum() < 40


def test_crop_takes_whole_windows_from_everywhere():
    images = np.arange(80, dtype="uint8").reshape(1, 8, 10, 1).repeat(600, 0)
    result = layers.RandomCrop(5, 6, seed=1)(images).numpy()[..., 0]
    corners = result[:, 0, 0].astype(int)
    for crop, corner in zip(result, corners, strict=True):
        top, left = divmod(corner, 10)
        np.testing.assert_array_equal(crop, images[0, top : top + 5, left : left + 6, 0])
    assert stats.chisquare(np.unique(corners, return_counts=True)[1]).pvalue > 1e-3
    assert len(set(corners)) == 4 * 5


def test_crop_at_rest_is_the_largest_central_window():
    images = np.arange(80, dtype="float32").reshape(1, 8, 10, 1)
    crop = layers.RandomCrop(4, 4)
    expected = keras.ops.image.resize(images, (4, 4), crop_to_aspect_ratio=True)
    np.testing.assert_allclose(crop(images, training=False), expected, atol=1e-4)


def test_crop_of_a_small_image_is_resized():
    images = np.random.default_rng(0).random((2, 4, 8, 1)).astype("float32")
    expected = keras.ops.image.resize(images, (6, 6), crop_to_aspect_ratio=True)
    result = layers.RandomCrop(6, 6)(images).numpy()
    inner = (slice(None), slice(1, -1), slice(2, -2))  # beyond the window Keras sees nothing, we the image
    np.testing.assert_allclose(result[inner], expected.numpy()[inner], atol=1e-5)


def test_resized_crop_draws_areas_and_ratios():
    rows, columns = np.mgrid[:100, :100].astype("float32")
    images = np.stack([rows, columns], -1)[None].repeat(500, 0)
    result = layers.RandomResizedCrop(5, 5, scale=(0.1, 0.4), ratio=(0.5, 2.0), seed=1)(images).numpy()
    heights = (result[:, 4, 2, 0] - result[:, 0, 2, 0]) * 5 / 4
    widths = (result[:, 2, 4, 1] - result[:, 2, 0, 1]) * 5 / 4
    area, ratio = heights * widths / 10000, widths / heights
    assert stats.kstest(area, stats.uniform(0.1, 0.3).cdf).pvalue > 1e-3
    assert 0.49 < ratio.min() < 0.6 and 1.8 < ratio.max() < 2.02
    assert np.median(np.log(ratio)) == pytest.approx(0, abs=0.1)
    assert result[..., 0].min() >= 0 and result[..., 0].max() <= 99


def test_resized_crop_that_never_fits_takes_the_center():
    images = np.zeros((2, 10, 100, 1), "float32")
    images[:, :, 45:55] = 1
    result = layers.RandomResizedCrop(10, 10, scale=(0.9, 1.0), ratio=(1.0, 1.0))(images)
    np.testing.assert_allclose(result, 1.0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: layers.RandomFlip("sideways"), 'RandomFlip: `mode` must be one of "horizontal"'),
        (lambda: layers.RandomRotation(1.5), "RandomRotation: `factor` must be a finite number from -1.0 to 1.0"),
        (lambda: layers.RandomRotation(30), "a fraction of a full turn: 30 degrees are 30 / 360"),
        (lambda: layers.RandomAffine3D(rotation=(-15, 15)), "a fraction of a full turn: 30 degrees are 30 / 360"),
        (lambda: layers.RandomTranslation(10, 10), "a fraction of the size: 10 of 224 pixels are 10 / 224"),
        (lambda: layers.RandomTranslation(0.1, 2.0), "RandomTranslation: `width_factor` must"),
        (lambda: layers.RandomZoom(-1.0), "RandomZoom: `height_factor` must be above -1"),
        (lambda: layers.RandomShear(-0.1), "RandomShear: `x_factor` must be a finite number from 0.0 to 1.0"),
        (lambda: layers.RandomRotation(0.1, fill_mode="mirror"), "RandomRotation: `fill_mode` must be one of"),
        (lambda: layers.RandomRotation(0.1, interpolation="cubic"), "RandomRotation: `interpolation` must be one of"),
        (lambda: layers.RandomCrop(0, 5), "RandomCrop: `height` must be an integer from 1 to 32768"),
        (lambda: layers.RandomResizedCrop(5, 5, scale=(0.0, 1.0)), "RandomResizedCrop: `scale` must be above 0"),
        (lambda: layers.RandomResizedCrop(5, 5, ratio=(0.0, 1.0)), "RandomResizedCrop: `ratio` must be above 0"),
    ],
)
def test_wrong_arguments(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("layer", [each for each in registry.layers() if getattr(each, "upright", False)])
def test_layers_that_say_so_only_scale_and_shift(layer):
    """Or their axes would be worked out each by itself, and turns be lost in silence."""
    made = layer(**layer.at_strength(1.0))
    view = View((16, 20, 24, 3), IMAGE, size=(20, 24))
    matrix = np.array(made.matrix(made.draw(Random(np.arange(32).reshape(16, 2)), view), (20, 24)))
    matrix[:, [0, 1, 2], [0, 1, 2]] = matrix[:, :2, 2] = 0.0
    np.testing.assert_array_equal(matrix, 0.0)
