"""Layers that change the values of volumes, against NumPy's Fourier transform, SciPy, and formulas written out here."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage, stats

from keras_augsynth import layers

SIZE = (5, 8, 7)


@pytest.fixture(scope="module")
def volumes():
    return np.random.default_rng(1).random((2, *SIZE, 1)).astype("float32")


def call(layer, volumes, **more):
    return layer({"volumes": volumes, "sample_ids": np.arange(len(volumes)), **more}, training=True)


def both(layer, volumes):
    """(parameters, results without their channel)."""
    entry = layer.draw_params(np.arange(len(volumes)), shape=volumes.shape[1:])
    params = {name: np.asarray(t) for name, t in next(iter(entry.values()))["params"].items()}
    return params, call(layer, volumes)["volumes"].numpy()[..., 0]


def waves(axis):
    return np.round(np.fft.fftfreq(SIZE[axis]) * SIZE[axis]).astype(int)


def test_bias_field_is_a_polynomial(volumes):
    params, result = both(layers.RandomBiasField3D(0.5, order=3, seed=1), volumes)
    z, y, x = np.meshgrid(*[np.linspace(-1, 1, n) for n in SIZE], indexing="ij")
    powers = [(i, j, k) for i in range(4) for j in range(4) for k in range(4) if i + j + k <= 3]
    assert params["coefficients"].shape == (2, 20)
    for k in range(2):
        field = sum(c * z**a * y**b * x**d for c, (a, b, d) in zip(params["coefficients"][k], powers, strict=True))
        np.testing.assert_allclose(result[k], volumes[k, ..., 0] * np.exp(field), rtol=1e-5)


def test_bias_field_of_order_0_is_one_factor(volumes):
    params, result = both(layers.RandomBiasField3D(order=0, seed=1), volumes)
    np.testing.assert_allclose(result[1], volumes[1, ..., 0] * np.exp(params["coefficients"][1]), rtol=1e-5)


@pytest.mark.parametrize("axis", range(3))
def test_ghosting_weakens_every_gth_frequency(volumes, axis):
    params, result = both(layers.RandomGhosting3D((2, 3), axes=axis, seed=1), volumes)
    for k in range(2):
        wave = waves(axis)
        hit = (wave % params["ghosts"][k] == 0) & (np.abs(wave) > 0.01 * SIZE[axis])
        factor = np.where(hit, 1 - params["intensity"][k], 1.0)
        factor = factor.reshape([-1 if a == axis else 1 for a in range(3)])
        expected = np.fft.ifftn(np.fft.fftn(volumes[k, ..., 0]) * factor).real
        np.testing.assert_allclose(result[k], expected, atol=1e-5)
    np.testing.assert_allclose(result.mean((1, 2, 3)), volumes.mean((1, 2, 3, 4)), rtol=1e-5)


def test_gibbs_keeps_a_ball_of_frequencies(volumes):
    params, result = both(layers.RandomGibbs3D(seed=1), volumes)
    parts = np.meshgrid(*[2 * np.fft.fftfreq(n) for n in SIZE], indexing="ij")
    radius = np.sqrt(sum(part**2 for part in parts))
    for k in range(2):
        spectrum = np.fft.fftn(volumes[k, ..., 0]) * (radius <= 3**0.5 * (1 - params["alpha"][k]))
        np.testing.assert_allclose(result[k], np.fft.ifftn(spectrum).real, atol=1e-5)
    np.testing.assert_allclose(call(layers.RandomGibbs3D(0.0), volumes)["volumes"], volumes, atol=1e-6)


def test_spikes_are_single_frequencies(volumes):
    params, result = both(layers.RandomSpike3D(2, 0.5, seed=1), volumes)
    for k in range(2):
        spectrum = np.fft.fftn(volumes[k, ..., 0]).astype(complex)
        height = 0.5 * np.abs(volumes[k]).mean() * volumes[k].size
        for place, phase in zip(params["place"][k], params["phase"][k], strict=True):
            spike = tuple(np.round(place * SIZE).astype(int))
            spectrum[spike] += height * np.exp(2j * np.pi * phase)
        np.testing.assert_allclose(result[k], np.fft.ifftn(spectrum).real, atol=1e-5)


def test_motion_reads_k_space_in_stretches(volumes):
    """The volume resampled by SciPy at each position, k-space put together line by line."""
    layer = layers.RandomMotion3D(0.05, 0.1, movements=3, spacing=(2.0, 1.0, 1.0), seed=3)
    params, result = both(layer, volumes)
    for k in range(2):
        axis, times, still = params["axis"][k], params["times"][k], volumes[k, ..., 0]
        lines = np.searchsorted(times, waves(axis) / SIZE[axis] + 0.5, side="right")  # which stretch a line is in
        middle = np.searchsorted(times, 0.5, side="right")
        spectrum = np.fft.fftn(still)
        for movement in range(3):
            stretch = movement if movement < middle else movement + 1
            matrix = layer._matrix({name: tf.constant(params[name]) for name in params}, movement, SIZE)[k].numpy()
            linear, shift = matrix[2::-1, 2::-1], matrix[2::-1, 3]
            center = (np.array(SIZE) - 1) / 2
            moved = ndimage.affine_transform(still, linear, center + shift - linear @ center, order=1, mode="nearest")
            index = [slice(None)] * 3
            index[axis] = lines == stretch
            spectrum[tuple(index)] = np.fft.fftn(moved)[tuple(index)]
        np.testing.assert_allclose(result[k], np.fft.ifftn(spectrum).real, atol=1e-5)


def test_rician_noise_has_rices_distribution():
    volume = np.full((1, 10, 20, 20, 1), -20.0, "float32")
    noisy = layers.RandomRicianNoise3D(0.1, value_range=(-100, 100), seed=1)(volume).numpy().ravel()
    # 200 is the range, so the deviation is 20; the signal is 80 above the darkest value.
    assert stats.kstest(noisy + 100, stats.rice(4, scale=20).cdf).pvalue > 0.01
    assert noisy.max() <= 100
    dark = layers.RandomRicianNoise3D(0.1, value_range=(-100, 100), seed=1)(0 * volume - 100.0).numpy().ravel()
    assert stats.kstest(dark + 100, stats.rayleigh(scale=20).cdf).pvalue > 0.01


def test_gaussian_noise_is_a_part_of_the_volumes_deviation():
    volumes = np.random.default_rng(0).normal(40, 20, (300, 6, 6, 6, 1)).astype("float32")
    noise = layers.RandomGaussianNoise3D((0.1, 0.5), seed=1)(volumes).numpy() - volumes
    parts = noise.std((1, 2, 3, 4)) / volumes.std((1, 2, 3, 4))
    assert stats.kstest(parts**2, stats.uniform(0.01, 0.24).cdf).pvalue > 0.001
    assert stats.kstest((noise / noise.std((1, 2, 3, 4), keepdims=True)).ravel(), "norm").pvalue > 0.001


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("retain", [False, True])
def test_gamma_acts_between_the_ends_of_the_volume(volumes, invert, retain):
    signed = 700 * volumes - 400
    params, result = both(layers.RandomGamma3D((0.5, 2.0), invert=invert, retain_stats=retain, seed=1), signed)
    for k, gamma in enumerate(params["gamma"]):
        x = signed[k, ..., 0].astype("float64") * (-1 if invert else 1)
        y = ((x - x.min()) / np.ptp(x)) ** gamma * np.ptp(x) + x.min()
        if retain:
            y = (y - y.mean()) / y.std() * x.std() + x.mean()
        np.testing.assert_allclose(result[k], y * (-1 if invert else 1), atol=1e-2)


def test_contrast_stays_in_the_range_of_the_volume(volumes):
    layer = layers.RandomContrast3D((0.5, 2.0), (0.5, 1.5), seed=1)
    params, result = both(layer, volumes - 0.5)
    for k in range(2):
        x = volumes[k, ..., 0].astype("float64") - 0.5
        expected = np.clip((x - x.mean()) * params["contrast"][k] + x.mean(), x.min(), x.max())
        np.testing.assert_allclose(result[k], expected * params["brightness"][k], atol=1e-5)


def test_low_resolution_reads_the_nearest_voxels(volumes):
    """Down as torch's "nearest-exact", up by linear interpolation between the centers."""
    params, result = both(layers.RandomLowResolution3D((0.4, 0.6), seed=1), volumes)
    for k, scale in enumerate(params["scale"]):
        coarse, places = volumes[k, ..., 0], []
        for axis, length in enumerate(SIZE):
            small = int(np.floor(scale * length + 0.5))
            index = np.floor((np.arange(small) + 0.5) * length / small).astype(int)
            coarse = coarse.take(index, axis)
            places.append((np.arange(length) + 0.5) * small / length - 0.5)
        where = np.meshgrid(*places, indexing="ij")
        expected = ndimage.map_coordinates(coarse, where, order=1, mode="nearest")
        np.testing.assert_allclose(result[k], expected, atol=1e-5)


