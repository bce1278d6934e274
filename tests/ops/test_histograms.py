"""Sums of counts, beside NumPy's."""

import numpy as np

from keras_augsynth.ops import histograms


def test_running_sums_are_exact_also_where_float32_is_not():
    counts = np.random.default_rng(0).integers(0, 2**22, (3, 256), "int32")
    np.testing.assert_array_equal(histograms.running(counts), np.cumsum(counts, axis=-1))
