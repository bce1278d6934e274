"""Histogram matching against scikit-image's numbers, Fourier domain adaptation against SciPy's transform."""

import keras
import numpy as np
import pytest
import scipy.fft
import tensorflow as tf

from keras_augsynth import layers

FIRST = np.array([[0, 0, 10, 20], [30, 30, 30, 40], [200, 210, 210, 255]], "uint8")
SECOND = np.array([[5, 5, 5, 90, 100], [100, 100, 120, 121, 250]], "uint8")
BOTH = pytest.mark.parametrize("build", [layers.HistogramMatching, layers.FourierDomainAdaptation])


@pytest.fixture
def images(rng):
    smooth = keras.ops.image.resize(rng.uniform(20, 235, (6, 5, 4, 3)), (24, 31)).numpy()
    return np.round(smooth + rng.normal(0, 3, smooth.shape)).clip(0, 255).astype("uint8")


@pytest.mark.parametrize(
    ("source", "reference", "expected"),
    # skimage.exposure.match_histograms of scikit-image 0.26
    [
        (FIRST, SECOND, [[5, 5, 5, 100 / 3], [865 / 9, 865 / 9, 865 / 9, 890 / 9], [110, 142.5, 142.5, 250]]),
        (SECOND, FIRST, [[16, 16, 16, 68 / 3, 104], [104, 104, 203, 209, 255]]),
    ],
)
@pytest.mark.parametrize("value_range", [(0, 255), (-1, 1)])
def test_histograms_are_scikit_images(source, reference, expected, value_range):
    low, high = value_range
    source, reference = ((low + x / 255 * (high - low)).astype("float32") for x in (source, reference))
    layer = layers.HistogramMatching([reference[..., None]], 1.0, value_range)
    result = (layer(source[None, ..., None]).numpy()[0, ..., 0] - low) / (high - low) * 255
    np.testing.assert_allclose(result, expected, atol=2e-3)


def test_matching_what_matches_changes_nothing(images):
    for image in images[:2]:
        layer = layers.HistogramMatching([image], 1.0)
        np.testing.assert_allclose(layer(image), image, atol=1e-2)


def test_blending_and_choosing(images):
    source = np.repeat(images[:1], 100, 0)
    alone = [layers.HistogramMatching([image], 1.0)(images[0]).numpy() for image in images[1:3]]
    half = layers.HistogramMatching(images[1:3], 0.5, seed=1)(source).numpy()
    full = half * 2 - source
    chosen = [np.isclose(full, one, atol=1e-2).all((1, 2, 3)) for one in alone]
    assert np.all(chosen[0] ^ chosen[1])
    assert 30 < chosen[0].sum() < 70


