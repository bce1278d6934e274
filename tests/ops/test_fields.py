"""Smooth fields against SciPy's B-splines; streaks by their moments and by SciPy's labels."""

import numpy as np
from scipy import ndimage

from keras_augsynth.ops import fields
from keras_augsynth.ops.random import Random


def test_upsampling_is_scipys_spline(rng):
    grid = rng.uniform(size=(2, 5, 4)).astype("float32")
    result = np.asarray(fields.upsample(grid, (17, 30)))
    rows, columns = (np.arange(17) + 0.5) * 5 / 17 - 0.5, (np.arange(30) + 0.5) * 4 / 30 - 0.5
    places = np.meshgrid(rows, columns, indexing="ij")
    expected = [ndimage.map_coordinates(g, places, order=3, mode="reflect", prefilter=False) for g in grid]
    np.testing.assert_allclose(result, expected, atol=1e-4)  # weights of 16 bits


def test_clouds_are_smooth_and_use_the_range():
    keys = np.random.default_rng(1).integers(0, 2**32, (50, 2), "uint32")
    field = np.asarray(fields.smooth(fields.clouds(Random(keys)), (60, 80)))
    assert field.min() >= 0 and field.max() <= 1
    assert field.min() < 0.1 and field.max() > 0.9
    assert 0.4 < field.mean() < 0.6
    assert np.abs(np.diff(field, axis=1)).max() < 0.15


def test_streaks_have_length_slope_and_density():
    keys = np.random.default_rng(1).integers(0, 2**32, (1, 2), "uint32")
    value = lambda number: np.full(1, number, "float32")
    lines = lambda density, slope, key=keys: np.asarray(
        fields.streaks(key, value(density), value(30), value(slope), value(2), (800, 900))
    )[0]
    assert not lines(0.0, 0.2).any()
    few = lines(0.05, 0.25)
    labels, _ = ndimage.label(few > 0.05, np.ones((3, 3)))
    inner = [s for s in ndimage.find_objects(labels) if s[0].start and s[0].stop < 800 and s[1].start]
    heights = np.array([s[0].stop - s[0].start for s in inner])
    assert len(inner) > 50
    assert 24 < np.median(heights) <= 30 and np.quantile(heights, 0.8) <= 30  # a few touch one another
    lean = [np.polyfit(*np.nonzero(few[s]), 1, w=few[s][few[s] > 0])[0] for s in inner if s[0].stop - s[0].start < 31]
    np.testing.assert_allclose(np.median(lean), -0.25, atol=0.02)
    # a line takes 2 of the 8 columns and 30 of the 45 rows of its cell
    assert 0.1 < (lines(1.0, 0.25) > 0.3).mean() < 2 / 8 * 30 / 45
    np.testing.assert_allclose(lines(0.5, 0.0).sum() / lines(1.0, 0.0).sum(), 0.5, atol=0.05)
    assert np.abs(np.corrcoef(lines(0.5, 0.0).ravel(), lines(0.5, 0.0, keys + np.uint32(1)).ravel())[0, 1]) < 0.3
