"""Noise against the distributions of SciPy and NumPy, tone against SciPy and PIL."""

import colorsys

import numpy as np
import pytest
import scipy.interpolate
import scipy.stats
from PIL import Image

from keras_augsynth import layers
from keras_augsynth.ops import poisson


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (3, 17, 22, 3)).astype("uint8")


def test_gamma(images):
    for gamma in (0.4, 1.0, 2.5):
        table = [round(255 * (level / 255) ** gamma) for level in range(256)] * 3
        expected = np.stack([np.asarray(Image.fromarray(image).point(table)) for image in images])
        assert np.abs(layers.RandomGamma(gamma)(images) - expected).max() <= 0.51
    centered = layers.RandomGamma(2.0, value_range=(-1, 1))(images / 127.5 - 1)
    np.testing.assert_allclose(centered, 2 * (images / 255.0) ** 2 - 1, atol=1e-5)
    gray = np.full((500, 1, 1, 1), 0.5, "float32")
    gammas = -np.log2(layers.RandomGamma((0.5, 2.0), value_range=(0, 1), seed=1)(gray).numpy().ravel())
    assert 0.5 <= gammas.min() < 0.52 and 1.95 < gammas.max() <= 2.0
    assert abs(np.median(gammas) - 1.0) < 0.1


def test_tone_curve_is_beziers(images):
    """SciPy's Bernstein polynomial through 0, two control points and 1, as Albumentations has it, too."""
    layer = layers.RandomToneCurve(0.2)
    points = np.array([[0.1, 0.4, 0.9], [0.25, 0.0, 1.0], [0.5, 0.3, 0.2]], "float32")
    result = layer.apply(images.astype("float32"), {"shadows": points, "lights": points[::-1]}).numpy()
    for image, low, high, got in zip(images, points, points[::-1], result, strict=True):
        for channel in range(3):
            curve = scipy.interpolate.BPoly([[0.0], [low[channel]], [high[channel]], [1.0]], [0, 1])
            np.testing.assert_allclose(got[..., channel], 255 * curve(image[..., channel] / 255), atol=1e-3)


def test_tone_curve_draws():
    ramp = np.tile(np.arange(256, dtype="float32").reshape(1, 16, 16, 1), (300, 1, 1, 3))
    still = layers.RandomToneCurve(0.0)(ramp).numpy()
    assert np.all(still[0] == still) and np.abs(still - ramp).max() < 7
    one, own = (layers.RandomToneCurve(0.2, per_channel=flag, seed=1)(ramp).numpy() for flag in (False, True))
    assert np.ptp(one, axis=-1).max() == 0 and np.ptp(own, axis=-1).max() > 50
    assert np.all(own[:, 0, 0] == 0) and np.all(own[:, -1, -1] == 255)


@pytest.mark.parametrize("mean", [0.0, 0.01, 1.0, 7.9, 8.1, 30.0, 5000.0])
def test_poisson_quantiles_are_scipys(mean):
    u = (np.arange(20000, dtype="float32") + 0.5) / 20000
    counts = poisson.quantile(u, np.full_like(u, mean)).numpy()
    expected = scipy.stats.poisson.ppf(u.astype("float64"), mean) if mean else 0 * u
    assert np.abs(counts - expected).max() <= 1
    assert np.mean(counts != expected) < (1e-4 if mean <= 8 else 0.015)


def test_shot_noise_grows_with_the_light():
    images = np.tile(np.array([0, 64, 128, 192], "uint8").reshape(1, 1, 4, 1), (2, 20000, 1, 1))
    result = layers.RandomShotNoise(0.01, seed=1)(images).numpy() / 255
    np.testing.assert_allclose(result.mean((0, 1, 3)) * 255, [0, 64, 128, 192], atol=0.5)
    np.testing.assert_allclose(result.var((0, 1, 3)), 0.01 * np.array([0, 64, 128, 192]) / 255, rtol=0.03)
    np.testing.assert_allclose(result * 100, np.round(result * 100), atol=1e-3)
    np.testing.assert_array_equal(layers.RandomShotNoise(0.0)(images), images)