def test_histogram_shift_is_a_rising_curve(volumes):
    params, result = both(layers.RandomHistogramShift3D(0.8, points=6, seed=1), volumes)
    for k in range(2):
        x = volumes[k, ..., 0]
        heights = np.append(0.0, params["steps"][k].cumsum())
        assert np.all(np.diff(heights) > 0)
        part = np.interp((x - x.min()) / np.ptp(x), np.linspace(0, 1, 6), heights)
        np.testing.assert_allclose(result[k], x.min() + np.ptp(x) * part, atol=1e-5)


def test_window_of_hounsfield_units():
    volume = np.array([-3000, -160, -40, 60, 160, 4095], "int16").reshape(1, 1, 1, 6, 1)
    layer = layers.IntensityWindow((-160, 240), output_range=(-1, 1))
    for training in (True, False):
        np.testing.assert_allclose(
            layer(volume, training=training).numpy().ravel(), [-1, -1, -0.4, 0.1, 0.6, 1], atol=1e-6
        )
    named = layers.IntensityWindow("bone")(volume).numpy().ravel()  # level 400, width 1800
    np.testing.assert_allclose(named, np.clip((volume.ravel() + 500) / 1800, 0, 1), atol=1e-6)
    assert layers.IntensityWindow("bone", dtype="uint16", output_range=(0, 65535))(volume).dtype == tf.uint16
    with pytest.raises(ValueError, match=r'IntensityWindow: `window` must be one of .*did you mean "bone"'):
        layers.IntensityWindow("bones")
    with pytest.raises(ValueError, match="IntensityWindow: `window` must have two different ends"):
        layers.IntensityWindow((3, 3))


