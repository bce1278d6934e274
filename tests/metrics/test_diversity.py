"""Against scikit-learn's distances; a collapse, copies and real splits."""

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from keras_augsynth import metrics


def mean_distance(rows):
    return pairwise_distances(rows).sum() / (len(rows) * (len(rows) - 1))


def test_diversity_is_a_ratio_of_mean_distances(thirds):
    real, fake = thirds[0], 0.7 * thirds[1][:300]
    result = metrics.diversity(real, fake)
    np.testing.assert_allclose(result, mean_distance(fake) / mean_distance(real), rtol=1e-9)
    assert (result.name, result.n) == ("diversity[raw64]", 300)


def test_error_of_diversity(rng):
    draws = [metrics.diversity(rng.normal(size=(50, 3)), rng.exponential(size=(40, 3))) for _ in range(100)]
    assert 0.75 < np.mean([draw.error for draw in draws]) / np.std([float(draw) for draw in draws]) < 1.33


def test_real_rows_are_as_diverse(thirds):
    result = metrics.diversity(thirds[0], thirds[1])
    assert abs(float(result) - 1.0) < 3 * result.error < 0.1


def test_a_collapse_is_seen(thirds, rng):
    collapsed = thirds[1][:1] + rng.normal(0, 0.1, (300, 64))
    assert metrics.diversity(thirds[0], collapsed) < 0.05
    assert metrics.duplicates(thirds[0], collapsed) > 0.9
    np.testing.assert_array_equal(metrics.diversity(thirds[0], np.repeat(thirds[1][:1], 30, axis=0)), 0.0)


def test_ten_images_over_and_over_are_seen_by_duplicates_alone(thirds):
    few = np.repeat(thirds[1][:10], 30, axis=0)
    assert metrics.diversity(thirds[0], few) > 0.8
    assert float(metrics.duplicates(thirds[0], few)) == 1.0


def test_duplicates_are_closer_than_a_part_of_the_usual_gap(thirds):
    gap = lambda rows: NearestNeighbors(n_neighbors=1).fit(rows).kneighbors()[0][:, 0]
    real, fake = thirds[0], thirds[1]
    expected = np.mean(gap(fake) <= 0.8 * np.median(gap(real)))
    assert 0.1 < expected < 0.9
    assert float(metrics.duplicates(real, fake, tolerance=0.8)) == expected
    assert float(metrics.duplicates(real, fake)) == 0.0


def test_not_testable(rng):
    rows = rng.normal(size=(30, 2))
    assert metrics.diversity(rows, rows[:4]).reason == "4 rows where 5 are needed"
    assert metrics.duplicates(rows, rows[:4]).reason == "4 rows where 5 are needed"
    assert metrics.diversity(np.ones((30, 2)), rows).reason == "all real rows are equal"
    with pytest.raises(ValueError, match="duplicates: `tolerance` must"):
        metrics.duplicates(rows, rows, tolerance=2.0)
