"""Light and weather: what the arguments say is measured in the result. Their geometry is in `tests/ops`."""

import numpy as np
import pytest

from keras_augsynth import layers

WHITE = np.full((40, 30, 41, 1), 255.0, "float32")


def test_vignette_leaves_the_center_and_takes_the_corners():
    result = layers.RandomVignette(0.6, 0.5)(WHITE[:1, :29]).numpy()[0, :, :, 0] / 255
    assert result[14, 20] == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(result[[0, 0, -1, -1], [0, -1, 0, -1]], 0.4, atol=1e-5)
    np.testing.assert_allclose(result, result[::-1, ::-1], atol=1e-5)
    half_way = result[7, 10]  # half the distance, a quarter of the loss
    assert half_way == pytest.approx(1 - 0.6 / 4, abs=1e-5)
    aside = layers.RandomVignette(0.6, (0.0, 1.0), seed=1)(WHITE).numpy()[..., 0] / 255
    np.testing.assert_allclose(aside.min((1, 2)), 0.4, atol=1e-5)
    assert len({np.unravel_index(one.argmax(), one.shape) for one in aside}) > 30


def test_shadow_darkens_by_its_strength():
    result = layers.RandomShadow((1, 3), 0.4, seed=1)(WHITE).numpy() / 255
    np.testing.assert_allclose(np.unique(result), [0.6, 1.0], atol=1e-6)
    share = (result < 1).mean((1, 2, 3))
    assert share.min() > 0.01 and np.ptp(share) > 0.2
    wide = layers.RandomShadow(1, 0.4, 3.0)(WHITE).numpy() / 255
    assert (wide < 1).mean() > 0.95


def test_fog_lies_between_its_ends():
    black = np.zeros((40, 30, 41, 3), "float32")
    share = layers.RandomFog(0.8, 0.5, seed=1)(black).numpy() / 255
    np.testing.assert_array_equal(share[..., 0], share[..., 2])
    assert share.min() >= 0.4 - 1e-5 and share.max() <= 0.8 + 1e-5
    assert share.min((1, 2, 3)).mean() < 0.48 and share.max((1, 2, 3)).mean() > 0.72
    np.testing.assert_allclose(layers.RandomFog(0.8, 0.0)(black), 0.8 * 255, rtol=1e-5)
    np.testing.assert_array_equal(layers.RandomFog(1.0)(WHITE), WHITE)


def test_rain_is_bright_and_sparse():
    black = np.zeros((40, 60, 80, 1), "float32")
    share = layers.RandomRain(0.3, strength=0.5, seed=1)(black).numpy() / 255
    assert 0.3 < share.max() <= 0.45 + 1e-5  # half of a drop's 0.9
    assert 0.01 < (share > 0.05).mean() < 0.2
    none = layers.RandomRain(0.0)(black)
    np.testing.assert_array_equal(none, black)
    assert (share > 0).any(0).mean() > 0.95  # every place is hit in one of the images


@pytest.mark.parametrize("name", ["RandomVignette", "RandomShadow", "RandomFog", "RandomRain"])
def test_any_value_range(name, rng):
    build, images = getattr(layers, name), rng.uniform(0, 255, (8, 20, 30, 3)).astype("float32")
    usual, other = build(seed=1)(images), build(seed=1, value_range=(-1, 1))(images / 127.5 - 1)
    np.testing.assert_allclose(other.numpy() * 127.5 + 127.5, usual, atol=1e-3)
    assert build()(images[..., :1]).shape == (8, 20, 30, 1)


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: layers.RandomVignette(1.2), ValueError, "RandomVignette: `strength` must be a finite number from 0"),
        (lambda: layers.RandomVignette(center="middle"), TypeError, "`center` must be a number"),
        (lambda: layers.RandomShadow(0), ValueError, "RandomShadow: `num_shadows` must"),
        (lambda: layers.RandomShadow(num_vertices=2), ValueError, "`num_vertices` must be an integer from 3 to 100"),
        (lambda: layers.RandomFog(unevenness=-1), ValueError, "RandomFog: `unevenness` must"),
        (lambda: layers.RandomRain(slant_degrees=90), ValueError, "RandomRain: `slant_degrees` must"),
        (lambda: layers.RandomRain(length=0), ValueError, "RandomRain: `length` must"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
