"""Against scikit-learn's NearestNeighbors, and where rounding would decide."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from keras_augsynth.ops import neighbors as module
from keras_augsynth.ops.neighbors import Distances, among_themselves, nearest_distance, neighbors


@pytest.mark.parametrize("block", [50, 2**21])
@pytest.mark.parametrize(("n", "m", "k"), [(7, 3, 1), (40, 700, 1), (40, 700, 6), (3, 2000, 40)])
def test_of_other_points(rng, monkeypatch, block, n, m, k):
    monkeypatch.setattr(module, "_BLOCK", block)
    queries, points = rng.normal(size=(n, 5)), rng.normal(size=(m, 5))
    far, index = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points).kneighbors(queries)
    squares, found = neighbors(queries, points, k)
    np.testing.assert_array_equal(found, index)
    np.testing.assert_allclose(np.sqrt(squares), far, rtol=1e-9)


@pytest.mark.parametrize(
    ("n", "d", "k"), [(900, 3, 5), (300, 5, 4), (47, 3, 46), (17, 2, 1), (16, 40, 5), (3, 2, 2), (1, 2, 0)]
)
def test_among_themselves(rng, n, d, k):
    points = 1000.0 + rng.normal(size=(n, d))  # far from the origin, where |a|^2 - 2ab + |b|^2 would lose digits
    squares, found = among_themselves(points, k)
    assert found.shape == squares.shape == (n, k)
    if k:
        # By trees, which measure each distance as it is. Without points to ask for: their own are left out.
        far, index = NearestNeighbors(n_neighbors=k, algorithm="kd_tree").fit(points).kneighbors()
        np.testing.assert_array_equal(found, index)
        np.testing.assert_allclose(np.sqrt(squares), far, rtol=1e-9)


def test_of_some_of_the_points(rng, monkeypatch):
    points, own = rng.normal(size=(200, 4)), np.array([5, 199, 0, 77, 3])
    whole = among_themselves(points, 6)
    for block in (1, 450, 10**6):
        monkeypatch.setattr(module, "_BLOCK", block)
        for part, expected in zip(neighbors(points[own], points, 6, own=own), whole, strict=True):
            np.testing.assert_array_equal(part, expected[own])
    assert neighbors(points[:0], points, 6)[1].shape == (0, 6)


def test_copies_are_at_no_distance_at_all(rng):
    """Far from the origin, where a product of matrices leaves nothing but rounding."""
    rows = 1e6 + rng.normal(size=(300, 8))
    np.testing.assert_array_equal(nearest_distance(rows.copy(), rows), 0.0)
    others = rows + 1e-4
    np.testing.assert_allclose(nearest_distance(others, rows), np.linalg.norm(others - rows, axis=1), rtol=1e-12)
    block = next(Distances(rows.copy(), rows).blocks())[1]
    assert np.any(np.diagonal(block) != 0.0)  # the block alone would not do


def test_equal_points_are_neighbours_but_never_the_point_itself(rng):
    points = np.repeat(rng.normal(size=(3, 2)), [40, 30, 1], axis=0)
    squares, found = among_themselves(points, 5)
    assert not np.any(found == np.arange(71)[:, None])
    assert all(len(set(row)) == 5 for row in found.tolist())
    np.testing.assert_array_equal(squares[:70], 0.0)
    assert np.all(squares[70] > 1e-3)


def test_integers_and_float32(rng):
    points = rng.integers(0, 256, (60, 9)).astype("uint8")
    squares, _ = among_themselves(points, 3)
    apart = np.square(points[:, None].astype("float64") - points).sum(axis=-1)
    np.testing.assert_array_equal(squares, np.sort(apart, axis=1)[:, 1:4])
    np.testing.assert_array_equal(among_themselves(points.astype("float32"), 3)[0], squares)
