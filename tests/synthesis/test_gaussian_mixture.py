import numpy as np
import pytest
from scipy import stats
from sklearn.mixture import GaussianMixture

from keras_augsynth import synthesis
from keras_augsynth.synthesis.gaussian_mixture import _clusters

Mixture = synthesis.GaussianMixtureSynthesizer
CENTERS = np.array([[0.0, 0.0, 1.0], [6.0, 0.0, -1.0], [0.0, 7.0, 0.0]])


@pytest.fixture
def data(rng):
    """A class of three clusters and one of a single cluster."""
    place = rng.choice(3, 300, p=[0.5, 0.3, 0.2])
    shapes = rng.normal(size=(3, 3, 3)) * 0.7
    clusters = CENTERS[place] + np.einsum("ni,nij->nj", rng.normal(size=(300, 3)), shapes[place])
    x = np.concatenate([clusters, 20.0 + rng.normal(size=(60, 3))])
    return x, np.repeat([0, 1], [300, 60])


def scikit_learns(rows, components, **kwargs):
    """scikit-learn's mixture of the rows divided by their standard deviations."""
    return GaussianMixture(components, reg_covar=1e-6, random_state=0, **kwargs).fit(rows / rows.std(axis=0))


def test_likelihood_is_scikit_learns(data):
    x, y = data
    mixture = Mixture(3, shrinkage=0.0, tolerance=1e-8, max_iterations=500).fit(x, y)
    for label in (0, 1):
        rows = x[y == label]
        theirs = scikit_learns(rows, 3, tol=1e-8, max_iter=500, n_init=3)
        ours = np.mean(mixture.log_prob(rows, np.full(len(rows), label))) + np.log(rows.std(axis=0)).sum()
        # The clusters have one best place; the single one can be cut into three in many ways, each as good.
        if label == 0:
            assert abs(ours - theirs.score(rows / rows.std(axis=0))) < 1e-4
        else:
            assert abs(ours - theirs.score(rows / rows.std(axis=0))) < 0.1


def test_steps_are_scikit_learns(data):
    """From the same start, the same number of steps: the same mixture."""
    x, y = data
    rows = x[y == 0]
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    start = _clusters(rows, 3, np.random.default_rng([4, 0]))
    ridge = 1e-6
    weights = start.mean(axis=0)
    means = start.T @ rows / start.sum(axis=0)[:, None]
    precisions = [np.linalg.inv(np.cov(rows[member == 1].T, ddof=0) + ridge * np.eye(3)) for member in start.T]
    theirs = GaussianMixture(
        3, reg_covar=ridge, tol=0, max_iter=4, weights_init=weights, means_init=means, precisions_init=precisions
    )
    with pytest.warns(UserWarning, match="did not converge"):
        theirs.fit(rows)
    ours = Mixture(3, shrinkage=0.0, tolerance=0.0, max_iterations=5, seed=4).fit(
        rows, y[y == 0]
    )  # the start counts as a step
    np.testing.assert_allclose(ours.log_prob(rows, y[y == 0]), theirs.score_samples(rows), rtol=1e-6)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3, "ledoit-wolf"])
def test_one_component_is_the_gaussian(data, shrinkage):
    mixture = Mixture(1, shrinkage=shrinkage, regularization=1e-12).fit(*data)
    gaussian = synthesis.GaussianSynthesizer(shrinkage).fit(*data)
    np.testing.assert_allclose(mixture.log_prob(*data), gaussian.log_prob(*data), rtol=1e-6)
    np.testing.assert_allclose(mixture.log_prob(data[0]), gaussian.log_prob(data[0]), rtol=1e-6)


def test_two_clusters_in_the_column_of_the_smaller_unit(rng):
    """They are found whatever the units are (scikit-learn issue 14398)."""
    x = np.column_stack([rng.normal(rng.choice([-10, 10], 400), 1.0), rng.normal(0.0, 5e4, 400)])
    made = np.asarray(Mixture(2).fit(x, np.zeros(400, int)).sample(np.zeros(2000, int), seed=1))
    spread = np.abs(np.abs(made[:, 0]) - 10.0).std()
    assert 0.5 < spread < 1.0  # of |N(0, 1)|: 0.6


