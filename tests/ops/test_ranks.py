"""Against SciPy's rankdata."""

import numpy as np
import pytest
from scipy import stats

from keras_augsynth.ops.ranks import midranks


@pytest.mark.parametrize("values", [[2.0, 1.0, 2.0, 5.0, 2.0], [3.0], [1.0, 1.0], list(range(9))])
def test_midranks(values):
    ranks, counts = midranks(np.array(values))
    np.testing.assert_array_equal(ranks, stats.rankdata(values))
    np.testing.assert_array_equal(counts, np.unique(values, return_counts=True)[1])