def test_dose_noise_grows_with_what_rays_have_to_cross():
    """Half of the dose: as much variance again as the scan at hand has, by the formula of filtered back-projection."""
    volume = np.full((40, 3, 30, 20, 1), -1000.0, "float32")
    volume[:, :, 10:20, 5:15] = 0.0  # water
    layer = layers.RandomDoseNoise(0.5, photons=1e5, views=500, spacing=(5.0, 2.0, 3.0), seed=1)
    noise = layer(volume).numpy() - volume
    for place, row, column in (((15, 10), 10 * 3.0, 10 * 2.0), ((2, 2), 0.0, 0.0), ((15, 2), 30.0, 0.0)):
        photons = 1e5 * np.exp(-0.02 * np.array([row, column]))
        expected = 50000 * np.pi / np.sqrt(2.0 * 3.0) * np.sqrt((1 / photons).mean() / (12 * 500))
        found = noise[:, :, place[0], place[1]].std()
        np.testing.assert_allclose(found, expected, rtol=0.2)
    tenth = layers.RandomDoseNoise(0.1, photons=1e5, views=500, spacing=(5.0, 2.0, 3.0), seed=1)(volume).numpy()
    np.testing.assert_allclose((tenth - volume).std() / noise.std(), 3.0, rtol=0.01)  # sqrt(9 / 1)