def swapped(source, target, half):
    """The paper's algorithm, with SciPy."""
    shifted = [scipy.fft.fftshift(scipy.fft.fft2(x.astype("float64"), axes=(0, 1)), (0, 1)) for x in (source, target)]
    amplitude, phase = np.abs(shifted[0]), np.angle(shifted[0])
    middle = [side // 2 for side in source.shape[:2]]
    window = tuple(slice(center - half, center + half + 1) for center in middle)
    amplitude[window] = np.abs(shifted[1])[window]
    back = scipy.fft.ifft2(scipy.fft.ifftshift(amplitude * np.exp(1j * phase), (0, 1)), axes=(0, 1))
    return np.clip(back.real, 0, 255)


@pytest.mark.parametrize("half", [0, 1, 4])
def test_amplitudes_are_the_papers(images, half):
    layer = layers.FourierDomainAdaptation(images[1:2], half / 24 + 0.01)
    np.testing.assert_allclose(layer(images[0]), swapped(images[0], images[1], half), atol=2e-3)
    signed = layers.FourierDomainAdaptation(images[1:2] / 127.5 - 1, half / 24 + 0.01, (-1, 1))(images[0] / 127.5 - 1)
    np.testing.assert_allclose(signed.numpy() * 127.5 + 127.5, swapped(images[0], images[1], half), atol=2e-3)


def test_beta_is_drawn_for_each_image(images):
    source = np.repeat(images[:1], 100, 0)
    result = layers.FourierDomainAdaptation(images[1:2], (0.0, 0.125), seed=1)(source).numpy()
    matches = [np.isclose(result, swapped(images[0], images[1], half), atol=1e-2).all((1, 2, 3)) for half in range(3)]
    assert np.all(np.sum(matches, axis=0) == 1)
    assert min(match.sum() for match in matches) > 15


def test_references_of_any_size(images):
    """A larger picture of the same scene, and one too small to have the finer waves."""
    wave = lambda height, width: (
        128 + 50 * np.cos(2 * np.pi * np.arange(width) / width + np.zeros((height, 1)))[..., None]
    )
    small, large = (layers.FourierDomainAdaptation([wave(*s)], 0.1)(images[..., :1]) for s in ((24, 31), (50, 70)))
    np.testing.assert_allclose(small, large, atol=2e-3)
    tiny = layers.FourierDomainAdaptation([np.full((1, 1, 3), 99)], 0.3)(images).numpy()  # only a mean color
    moved = tiny - images
    np.testing.assert_allclose(np.median(moved, (1, 2)), 99 - images.mean((1, 2)), atol=0.01)


def test_nothing_to_see_stays_nothing(images):
    flat = np.full((1, 24, 31, 3), 40, "uint8")
    result = layers.FourierDomainAdaptation(images[1:2], 0.2)(flat).numpy()[0]
    np.testing.assert_allclose(result, np.broadcast_to(images[1].mean((0, 1)), result.shape), atol=1e-2)


def test_what_is_not_finite_is_not_counted(images):
    spoiled = images[0].astype("float32")
    spoiled[3, 5] = np.nan
    matched = layers.HistogramMatching([images[0]], 1.0)(spoiled).numpy()
    assert np.isnan(matched[3, 5]).all()
    np.testing.assert_allclose(np.nan_to_num(matched - images[0]), 0.0, atol=3.0)


@BOTH
def test_adapt_is_the_constructor(build, images, tmp_path):
    given = build(images[:3], seed=1)(images)
    for data in (images[:3], list(images[:3]), tf.data.Dataset.from_tensor_slices(images[:3]).batch(2)):
        layer = build(seed=1)
        layer.adapt(data)
        np.testing.assert_array_equal(layer(images), given)
    first = build(seed=1, data_format="channels_first")
    first.adapt(np.moveaxis(images[:3], -1, 1))
    np.testing.assert_array_equal(np.moveaxis(first(np.moveaxis(images, -1, 1)), 1, -1), given)
    layer = build(seed=1)
    layer.adapt(images[:3])
    keras.Sequential([keras.Input((24, 31, 3)), layer]).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    np.testing.assert_array_equal(loaded(images), given)
    loaded.adapt(images[3:])
    numbered = {"images": images, "sample_ids": np.arange(6)}
    np.testing.assert_array_equal(loaded(numbered)["images"], build(images[3:], seed=1)(numbered)["images"])


@BOTH
def test_wrong_references(build, images):
    name = build.__name__
    with pytest.raises(ValueError, match=f"{name}: `references` must be given, or learned by `adapt`"):
        build()(images)
    with pytest.raises(ValueError, match=rf"{name}: `references` must have values from 0\.0 to 1\.0"):
        build(images, value_range=(0, 1))
    with pytest.raises(ValueError, match=f"{name}: `references` must be images"):
        build(np.zeros((4, 4)))
    with pytest.raises(ValueError, match=f"{name}: `references` must have at least one image"):
        build([])
    with pytest.raises(ValueError, match=f"{name}: `references` must have the same number of channels"):
        build([images[0], images[0, ..., :1]])
    with pytest.raises(ValueError, match=f"{name}: `references` must be None for `adapt`"):
        build(images).adapt(images)
    with pytest.raises(ValueError, match=rf"{name}: `images` must have 3 channel\(s\)"):
        build(images)(images[..., :1])
    layer = build()
    layer.adapt(images)
    with pytest.raises(ValueError, match=f"{name}: `references` must be 6 as before"):
        layer.adapt(images[:2])


def test_wrong_arguments():
    with pytest.raises(ValueError, match="HistogramMatching: `blend_ratio` must be a finite number from"):
        layers.HistogramMatching(blend_ratio=1.5)
    with pytest.raises(ValueError, match="FourierDomainAdaptation: `beta` must be a finite number from"):
        layers.FourierDomainAdaptation(beta=0.5)


@pytest.mark.parametrize("references", [np.array(0.2), 3, ["x"], np.zeros((1, 4, 4, 3), complex)])
@pytest.mark.parametrize("layer", [layers.HistogramMatching, layers.FourierDomainAdaptation])
def test_references_that_are_no_images(layer, references):
    with pytest.raises(TypeError, match=f"{layer.__name__}: `references` must be .*images"):
        layer(references)


def test_a_volume_is_matched_as_a_whole(rng):
    """One histogram of all slices: as scikit-image's, which sees a picture of them."""
    volumes = rng.integers(0, 200, (2, 3, 8, 9, 2)).astype("uint8")
    reference = rng.integers(50, 256, (4, 10, 6, 2)).astype("uint8")
    layer = layers.HistogramMatching([reference.reshape(-1, 6, 2)], 1.0)
    picture = layer(volumes.reshape(2, 24, 9, 2))
    for key in ("volumes", "videos"):
        matched = layer({key: volumes}, training=True)[key]
        np.testing.assert_allclose(np.reshape(matched, (2, 24, 9, 2)), picture, atol=1e-3)
