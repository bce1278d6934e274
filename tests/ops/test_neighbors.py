import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from keras_augsynth.ops.neighbors import nearest


@pytest.mark.parametrize(("n", "d", "k"), [(300, 5, 4), (47, 3, 46), (17, 2, 1), (16, 40, 5), (3, 2, 2), (1, 2, 0)])
def test_are_scikit_learns(rng, n, d, k):
    points = 1000.0 + rng.normal(size=(n, d))  # far from the origin, where |a|^2 - 2ab + |b|^2 would lose digits
    places, squared = nearest(points, k)
    assert places.shape == squared.shape == (n, k)
    assert places.dtype == np.int32
    if k:
        # By trees, which measure each distance as it is. Without points to ask for: their own are left out.
        distances, expected = NearestNeighbors(n_neighbors=k, algorithm="kd_tree").fit(points).kneighbors()
        np.testing.assert_array_equal(places, expected)
        np.testing.assert_allclose(np.sqrt(squared), distances, rtol=1e-9)


def test_of_some_points_in_blocks(rng):
    points, of = rng.normal(size=(200, 4)), np.array([5, 199, 0, 77, 3])
    whole = nearest(points, 6)
    for block in (1, 450, 10**6):
        for part, expected in zip(nearest(points, 6, of=of, block=block), whole, strict=True):
            np.testing.assert_allclose(part, expected[of], rtol=1e-9)
    assert nearest(points, 6, of=of[:0])[0].shape == (0, 6)


def test_equal_points_are_neighbours_but_never_the_point_itself(rng):
    points = np.repeat(rng.normal(size=(3, 2)), [40, 30, 1], axis=0)
    places, squared = nearest(points, 5)
    assert not np.any(places == np.arange(71)[:, None])
    assert all(len(set(row)) == 5 for row in places.tolist())
    np.testing.assert_allclose(squared[:70], 0.0, atol=1e-12)
    assert np.all(squared[70] > 1e-3)


def test_integers_and_float32(rng):
    points = rng.integers(0, 256, (60, 9)).astype("uint8")
    _, squared = nearest(points, 3)
    apart = np.square(points[:, None].astype("float64") - points).sum(axis=-1)
    np.testing.assert_allclose(squared, np.sort(apart, axis=1)[:, 1:4], rtol=1e-9)
    np.testing.assert_array_equal(nearest(points.astype("float32"), 3)[1], squared)
