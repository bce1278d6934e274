"""Against scikit-learn's cosines."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from keras_augsynth.ops.vectors import nearest


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [None, [3, 0, 29]])
def test_nearest_have_the_largest_cosines(rng, dtype, rows):
    """Whatever the vectors' lengths are; one of length 0 is at a right angle to all."""
    vectors = (rng.normal(size=(30, 4)) * rng.uniform(1e-3, 1e3, (30, 1))).astype(dtype)
    vectors[[0, 5]] = 0.0
    places, cosines = nearest(vectors, 6, None if rows is None else np.array(rows))
    expected = cosine_similarity(vectors)
    np.fill_diagonal(expected, -np.inf)
    expected = expected[slice(None) if rows is None else rows]
    np.testing.assert_allclose(cosines, -np.sort(-expected, axis=1)[:, :6], atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(expected, places, axis=1), cosines, atol=1e-6)


def test_there_are_fewer_than_are_wanted():
    places, cosines = nearest(np.eye(2, 3), 5)
    np.testing.assert_array_equal(places, [[1], [0]])
    np.testing.assert_array_equal(cosines, [[0.0], [0.0]])
    assert nearest(np.ones((1, 3)), 5)[0].shape == (1, 0)
