"""Against scikit-learn's NearestNeighbors, and where rounding would decide."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from keras_augsynth.metrics import distances
from keras_augsynth.metrics.distances import Distances, nearest, neighbors


@pytest.mark.parametrize("block", [50, 2**21])
@pytest.mark.parametrize(("n", "m", "k"), [(7, 3, 1), (40, 700, 1), (40, 700, 6), (3, 2000, 40)])
def test_nearest_neighbors(rng, monkeypatch, block, n, m, k):
    monkeypatch.setattr(distances, "_BLOCK", block)
    queries, points = rng.normal(size=(n, 5)), rng.normal(size=(m, 5))
    far, index = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points).kneighbors(queries)
    squares, found = neighbors(queries, points, k)
    np.testing.assert_array_equal(found, index)
    np.testing.assert_allclose(np.sqrt(squares), far, rtol=1e-9)


@pytest.mark.parametrize("m", [6, 900])
def test_among_themselves(rng, m):
    rows = rng.normal(size=(m, 3))
    far, index = NearestNeighbors(n_neighbors=5).fit(rows).kneighbors()
    squares, found = neighbors(rows, rows, 5)
    np.testing.assert_array_equal(found, index)
    np.testing.assert_allclose(np.sqrt(squares), far, rtol=1e-9)


def test_copies_are_at_no_distance_at_all(rng):
    """Far from the origin, where a product of matrices leaves nothing but rounding."""
    rows = 1e6 + rng.normal(size=(300, 8))
    np.testing.assert_array_equal(nearest(rows.copy(), rows), 0.0)
    others = rows + 1e-4
    np.testing.assert_allclose(nearest(others, rows), np.linalg.norm(others - rows, axis=1), rtol=1e-12)
    block = next(Distances(rows.copy(), rows).blocks())[1]
    assert np.any(np.diagonal(block) != 0.0)  # the block alone would not do


def test_equal_rows():
    rows = np.ones((20, 4))
    squares, indices = neighbors(rows, rows, 3)
    np.testing.assert_array_equal(squares, 0.0)
    assert all(i not in found and len(set(found)) == 3 for i, found in enumerate(indices))
