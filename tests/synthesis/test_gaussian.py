import numpy as np
import pytest
import tensorflow as tf
from scipy import spatial, stats
from sklearn.covariance import ledoit_wolf
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from keras_augsynth import synthesis

Gaussian = synthesis.GaussianSynthesizer


@pytest.fixture
def data(rng):
    """Two classes of 4 columns that hang together, with different means and shapes."""
    y = rng.permutation(np.repeat([0, 1], [120, 60]))
    mixing = rng.normal(size=(2, 4, 4))
    x = np.einsum("ni,nij->nj", rng.normal(size=(180, 4)), mixing[y]) + 5.0 * y[:, None]
    return x, y


def scipys(x, y, label, shrinkage=0.0):
    """SciPy's density with the class's mean and shrunk covariance."""
    rows = x[y == label]
    covariance = np.cov(rows.T, ddof=0)
    shrunk = (1 - shrinkage) * covariance + shrinkage * np.diag(np.diagonal(covariance))
    return stats.multivariate_normal(rows.mean(axis=0), shrunk)


def scikit_learns(rows):
    """scikit-learn's Ledoit-Wolf covariance of the standardized rows, in the units of the columns."""
    scale = rows.std(axis=0)
    return ledoit_wolf(rows / scale)[0] * np.outer(scale, scale)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
def test_density_is_scipys(data, shrinkage):
    x, y = data
    gaussian = Gaussian(shrinkage).fit(x, y)
    densities = [scipys(x, y, label, shrinkage) for label in (0, 1)]
    each = np.stack([density.logpdf(x) for density in densities], axis=1)
    np.testing.assert_allclose(gaussian.log_prob(x, y), each[np.arange(len(x)), y], rtol=1e-9)
    mixed = np.log(np.exp(each) @ [120 / 180, 60 / 180])
    np.testing.assert_allclose(gaussian.log_prob(x), mixed, rtol=1e-9)


def test_mahalanobis_is_scipys(data):
    x, y = data
    gaussian = Gaussian(0.1).fit(x, y)
    by_class = np.array(
        [
            [spatial.distance.mahalanobis(row, d.mean, np.linalg.inv(d.cov)) for row in x[:20]]
            for d in (scipys(x, y, label, 0.1) for label in (0, 1))
        ]
    )
    np.testing.assert_allclose(gaussian.mahalanobis(x[:20], y[:20]), by_class[y[:20], np.arange(20)], rtol=1e-9)
    np.testing.assert_allclose(gaussian.mahalanobis(x[:20]), by_class.min(axis=0), rtol=1e-9)


@pytest.mark.parametrize("rows", [8, 60])
def test_ledoit_wolf_is_scikit_learns(rng, rows):
    x = (rng.normal(size=(rows, 10)) + rng.normal(size=(rows, 1))) * np.arange(1, 11)
    gaussian = Gaussian().fit(x, np.zeros(rows, int))
    assert 0.0 < ledoit_wolf(x / x.std(axis=0))[1] < 1.0
    density = stats.multivariate_normal(x.mean(axis=0), scikit_learns(x))
    np.testing.assert_allclose(gaussian.log_prob(x, np.zeros(rows, int)), density.logpdf(x), rtol=1e-9)


def test_samples_have_the_density_they_are_drawn_from(data):
    x, y = data
    gaussian = Gaussian().fit(x, y)
    made = gaussian.sample(np.repeat([1, 0], [4000, 4000]), seed=3).numpy()
    for label, rows in ((1, made[:4000]), (0, made[4000:])):
        squared = np.square(gaussian.mahalanobis(rows, np.full(4000, label)))
        # The squared distances are chi-squared only if mean and covariance, in every direction, are right.
        assert stats.kstest(squared, stats.chi2(4).cdf).pvalue > 0.01
        error = 5.0 * rows.std(axis=0) / np.sqrt(4000)
        assert np.all(np.abs(rows.mean(axis=0) - x[y == label].mean(axis=0)) < error)


def test_outliers_at_the_level_that_was_asked_for(data):
    x, y = data
    gaussian = Gaussian(0.0).fit(x, y)
    labels = np.zeros(20000, int)
    made = gaussian.sample(labels, seed=1)
    for level in (0.5, 0.05):
        error = 5.0 * np.sqrt(level * (1 - level) / 20000)
        assert abs(np.mean(gaussian.outliers(made, labels, level)) - level) < error
    beyond = stats.chi2(4).sf(np.square(gaussian.mahalanobis(x, y)))
    np.testing.assert_array_equal(gaussian.outliers(x, y, 0.2), beyond < 0.2)
    assert not np.any(gaussian.outliers(x, y, 0.0))
    assert gaussian.outliers([[1e3] * 4]).numpy().all()
    other = scipys(x, y, 1).mean[None]
    assert gaussian.outliers(other, [0]).numpy() != gaussian.outliers(other).numpy()