def test_swapped_patches_are_whole(volumes):
    numbered = np.arange(2 * 4 * 6 * 5, dtype="float32").reshape(2, 4, 6, 5, 1)
    _, result = both(layers.RandomSwapPatches3D(1.0, grid=2, seed=1), numbered)
    for k in range(2):
        x = numbered[k, ..., 0]
        cut = lambda v: {
            tuple(v[z : z + 2, y : y + 3, w : w + 2].ravel()) for z in (0, 2) for y in (0, 3) for w in (0, 2)
        }
        assert cut(result[k]) == cut(x)
        np.testing.assert_array_equal(result[k, ..., 4], x[..., 4])  # left over
        moved = (result[k, ..., :4] != x[..., :4]).mean()
        assert moved == 1.0
    half = call(layers.RandomSwapPatches3D(0.5, grid=3, seed=1), volumes)["volumes"].numpy()
    np.testing.assert_array_equal(np.sort(half.ravel()), np.sort(volumes.ravel()))
    for size in ((1, 2, 7), (1, 1, 1)):
        small = np.arange(np.prod(size), dtype="float32").reshape(1, *size, 1)
        swapped = layers.RandomSwapPatches3D(1.0, grid=4, seed=1)(small).numpy()
        np.testing.assert_array_equal(np.sort(swapped.ravel()), small.ravel())


def test_carve_mix_cuts_along_the_lesion(rng):
    """The cut is a level of SciPy's distance from the lesion's border."""
    volumes = rng.random((20, 7, 8, 9, 1)).astype("float32")
    masks = np.zeros((20, 7, 8, 9, 1), "int32")
    masks[:10, 1:6, 1:6, 1:6], masks[10:, 1:6, 2:7, 2:8] = 1, 2
    layer = layers.CarveMix(reach=5, seed=1)
    data = {"volumes": volumes, "segmentation_masks": masks, "sample_ids": np.arange(20)}
    result = layer({**data, "labels": np.eye(20, dtype="float32")}, training=True)
    mixed, mixed_masks = result["volumes"].numpy(), result["segmentation_masks"].numpy()
    cuts = set()
    for k in range(20):
        taken = (mixed[k] != volumes[k])[..., 0]
        source = next(i for i in range(20) if np.array_equal(mixed[k][taken], volumes[i][taken]))
        lesion = masks[source, ..., 0] > 0
        inner, outer = (ndimage.distance_transform_cdt(part, "chessboard") for part in (lesion, ~lesion))
        distance = outer - inner  # below 0 inside
        level = distance[taken].max()
        np.testing.assert_array_equal(taken, distance <= level)
        np.testing.assert_array_equal(mixed_masks[k][taken], masks[source][taken])
        np.testing.assert_array_equal(mixed_masks[k][~taken], masks[k][~taken])
        assert -2 <= level <= 2  # the lesions are three voxels deep
        cuts.add(level)
    assert cuts == {-2, -1, 1, 2}
    np.testing.assert_array_equal(result["labels"], np.eye(20))
    empty = call(layer, volumes, segmentation_masks=0 * masks)
    np.testing.assert_array_equal(empty["volumes"], volumes)
    with pytest.raises(ValueError, match="CarveMix: `segmentation_masks` must be given"):
        layer(volumes, training=True)


ALL = [
    layers.RandomBiasField3D,
    layers.RandomContrast3D,
    layers.RandomDoseNoise,
    layers.RandomGamma3D,
    layers.RandomGaussianNoise3D,
    layers.RandomGhosting3D,
    layers.RandomGibbs3D,
    layers.RandomHistogramShift3D,
    layers.RandomLowResolution3D,
    layers.RandomMotion3D,
    layers.RandomRicianNoise3D,
    layers.RandomSpike3D,
]


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_constant_volumes_sides_of_one_and_integers(cls):
    """A constant volume has no range; a DICOM file has 12 bits, signed or not."""
    layer = cls(seed=1)
    for volume in (
        np.full((1, 3, 4, 5, 1), 7.0, "float32"),
        np.arange(5, dtype="float32").reshape(1, 1, 1, 5, 1),
        np.zeros((1, 1, 1, 1, 1), "float32"),
        np.linspace(-1024, 3071, 60).reshape(1, 3, 4, 5, 1).astype("int16"),
        np.linspace(0, 4095, 60).reshape(1, 3, 4, 5, 1).astype("uint16"),
    ):
        assert np.isfinite(layer(volume).numpy()).all()
    asked = cls(seed=1, dtype="int16")(volume.astype("int16"))
    assert asked.dtype == tf.int16
