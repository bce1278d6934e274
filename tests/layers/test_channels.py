"""Layers of channels and light against NumPy's permutations and covariance, and against Planck's law."""

import itertools

import numpy as np
import pytest

from keras_augsynth import layers


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (300, 4, 5, 3)).astype("float32")


def test_shuffle_draws_every_order_alike(images):
    result = layers.RandomChannelShuffle(seed=1)(images).numpy()
    orders = list(itertools.permutations(range(3)))
    matches = np.array([(result == images[..., order]).all((1, 2, 3)) for order in orders])
    assert np.all(matches.sum(0) == 1)
    assert matches.sum(1).min() > 30  # of 300, six orders
    many = np.arange(12.0, dtype="float32").reshape(1, 1, 1, 12)
    np.testing.assert_array_equal(np.sort(layers.RandomChannelShuffle()(many)), many)
    outside = layers.RandomChannelShuffle()(images - 1000.0).numpy()  # no range, so nothing is clipped
    np.testing.assert_array_equal(np.sort(outside), np.sort(images - 1000.0))


def test_dropout_fills_as_many_channels_as_said(images):
    images = np.concatenate([images, images], -1) / 255 * 0.8 + 0.1
    layer = layers.RandomChannelDropout((1, 4), fill_value=-0.5, value_range=(-1, 1), seed=1)
    result = layer(images).numpy()
    filled = (result == -0.5).all((1, 2))
    np.testing.assert_allclose(result[~filled[:, None, None].repeat(4, 1).repeat(5, 2)].min(), 0.1, atol=1e-2)
    np.testing.assert_allclose(np.where(filled[:, None, None], images, result), images, atol=1e-6)
    assert set(filled.sum(1)) == {1, 2, 3, 4}
    assert filled.mean(0).min() > 0.3  # 2.5 of 6
    with pytest.raises(ValueError, match=r"RandomChannelDropout: `images` must have more than 4 channel\(s\)"):
        layer(images[..., :4])


def test_rgb_shift_moves_each_channel_by_its_own(images):
    calm = images * 0.2 + 100
    shift = layers.RandomRGBShift(0.2, (0.1, 0.1), 0.0, seed=1)(calm).numpy() - calm
    assert np.ptp(shift, axis=(1, 2)).max() < 1e-3
    red, green, blue = shift[:, 0, 0].T
    assert -51.001 < red.min() < -48 and 48 < red.max() < 51.001
    np.testing.assert_allclose(green, 25.5, atol=1e-3)
    np.testing.assert_allclose(blue, 0.0, atol=1e-3)


def test_lighting_has_imagenets_covariance():
    gray = np.full((20000, 1, 1, 3), 0.5, "float32")
    shift = layers.RandomPCALighting(0.1, value_range=(0, 1), seed=1)(gray).numpy()[:, 0, 0] - 0.5
    values, vectors = np.linalg.eigh(np.cov(shift.T))
    published = np.array([[-0.5675, -0.5808, -0.5836], [0.7192, -0.0045, -0.6948], [0.4009, -0.8140, 0.4203]])
    np.testing.assert_allclose(np.sqrt(values[::-1]), 0.1 * np.array([0.2175, 0.0188, 0.0045]), rtol=0.03)
    np.testing.assert_allclose(np.abs(np.sum(vectors.T[::-1] * published, axis=1)), 1.0, atol=0.01)


def light(layer):
    """Red and blue of gray under the light, as multiples of green."""
    red, green, blue = layer(np.full((1, 1, 1, 3), 50.0, "float32")).numpy()[0, 0, 0]
    assert green == pytest.approx(50.0)
    return red / green, blue / green