def test_imputes_the_conditional_mean(data):
    x, y = data
    gaussian = Gaussian(0.2).fit(x, y)
    holes = x[:6].copy()
    holes[0, 1] = holes[1, [0, 3]] = holes[2, 2] = holes[3] = holes[4, 2] = np.nan
    filled = gaussian.impute(holes, y[:6])
    np.testing.assert_array_equal(filled[5], x[5])
    for row, label, known in zip(filled, y[:6], ~np.isnan(holes), strict=True):
        density = scipys(x, y, label, 0.2)
        m, k = ~known, known
        expected = density.mean[m] + density.cov[np.ix_(m, k)] @ np.linalg.solve(
            density.cov[np.ix_(k, k)], row[k] - density.mean[k]
        )
        np.testing.assert_allclose(row[m], expected, rtol=1e-9)
    np.testing.assert_array_equal(filled[~np.isnan(holes)], holes[~np.isnan(holes)])
    assert np.isnan(holes).sum() == 9  # the caller's array is as it was


def test_imputes_draws(data):
    x, y = data
    gaussian = Gaussian(0.0).fit(x, y)
    holes = np.tile(np.array([np.nan, 1.0, np.nan, 0.5]), (4000, 1))
    labels = np.zeros(4000, int)
    drawn = gaussian.impute(holes, labels, draw=True, seed=1)
    np.testing.assert_array_equal(drawn, gaussian.impute(holes, labels, draw=True, seed=1))
    assert not np.array_equal(drawn, gaussian.impute(holes, labels, draw=True, seed=2))
    covariance, m, k = scipys(x, y, 0).cov, [0, 2], [1, 3]
    expected = covariance[np.ix_(m, m)] - covariance[np.ix_(m, k)] @ np.linalg.solve(
        covariance[np.ix_(k, k)], covariance[np.ix_(k, m)]
    )
    size = np.sqrt(np.outer(np.diagonal(expected), np.diagonal(expected)))
    assert np.all(np.abs(np.cov(drawn[:, m].T) - expected) < 5.0 * np.sqrt(2 / 4000) * size)
    mean = gaussian.impute(holes[:1], [0])[0, m]
    assert np.all(np.abs(drawn[:, m].mean(axis=0) - mean) < 5.0 * np.sqrt(np.diagonal(expected) / 4000))


def test_constant_columns_stay_exactly_that(data):
    x, y = data
    x = np.insert(x, 2, np.where(y == 0, 0.1, 7.0), axis=1).astype("float32")
    gaussian = Gaussian().fit(x, y)
    made = gaussian.sample([0, 1, 0], seed=1).numpy()
    np.testing.assert_array_equal(made[:, 2], np.array([0.1, 7.0, 0.1], "float32"))
    without = Gaussian().fit(np.delete(x, 2, axis=1), y)
    np.testing.assert_allclose(gaussian.log_prob(x, y), without.log_prob(np.delete(x, 2, axis=1), y), rtol=1e-9)
    in_float64 = np.where(np.arange(5) == 2, np.where(y == 0, 0.1, 7.0)[:, None], x)  # 0.1, not float32's
    np.testing.assert_array_equal(gaussian.log_prob(in_float64, y), gaussian.log_prob(x, y))
    elsewhere = x[:1] + np.eye(5, dtype="float32")[2]
    assert gaussian.log_prob(elsewhere, y[:1])[0] == -np.inf
    assert gaussian.mahalanobis(elsewhere, y[:1])[0] == np.inf
    assert gaussian.outliers(elsewhere, y[:1], 1e-9)[0]
    holes = np.where(np.arange(5) == 2, np.nan, x)
    np.testing.assert_array_equal(gaussian.impute(holes, y), x)


def test_collinear_columns(data):
    x, y = data
    x = np.column_stack([x, x[:, 0] + x[:, 1]])
    with pytest.raises(ValueError, match=r"`shrinkage` must be above 0 for class 0, .* collinear.*\(rank 4 of 5\)"):
        Gaussian(0.0).fit(x, y)
    for shrinkage in (0.01, "ledoit-wolf"):
        gaussian = Gaussian(shrinkage).fit(x, y)
        assert np.all(np.isfinite(gaussian.log_prob(x, y)))
    density = stats.multivariate_normal(x[y == 0].mean(axis=0), scikit_learns(x[y == 0]))
    np.testing.assert_allclose(gaussian.log_prob(x[y == 0], y[y == 0]), density.logpdf(x[y == 0]), rtol=1e-6)


