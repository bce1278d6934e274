"""JPEG bit for bit against libjpeg, as OpenCV and PIL call it."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from keras_augsynth import layers


def from_a_file(image, quality):
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file)).reshape(image.shape)


@pytest.fixture
def pictures(rng):
    """Smooth, noisy and colorful, so that all coefficients and both roundings of the chroma take part."""
    y, x = np.mgrid[:37, :43]
    waves = [np.sin(x / a + y / b) for a, b in ((3, 7), (5, -4), (-9, 2))]
    smooth = 127 + 120 * np.stack(waves, -1)
    return (
        np.stack([smooth, rng.integers(0, 256, smooth.shape), 0.7 * smooth + rng.normal(0, 12, smooth.shape)])
        .clip(0, 255)
        .astype("uint8")
    )


@pytest.mark.parametrize("quality", [1, 35, 75, 100])
def test_colors_and_gray_are_libjpegs(pictures, quality):
    layer = layers.RandomJPEG(quality)
    result = layer(pictures).numpy()
    np.testing.assert_array_equal(result, [from_a_file(image, quality) for image in pictures])
    flag = [cv2.IMWRITE_JPEG_QUALITY, quality]
    opencv = [cv2.imdecode(cv2.imencode(".jpg", image[..., ::-1], flag)[1], 1)[..., ::-1] for image in pictures]
    np.testing.assert_array_equal(result, opencv)
    gray = pictures[..., :1]
    np.testing.assert_array_equal(layer(gray), [from_a_file(image, quality) for image in gray])


@pytest.mark.parametrize("size", [(16, 32), (8, 24), (17, 16), (1, 5), (33, 42)])
def test_any_size(pictures, size):
    cut = np.ascontiguousarray(pictures[:, : size[0], : size[1]])
    np.testing.assert_array_equal(layers.RandomJPEG(60)(cut), [from_a_file(image, 60) for image in cut])


def test_quality_is_drawn_for_each_image(pictures):
    many = np.repeat(pictures[2:], 60, 0)
    result = layers.RandomJPEG((10, 12), seed=1)(many).numpy()
    expected = [from_a_file(pictures[2], quality) for quality in (10, 11, 12)]
    which = [[np.array_equal(image, other) for other in expected] for image in result]
    assert np.all(np.sum(which, axis=1) == 1) and np.all(np.sum(which, axis=0) > 8)


def test_other_ranges_have_the_same_levels(pictures):
    result = layers.RandomJPEG(50, value_range=(-1, 1))(pictures / np.float32(127.5) - 1).numpy()
    np.testing.assert_allclose((result + 1) * 127.5, layers.RandomJPEG(50)(pictures), atol=1e-3)
    broken = pictures[:1].astype("float32")
    broken[0, 4, 4, 1] = np.nan
    assert np.isnan(layers.RandomJPEG(50)(broken).numpy()).sum() == 1


def test_what_is_refused():
    with pytest.raises(ValueError, match="RandomJPEG: `quality` must be an integer from 1 to 100"):
        layers.RandomJPEG(0)
    with pytest.raises(TypeError, match="RandomJPEG: `quality` must be an integer"):
        layers.RandomJPEG(50.0)
    with pytest.raises(ValueError, match="`quality` must be an integer or a pair"):
        layers.RandomJPEG((1, 2, 3))
    with pytest.raises(ValueError, match="RandomJPEG: `images` must have 1 or 3 channels"):
        layers.RandomJPEG(50)(np.zeros((1, 8, 8, 4)))