@pytest.mark.parametrize("kelvin", [3000.0, 4500.0, 6500.0, 10000.0, 15000.0])
def test_black_body_is_plancks(kelvin):
    """Planck's law, through the color matching functions of Wyman, Sloan and Shirley (JCGT 2013), integrated."""
    nm = np.arange(380.0, 781.0, 5.0)
    lobe = lambda middle, below, above: np.exp(-(((nm - middle) * np.where(nm < middle, below, above)) ** 2) / 2)
    matching = (
        0.362 * lobe(442.0, 0.0624, 0.0374) + 1.056 * lobe(599.8, 0.0264, 0.0323) - 0.065 * lobe(501.1, 0.0490, 0.0382),
        0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322),
        1.217 * lobe(437.0, 0.0845, 0.0278) + 0.681 * lobe(459.0, 0.0385, 0.0725),
    )
    power = nm**-5 / (np.exp(1.438777e7 / (nm * kelvin)) - 1.0)
    primaries = np.array([[0.64, 0.33, 0.03], [0.30, 0.60, 0.10], [0.15, 0.06, 0.79]]).T  # of sRGB, with white D65
    primaries = primaries * np.linalg.solve(primaries, [0.3127 / 0.3290, 1.0, 0.3583 / 0.3290])
    red, green, blue = np.linalg.solve(primaries, np.stack(matching) @ power)
    result = light(layers.RandomPlanckianJitter("blackbody", kelvin))
    np.testing.assert_allclose(result, (red / green, blue / green), rtol=0.02, atol=0.01)  # two approximations


def test_daylight_of_6504_kelvin_is_srgbs_white():
    np.testing.assert_allclose(light(layers.RandomPlanckianJitter("cied", 6504.0)), 1.0, atol=0.003)


def test_black_stays_black_in_any_range(images):
    jitter = {
        value_range: layers.RandomPlanckianJitter(temperature_kelvin=9000.0, value_range=value_range)
        for value_range in ((0, 255), (-1, 1))
    }
    np.testing.assert_allclose(
        jitter[-1, 1](images / 127.5 - 1).numpy() * 127.5 + 127.5, jitter[0, 255](images), atol=1e-3
    )
    np.testing.assert_array_equal(jitter[0, 255](np.zeros((1, 2, 2, 3))), 0.0)


def test_one_pass_is_the_chain(images):
    chain = [
        layers.RandomChannelShuffle(),
        layers.RandomRGBShift(0.1, 0.1, 0.1),
        layers.RandomPlanckianJitter(temperature_kelvin=(5500, 8000)),
        layers.RandomPCALighting(0.2),
        layers.RandomChannelDropout(),
    ]
    calm = images * 0.2 + 80
    fused, single = (layers.Pipeline(chain, seed=1, fuse=fuse)(calm) for fuse in (True, False))
    np.testing.assert_allclose(fused, single, atol=1e-3)


@pytest.mark.parametrize("build", [layers.RandomRGBShift, layers.RandomPCALighting, layers.RandomPlanckianJitter])
def test_gray_stays_and_four_channels_are_refused(build, images):
    np.testing.assert_array_equal(build()(images[..., :1]), images[..., :1])
    with pytest.raises(ValueError, match=f"{build.__name__}: `images` must have 1 or 3 channels"):
        build()(np.zeros((1, 4, 4, 4), "float32"))


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: layers.RandomChannelDropout(0), ValueError, "`num_channels` must be an integer of at least 1"),
        (lambda: layers.RandomChannelDropout(fill_value=-1), ValueError, "`fill_value` must be a finite number from"),
        (lambda: layers.RandomRGBShift(g_shift_limit=20), ValueError, "RandomRGBShift: `g_shift_limit` must"),
        (lambda: layers.RandomPCALighting(-0.1), ValueError, "RandomPCALighting: `stddev` must"),
        (lambda: layers.RandomPCALighting(eigenvalues=(1, 2)), ValueError, r"`eigenvalues` must have the shape \(3,\)"),
        (lambda: layers.RandomPlanckianJitter("blackbdy"), ValueError, 'did you mean "blackbody"'),
        (lambda: layers.RandomPlanckianJitter("cied", 3000), ValueError, r"number from 4000\.0 to 25000\.0"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


@pytest.mark.parametrize("name", ["RandomBrightness", "RandomColorJitter", "RandomInvert", "RandomPCALighting"])
def test_a_part_of_the_range_needs_the_range(name):
    layer = getattr(layers, name)
    with pytest.raises(ValueError, match=f"{name}: `value_range` must be given"):
        layer(**{**layer.at_strength(0.5), "value_range": None})