def test_few_rows(rng):
    """Fewer rows than columns, two rows, a single one."""
    x, y = rng.normal(size=(9, 12)), np.array([0] * 6 + [1] * 2 + [2])
    gaussian = Gaussian().fit(x, y)
    made = gaussian.sample(np.repeat([0, 1, 2], 500), seed=1).numpy()
    assert np.all(made[1000:] == x[8])
    assert gaussian.log_prob(x[8:], [2])[0] == 0.0
    # Two rows: each column keeps its variance, and half of each covariance stays.
    half = (x[7] - x[6]) / 2
    expected = np.outer(half, half) * (1 + np.eye(12)) / 2
    size = np.sqrt(np.outer(half**2, half**2))
    assert np.all(np.abs(np.cov(made[500:1000].T, ddof=0) - expected) < 5 * np.sqrt(2 / 500) * size)
    with pytest.raises(ValueError, match=r"class 0, .*\(rank 5 of 12\)"):
        Gaussian(0.0).fit(x, y)


UNITS = np.array([1e-9, 1.0, 1e9, 1e300])


@pytest.mark.parametrize("make", [Gaussian, lambda: Gaussian(0.0), lambda: synthesis.GaussianMixtureSynthesizer(2)])
def test_units_of_columns_do_not_matter(data, make):
    """What is learned from columns in other units is the same in other units (scikit-learn issue 14398)."""
    x, y = data
    plain, other = make().fit(x, y), make().fit(x * UNITS, y)
    labels = np.repeat([0, 1], 20)
    np.testing.assert_allclose(other.sample(labels, seed=1) / UNITS, plain.sample(labels, seed=1), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(other.log_prob(x * UNITS, y) + np.log(UNITS).sum(), plain.log_prob(x, y), rtol=1e-6)


def test_outliers_and_holes_in_a_column_of_small_unit(data):
    x, y = data
    plain, other = Gaussian().fit(x, y), Gaussian().fit(x * UNITS, y)
    off = x[:1] + np.eye(4)[:1] * 30.0
    assert other.outliers(off * UNITS, y[:1]).numpy().all()
    holes = x.copy()
    holes[:, 0] = np.nan
    np.testing.assert_allclose(other.impute(holes * UNITS, y) / UNITS, plain.impute(holes, y), rtol=1e-6)


def test_pooled_covariance_is_that_of_rows_around_their_class(data):
    x, y = data
    centered = x - np.stack([x[y == label].mean(axis=0) for label in (0, 1)])[y]
    expected = scikit_learns(centered)
    gaussian = Gaussian(covariance="pooled").fit(x, y)
    for label in (0, 1):
        density = stats.multivariate_normal(x[y == label].mean(axis=0), expected)
        np.testing.assert_allclose(gaussian.log_prob(x, np.full(180, label)), density.logpdf(x), rtol=1e-9)


def test_pooled_covariance_is_that_of_scikit_learns_discriminant_analysis(data):
    x, y = data
    analysis = LinearDiscriminantAnalysis(solver="lsqr", store_covariance=True).fit(x, y)
    gaussian = Gaussian(0.0, covariance="pooled").fit(x, y)
    for label in (0, 1):
        density = stats.multivariate_normal(analysis.means_[label], analysis.covariance_)
        np.testing.assert_allclose(gaussian.log_prob(x, np.full(180, label)), density.logpdf(x), rtol=1e-9)


def test_classes_of_few_rows_take_the_pooled_covariance(data):
    x, y = data
    few = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:1]]
    x, y = x[few], y[few]
    alone, pooled, auto = (Gaussian(covariance=kind).fit(x, y) for kind in ("class", "pooled", "auto"))
    same = lambda one, other, label: np.array_equal(*(g.sample([label] * 9, seed=1) for g in (one, other)))
    assert same(auto, alone, 0) and not same(auto, pooled, 0)
    assert same(auto, pooled, 1) and np.ptp(auto.sample([1] * 9, seed=1), axis=0).min() > 0.0
    with pytest.raises(ValueError, match='`covariance` must be one of "class", "pooled", "auto"'):
        Gaussian(covariance="shared")


