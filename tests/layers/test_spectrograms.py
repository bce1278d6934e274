"""Spectrograms: masks and warps, and what lies beyond their lengths."""

import numpy as np
import pytest

from keras_augsynth import layers
from keras_augsynth.core import registry


def masked_bins(result):
    return [int(n) for n in (result == 0).all(axis=1).sum(axis=1)]


def test_widths_of_frequency_masks_are_drawn_evenly():
    ones = np.ones((600, 3, 12), "float32")
    found = masked_bins(layers.RandomFrequencyMask(4, seed=1)(ones).numpy())
    counts = np.bincount(found, minlength=5)
    assert len(counts) == 5 and counts.min() > 80  # 0 to 4, both included: 120 each
    first, last = layers.RandomFrequencyMask((1, 1), seed=1)(ones).numpy()[:, 0].argmin(1), 11
    assert first.min() == 0 and first.max() == last  # every place comes up
    two = masked_bins(layers.RandomFrequencyMask((4, 4), masks=2, seed=1)(ones).numpy())
    assert set(two) <= {4, 5, 6, 7, 8} and max(two) == 8


def test_time_masks_are_a_part_of_the_valid_frames():
    data = {"spectrograms": np.ones((300, 40, 10), "float32"), "lengths": np.repeat([40, 20, 200], 100)}
    found = layers.RandomSpectrogramTimeMask(100, max_part=0.5, seed=1)(data)["spectrograms"].numpy()
    frames = (found == 0).all(axis=2).sum(1)
    assert frames[:100].max() <= 20 and frames[100:200].max() <= 10 and frames[200:].max() <= 20
    assert frames[:100].max() > 15 and np.all(found[100:200, 20:] == 1)


def test_fill_with_the_mean_of_what_is_valid():
    x = np.arange(24.0).reshape(1, 6, 4)
    x[0, 0, 0] = np.nan
    layer = layers.RandomFrequencyMask((4, 4), fill_value="mean")
    found = layer({"spectrograms": x, "lengths": [3]})["spectrograms"].numpy()
    np.testing.assert_allclose(found[0, :3], x[0, :3].ravel()[1:].mean())
    np.testing.assert_array_equal(found[0, 3:], x[0, 3:])


def test_warp_keeps_both_ends_and_the_order():
    ramp = np.tile(np.arange(50.0, dtype="float32")[:, None], (200, 1, 3)).reshape(200, 50, 3)
    found = layers.RandomTimeWarp(10, seed=1)(ramp).numpy()[..., 0]
    np.testing.assert_allclose(found[:, [0, -1]], [[0, 49]] * 200, atol=1e-4)
    assert np.all(np.diff(found, axis=1) > 0)
    moved = np.abs(found - ramp[..., 0]).max(1)
    assert 8 < moved.max() <= 10.001 and moved.min() < 1


def test_warp_has_two_straight_parts():
    """NumPy's interpolation over the three points that the draw names."""
    layer = layers.RandomTimeWarp(10, seed=1)
    draw = layer.draw_params([7], shape=(50, 1))
    params = {name: float(value[0]) for name, value in draw[next(iter(draw))]["params"].items()}
    center = 10 + params["center"] * (49 - 20)
    found = layer.replay(np.arange(50.0)[None, :, None], draw).numpy()[0, :, 0]
    expected = np.interp(np.arange(50), [0, center + 10 * params["shift"], 49], [0, center, 49])
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_frequency_warp_moves_a_peak():
    x = np.exp(-(((np.arange(200) - 60) / 5) ** 2)).astype("float32")[None, None].repeat(3, 1)
    found = layers.RandomFrequencyWarp(1.2)(x).numpy()
    assert np.all(found.argmax(-1) == 72)
    ramp = layers.RandomFrequencyWarp(1.2)(np.arange(200.0)[None, None]).numpy()[0, 0]
    assert np.all(np.diff(ramp) > 0) and ramp[0] == 0 and abs(ramp[-1] - 199) < 1e-3


@pytest.mark.parametrize(
    ("policy", "width", "bands", "frames", "pieces"),
    [("LB", 27, 1, 100, 1), ("LD", 27, 2, 100, 2), ("SM", 15, 2, 70, 2)],
)
def test_policies_are_those_of_the_paper(policy, width, bands, frames, pieces):
    ones = np.ones((100, 300, 80), "float32")
    found = layers.SpecAugment(policy, seed=1)(ones).numpy()
    in_frequency, in_time = (found == 0).all(1).sum(1), (found == 0).all(2).sum(1)
    most = min(frames, 0.2 * 300) if policy == "SM" else frames
    assert 0.6 * width * bands < in_frequency.max() <= width * bands
    assert 0.6 * most * pieces < in_time.max() <= most * pieces


@pytest.mark.parametrize(
    "layer", [layers.RandomTimeWarp(5, seed=1), layers.RandomFrequencyWarp(1.2), layers.SpecAugment("SM", seed=1)]
)
def test_logarithms_of_silence_are_bent_and_no_nan(layer):
    """Where some are finite, a line to an infinite one is infinite."""
    x = np.where(np.arange(40) < 15, -np.inf, 1.0).astype("float32")
    for each in (np.tile(x[:, None], (4, 1, 30)), np.tile(x, (4, 30, 1))):
        found = layer(each).numpy()
        assert not np.isnan(found).any()
        assert np.isneginf(found).any() and np.isfinite(found).any()


SPECTRAL = [cls for cls in registry.layers("spectrogram") if cls.modalities[0].name == "spectrogram"]


@pytest.mark.parametrize("cls", SPECTRAL, ids=lambda cls: cls.__name__)
def test_beyond_its_length_a_spectrogram_is_neither_touched_nor_counted(cls, rng):
    x = rng.normal(size=(2, 20, 8, 2)).astype("float32")
    other = x.copy()
    other[:, 12:] = 99.0
    layer = cls(seed=1, **cls.at_strength(1.0))
    run = lambda x: layer({"spectrograms": x, "lengths": [12, 1], "sample_ids": [3, 4]}, training=True)["spectrograms"]
    first, second = run(x).numpy(), run(other).numpy()
    np.testing.assert_array_equal(second[:, 12:], 99.0)
    np.testing.assert_array_equal(first[:, :12], second[:, :12])
    np.testing.assert_array_equal(first[1, 1:], x[1, 1:])
    assert np.isfinite(first).all()


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r'SpecAugment: `policy` must be one of "LB", "LD", "SM", "SS"'):
        layers.SpecAugment("XL")
    with pytest.raises(TypeError, match="RandomFrequencyMask: `fill_value` must be a number"):
        layers.RandomFrequencyMask(fill_value="middle")


@pytest.mark.parametrize(
    ("cls", "unit"), [(layers.RandomFrequencyMask, "frequencies"), (layers.RandomSpectrogramTimeMask, "frames")]
)
def test_widths_of_masks_are_no_fractions(cls, unit):
    for width in (0.1, (0.0, 0.2), layers.Choice([0.1, 1.0])):
        with pytest.raises(ValueError, match=f"{cls.__name__}: `width` must be a whole number of {unit}, not a frac"):
            cls(width)
    layer = cls(8.0)
    with pytest.raises(ValueError, match="not a fraction"):
        layer.width = 0.5
    layer.width = (2, 4)
    assert layer.width == (2.0, 4.0)
