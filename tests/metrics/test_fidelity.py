"""Fréchet distance against SciPy's matrix root, the kernel distance against scikit-learn's kernel."""

import keras
import numpy as np
import pytest
import scipy.linalg
import tensorflow as tf
from sklearn.metrics.pairwise import polynomial_kernel

from keras_augsynth import metrics


def with_matrix_root(real, fake):
    covariances = [np.cov(rows, rowvar=False) for rows in (real, fake)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    return np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(covariances[0] + covariances[1] - 2 * root.real)


@pytest.fixture
def pair(rng):
    mixing = rng.normal(size=(6, 6))
    return rng.normal(size=(300, 6)) @ mixing, 0.5 + rng.normal(size=(200, 6))


def test_frechet_distance_is_that_of_the_matrix_root(pair):
    result = metrics.frechet_distance(*pair)
    np.testing.assert_allclose(result, with_matrix_root(*pair), rtol=1e-10)
    assert (result.name, result.n) == ("FD[raw6]", 200)


def test_frechet_distance_of_known_distributions():
    """N(0, 1) and N(3, 4) in one dimension: 3² + (1 - 2)²; exact moments, not drawn ones."""
    grid = np.array([-1.0, 1.0] * 50) * np.sqrt(99 / 100)
    np.testing.assert_allclose(metrics.frechet_distance(grid[:, None], 3.0 + 2.0 * grid[:, None]), 10.0, rtol=1e-12)


def test_frechet_distance_of_a_set_from_itself(pair):
    assert abs(float(metrics.frechet_distance(pair[0], pair[0]))) < 1e-10


def test_frechet_distance_of_flat_data(rng):
    """Collinear columns: a covariance without full rank has a root, too."""
    rows = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 8))
    assert abs(float(metrics.frechet_distance(rows, rows))) < 1e-6 * rows.var()


def test_frechet_distance_needs_more_rows_than_features(rng):
    result = metrics.frechet_distance(rng.normal(size=(8, 8)), rng.normal(size=(50, 8)))
    assert not result.testable
    with pytest.raises(ValueError, match=r"FD\[raw8\]: not testable, 8 rows for covariances of 8 features"):
        float(result)


def test_bias_is_gone_at_infinity(rng):
    """Equal distributions: FD at n is well above 0, its floor as much, and at infinity nothing is left."""
    real, fake = rng.normal(size=(2, 400, 12))
    plain, floor = metrics.frechet_distance(real[:200], fake[:200]), metrics.frechet_floor(real)
    infinity = metrics.frechet_distance_infinity(real, fake)
    assert floor.n == 200 and abs(float(plain) - float(floor)) < 4 * floor.error
    assert floor > 0.3
    assert abs(float(infinity)) < 3 * infinity.error < float(floor)


def test_infinity_and_its_error(rng):
    """Over 30 draws: the mean is the truth, and the errors are about the spread."""
    draws = [
        metrics.frechet_distance_infinity(rng.normal(size=(300, 4)), 1.0 + 2.0 * rng.normal(size=(300, 4)))
        for _ in range(30)
    ]
    spread = np.std([float(draw) for draw in draws])
    assert abs(np.mean([float(draw) for draw in draws]) - 8.0) < 3 * spread / np.sqrt(30)
    assert 0.6 < np.mean([draw.error for draw in draws]) / spread < 1.6
    assert float(draws[0]) != float(draws[1])


def estimate(real, fake):
    """The unbiased estimate, written out."""
    m, kernel = len(real), lambda a, b: polynomial_kernel(a, b, degree=3, coef0=1.0)  # gamma is 1/d
    within = [kernel(rows, rows) for rows in (real, fake)]
    return sum(k.sum() - np.trace(k) for k in within) / (m * (m - 1)) - 2 * kernel(real, fake).mean()


def test_kernel_distance_of_all_rows(pair):
    real, fake = pair[0][:150], pair[1][:150]
    result = metrics.kernel_distance(real, fake, subset_size=150)
    np.testing.assert_allclose(result, estimate(real, fake), rtol=1e-10)
    assert (result.name, result.n) == ("KID[raw6]", 150)


def test_kernel_distance_of_subsets(pair):
    result = metrics.kernel_distance(*pair, subsets=30, subset_size=80, seed=3)
    rng, (real, fake) = np.random.default_rng(3), pair
    draws = [[rows[rng.choice(len(rows), 80, replace=False)] for rows in (real, fake)] for _ in range(30)]
    np.testing.assert_allclose(result, np.mean([estimate(*draw) for draw in draws]), rtol=1e-10)
    assert float(metrics.kernel_distance(*pair, subsets=30, subset_size=80, seed=4)) != float(result)


@pytest.mark.parametrize("shift", [0.0, 0.5])
@pytest.mark.parametrize("size", [100, 40])
def test_kernel_distance_error(rng, shift, size):
    """Over 60 draws the mean is that of many rows, and the errors are about the spread."""
    draws = [
        metrics.kernel_distance(rng.uniform(size=(100, 4)), shift + rng.uniform(size=(100, 4)), 20, size)
        for _ in range(60)
    ]
    spread = np.std([float(draw) for draw in draws])
    assert 0.75 < np.mean([draw.error for draw in draws]) / spread < 1.33
    truth = estimate(rng.uniform(size=(3000, 4)), shift + rng.uniform(size=(3000, 4)))
    assert abs(np.mean([float(draw) for draw in draws]) - truth) < 4 * spread / np.sqrt(60)


def test_streaming_is_the_same_in_any_batches(pair):
    metric = metrics.FrechetDistance(6)
    update = tf.function(metric.update_state, reduce_retracing=True)
    for start in range(0, 300, 70):
        update(pair[0][start : start + 70], pair[1][start : start + 70])
    np.testing.assert_allclose(metric.result(), float(metrics.frechet_distance(*pair)), rtol=1e-9)
    metric.reset_state()
    update(pair[0], pair[0])
    assert abs(float(metric.result())) < 1e-8
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert (again.width, again.name) == (6, "frechet_distance")


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: metrics.kernel_distance(np.eye(9), np.eye(9)), ValueError, "`subset_size` must be at most the 9 rows"),
        (lambda: metrics.kernel_distance(np.eye(9), np.eye(9), 0), ValueError, "`subsets` must be an integer of at"),
        (lambda: metrics.kernel_distance(np.eye(9), np.eye(9), subset_size=2), ValueError, "`subset_size` must"),
        (lambda: metrics.frechet_distance(np.eye(9), np.eye(8)), ValueError, "`fake` must have as many features"),
        (lambda: metrics.frechet_distance(np.eye(9) * np.nan, np.eye(9)), ValueError, "`real` must be finite"),
        (lambda: metrics.frechet_distance(np.zeros(9), np.eye(9)), ValueError, r"`real` must be samples \(N, ...\)"),
        (lambda: metrics.frechet_distance([["a"]], np.eye(9)), TypeError, "`real` must be an array of numbers"),
        (lambda: metrics.frechet_distance(np.eye(9), np.eye(9), features=3), TypeError, "`features` must be"),
        (
            lambda: metrics.kernel_distance(np.eye(9), np.eye(9), seed=-1),
            ValueError,
            "`seed` must be an integer from 0",
        ),
        (lambda: metrics.frechet_floor(np.eye(9), 5), ValueError, "`n` must be at most half the rows, 4"),
        (lambda: metrics.FrechetDistance(2.0), TypeError, "FrechetDistance: `width` must be an integer"),
    ],
)
def test_wrong_arguments(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