def test_samples_are_drawn_from_the_mixture(data):
    x, y = data
    mixture = Mixture(3).fit(x, y)
    made = mixture.sample(np.zeros(6000, int), seed=1).numpy()
    near = np.square(made[:, None] - CENTERS).sum(axis=-1).argmin(axis=1)
    real = np.square(x[y == 0][:, None] - CENTERS).sum(axis=-1).argmin(axis=1)
    np.testing.assert_allclose(np.bincount(near) / 6000, np.bincount(real) / 300, atol=0.03)
    theirs = scikit_learns(x[y == 0], 3, n_init=3).sample(6000)[0] * x[y == 0].std(axis=0)
    for column in range(3):
        assert stats.ks_2samp(made[:, column], theirs[:, column]).pvalue > 0.001


def test_seed_decides_the_start(rng):
    x, y = rng.uniform(size=(80, 2)), np.zeros(80, int)  # no clusters: each start ends elsewhere
    found = [np.asarray(Mixture(4, seed=seed).fit(x, y).log_prob(x)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2])
    best = np.mean(Mixture(4, starts=6).fit(x, y).log_prob(x))
    assert best >= found[0].mean()


def test_few_and_equal_rows(rng):
    x = np.concatenate([np.repeat(rng.normal(size=(2, 3)), 4, axis=0), rng.normal(size=(1, 3)), np.ones((5, 3))])
    mixture = Mixture(3).fit(x, np.repeat([0, 1, 2], [8, 1, 5]))
    made = mixture.sample([0] * 50 + [1, 2], seed=1).numpy()
    away = np.abs(made[:50, None] - x[[0, 4]]).max(axis=-1)
    assert away.min(axis=1).max() < 0.02  # two different rows: two narrow densities
    assert set(away.argmin(axis=1)) == {0, 1}
    np.testing.assert_array_equal(made[50:], x[[8, 9]])


def test_constant_columns(data):
    x, y = data
    wide = np.column_stack([x, np.full(len(x), 3.0)])
    mixture, without = Mixture(2).fit(wide, y), Mixture(2).fit(x, y)
    np.testing.assert_allclose(mixture.log_prob(wide, y), without.log_prob(x, y), rtol=1e-9)
    assert np.all(mixture.sample(y, seed=1).numpy()[:, 3] == 3.0)
    assert np.all(np.isneginf(mixture.log_prob(wide + np.eye(4)[3], y)))


def test_saved_and_loaded(data, tmp_path):
    mixture = Mixture(2, seed=3).fit(*data)
    mixture.save(tmp_path / "mixture.npz")
    loaded = Mixture.load(tmp_path / "mixture.npz")
    assert loaded.get_config() == mixture.get_config()
    np.testing.assert_array_equal(loaded.sample([0, 1, 0], seed=1), mixture.sample([0, 1, 0], seed=1))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x, y: Mixture(0), ValueError, "`components` must be an integer of at least 1"),
        (lambda x, y: Mixture(regularization=0.0), ValueError, "`regularization` must be"),
        (lambda x, y: Mixture(tolerance=-1), ValueError, "`tolerance` must be"),
        (lambda x, y: Mixture(max_iterations=1.5), TypeError, "`max_iterations` must be an integer"),
        (lambda x, y: Mixture(starts=0), ValueError, "`starts` must be"),
        (lambda x, y: Mixture(seed=-1), ValueError, "`seed` must be"),
        (lambda x, y: Mixture().fit(x * np.nan, y), ValueError, "`x` must be finite"),
    ],
)
def test_wrong_input(data, call, kind, message):
    with pytest.raises(kind, match=message):
        call(*data)