def test_speckle_grows_with_the_value():
    images = np.tile(np.array([-1.0, -0.5, 0.0], "float32").reshape(1, 1, 3, 1), (1, 20000, 1, 1))
    result = layers.RandomSpeckleNoise(0.1, value_range=(-1, 1), seed=1)(images).numpy()
    np.testing.assert_allclose(result.mean((0, 1, 3)), [-1.0, -0.5, 0.0], atol=3e-3)
    np.testing.assert_allclose(result.std((0, 1, 3)), [0.0, 0.05, 0.1], rtol=0.03)


def test_iso_noise_is_grain_in_the_dark_and_hue_in_the_color():
    dark_and_bright = np.tile(np.array([60, 195], "uint8").reshape(1, 1, 2, 1), (1, 20000, 1, 3))
    result = layers.RandomISONoise(0.0, 0.1, seed=1)(dark_and_bright).numpy()
    np.testing.assert_allclose(result.std((0, 1))[:, 0], [19.5, 6.0], rtol=0.03)
    assert np.ptp(result, axis=-1).max() < 1e-3  # gray stays gray
    color = np.tile(np.array([140, 110, 95], "uint8"), (1, 3000, 1, 1))
    result = layers.RandomISONoise(0.02, 0.0, seed=1)(color).numpy().reshape(-1, 3) / 255
    hues = np.array([colorsys.rgb_to_hsv(*pixel)[0] for pixel in result])
    turns = (hues - colorsys.rgb_to_hsv(*color[0, 0, 0] / 255)[0] + 0.5) % 1 - 0.5
    assert turns.std() == pytest.approx(0.02, rel=0.1)  # HSV's circle is a hexagon
    np.testing.assert_allclose(result.mean(-1) * 255, 115, atol=1e-2)
    gray = np.full((1, 9, 9, 1), 60, "uint8")
    assert layers.RandomISONoise(0.1, 0.1)(gray).numpy().std() > 10
    with pytest.raises(ValueError, match="RandomISONoise: `images` must have 1 or 3 channels"):
        layers.RandomISONoise()(np.zeros((1, 4, 4, 4)))


def test_salt_and_pepper():
    images = np.full((2, 100, 100, 3), 0.25, "float32")
    result = layers.RandomSaltAndPepper(0.1, 0.25, value_range=(-1, 1), seed=1)(images).numpy()
    assert np.ptp(result, axis=-1).max() == 0  # whole pixels
    values, counts = np.unique(result[..., 0], return_counts=True)
    assert values.tolist() == [-1.0, 0.25, 1.0]
    np.testing.assert_allclose(counts / 20000, [0.075, 0.9, 0.025], atol=0.006)
    assert np.all(layers.RandomSaltAndPepper(1.0, 1.0)(100 * images).numpy() == 255)


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: layers.RandomGamma(0.0), ValueError, "RandomGamma: `gamma` must be a finite number of at least 0.01"),
        (lambda: layers.RandomToneCurve(2.0), ValueError, "RandomToneCurve: `scale` must"),
        (lambda: layers.RandomToneCurve(per_channel=1), TypeError, "`per_channel` must be True or False"),
        (lambda: layers.RandomShotNoise(1.5), ValueError, "RandomShotNoise: `scale` must"),
        (lambda: layers.RandomSpeckleNoise(-0.1), ValueError, "RandomSpeckleNoise: `stddev` must"),
        (lambda: layers.RandomISONoise(color_shift=1), ValueError, "RandomISONoise: `color_shift` must"),
        (lambda: layers.RandomISONoise(intensity="a"), TypeError, "`intensity` must be a number"),
        (lambda: layers.RandomSaltAndPepper(1.1), ValueError, "RandomSaltAndPepper: `rate` must"),
        (lambda: layers.RandomSaltAndPepper(salt_vs_pepper=2), ValueError, "`salt_vs_pepper` must"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