def test_images_of_bytes(rng):
    x = np.clip(rng.normal(128, 60, (50, 3, 4, 1)), 0, 255).astype("uint8")
    gaussian = Gaussian().fit(x, np.zeros(50, int))
    made = gaussian.sample([0] * 2000, seed=1)
    assert made.shape == (2000, 3, 4, 1) and made.dtype == tf.uint8
    np.testing.assert_allclose(np.mean(made, axis=0), x.mean(axis=0), atol=8.0)  # five standard errors
    inside = Gaussian(value_range=(100, 150)).fit(x.astype("float32"), np.zeros(50, int)).sample([0] * 100, seed=1)
    assert np.min(inside) == 100.0 and np.max(inside) == 150.0


def test_missing_rows_are_refused_or_dropped(data):
    x, y = data
    holes = x.copy()
    holes[:30, 1] = np.nan
    with pytest.raises(ValueError, match=r"`x` must be finite \(drop .* `missing=\"drop\"`; `impute` fills them"):
        Gaussian().fit(holes, y)
    dropped, whole = Gaussian().fit(holes, y, missing="drop"), Gaussian().fit(x[30:], y[30:])
    np.testing.assert_array_equal(dropped.log_prob(x, y), whole.log_prob(x, y))
    holes[40] = np.inf
    with pytest.raises(ValueError, match="1 of 150 rows"):
        Gaussian().fit(holes, y, missing="drop")


@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.full)])
def test_in_a_graph_and_compiled(data, jit):
    x, y = data
    gaussian = Gaussian().fit(x, y)
    labels = tf.constant([0, 1, 1])

    def both(labels, seed):
        made = gaussian.sample(labels, seed=seed)
        return made, gaussian.log_prob(made, labels), gaussian.log_prob(made), gaussian.outliers(made, level=0.3)

    expected, results = both(labels, 3), tf.function(both, jit_compile=jit)(labels, tf.constant(3))
    for ours, result in zip(expected, results, strict=True):
        np.testing.assert_allclose(ours, result, rtol=1e-9)


def test_saved_and_loaded(data, tmp_path):
    x, y = data
    gaussian = Gaussian(0.25, value_range=(-3, 9)).fit(x.astype("float32"), y * 2)
    gaussian.save(tmp_path / "gaussian.npz")
    loaded = Gaussian.load(tmp_path / "gaussian.npz")
    assert loaded.shrinkage == 0.25 and loaded.value_range == (-3.0, 9.0)
    labels = np.array([0, 2, 2, 0])
    np.testing.assert_array_equal(loaded.sample(labels, seed=1), gaussian.sample(labels, seed=1))
    np.testing.assert_array_equal(loaded.log_prob(x), gaussian.log_prob(x))
    with pytest.raises(ValueError, match=r"classes that had rows in `fit`, \[0 2\]"):
        loaded.sample([1])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x, y: Gaussian(1.5), ValueError, "`shrinkage` must be a finite number from 0.0 to 1.0"),
        (lambda x, y: Gaussian("oas"), ValueError, '`shrinkage` must be "ledoit-wolf" or a number from 0 to 1'),
        (lambda x, y: Gaussian(None), TypeError, "`shrinkage` must be a number"),
        (lambda x, y: Gaussian(value_range=(1, 1)), ValueError, "`value_range` must have two different ends"),
        (lambda x, y: Gaussian().log_prob(x), RuntimeError, "`log_prob` must come after `fit`"),
        (lambda x, y: Gaussian().fit(x, y).log_prob(x[:, :3]), ValueError, r"`x` must be samples \(N, 4\)"),
        (lambda x, y: Gaussian().fit(x, y).log_prob(x, y + 1), ValueError, "`labels` must be from 0 to 1"),
        (lambda x, y: Gaussian().fit(x, y).outliers(x, level=2.0), ValueError, "`level` must be"),
        (lambda x, y: Gaussian().fit(x, y).impute(x[:3], y), ValueError, "`x` must be finite floats or NaN"),
        (lambda x, y: Gaussian().fit(x, y).impute(x * np.inf, y), ValueError, "`x` must be finite floats or NaN"),
        (lambda x, y: Gaussian().fit(x, y).impute(x, y, draw=1), TypeError, "`draw` must be True or False"),
        (lambda x, y: Gaussian().fit(x, y, missing="skip"), ValueError, '`missing` must be one of "error", "drop"'),
        (lambda x, y: Gaussian().fit(x * np.nan, y, missing="drop"), ValueError, "at least one"),
    ],
)
def test_wrong_input(data, call, kind, message):
    with pytest.raises(kind, match=message):
        call(*data)
