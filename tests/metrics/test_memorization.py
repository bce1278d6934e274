"""Against SciPy's Mann-Whitney test, scikit-learn's curves and neighbors; and planted copies against real splits."""

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.neighbors import NearestNeighbors

from keras_augsynth import metrics
from keras_augsynth.metrics.statistics import area_under_curve, mann_whitney, share_error
from keras_augsynth.ops.cells import kmeans


def gap(rows, queries=None):
    return NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(queries)


@pytest.fixture
def copied(thirds, rng):
    """What a synthesizer makes that repeats its training rows, with a little noise on them."""
    return thirds[0][rng.integers(0, 599, 500)] + rng.normal(0, 0.1, (500, 64))


def test_mann_whitney_is_scipys(rng):
    for x, y in ((rng.normal(size=30), rng.normal(0.3, 1, 41)), (rng.integers(0, 4, 30), rng.integers(0, 5, 25))):
        score = mann_whitney(x, y)
        expected = scipy.stats.mannwhitneyu(x, y, use_continuity=False, alternative="greater", method="asymptotic")
        np.testing.assert_allclose(scipy.stats.norm.sf(score), expected.pvalue, rtol=1e-10)
    assert mann_whitney(np.ones(5), np.ones(4)) == 0.0


def test_area_under_curve_is_scikit_learns(rng):
    for x, y in ((rng.normal(size=30), rng.normal(0.3, 1, 41)), (rng.integers(0, 4, 30), rng.integers(0, 5, 25))):
        labels = np.repeat([1, 0], [len(x), len(y)])
        np.testing.assert_allclose(area_under_curve(x, y)[0], roc_auc_score(labels, np.concatenate([x, y])))


def test_error_of_the_area(rng):
    draws = np.array([area_under_curve(rng.normal(0.5, 1, 40), rng.normal(0, 2, 60)) for _ in range(300)])
    assert 0.85 < draws[:, 1].mean() / draws[:, 0].std() < 1.15


def test_error_of_a_share(rng):
    """The spread of drawn shares, and not 0 where the drawn share happens to be."""
    spread = np.std(rng.binomial(50, 0.3, 4000) / 50)
    np.testing.assert_allclose(share_error(0.3, 50), spread, rtol=0.05)
    np.testing.assert_allclose([share_error(0.0, 50), share_error(1.0, 50)], np.sqrt(51) / 52 / np.sqrt(50))


def test_kmeans_finds_what_is_there(rng):
    """From every start: the first centers are far from one another, which six random rows would not be."""
    truth = 100.0 * np.array([[0, 0], [0, 1], [1, 0], [1, 2], [2, 0], [2, 2]])
    rows = np.repeat(truth, 30, axis=0) + rng.normal(size=(180, 2))
    for _ in range(5):
        centers = kmeans(rows, 6, rng)
        in_order = centers[np.lexsort(np.round(centers[:, ::-1].T / 100.0))]
        np.testing.assert_allclose(in_order, rows.reshape(6, 30, 2).mean(axis=1))
    assert len(kmeans(np.ones((9, 2)), 3, rng)) == 1


def test_data_copying_of_one_cell_is_the_mann_whitney_test(thirds, rng):
    # Moved a little, since ties of whole pixels would be broken by rounding.
    train, holdout, fake = thirds[0], *(rows + rng.normal(0, 0.1, (599, 64)) for rows in (thirds[1], 0.9 * thirds[2]))
    far = lambda rows: gap(train, rows)[0][:, 0]
    expected = scipy.stats.mannwhitneyu(far(fake), far(holdout), use_continuity=False, method="asymptotic")
    result = metrics.data_copying(train, holdout, fake, cells=1)
    np.testing.assert_allclose(2 * scipy.stats.norm.sf(abs(float(result))), expected.pvalue, rtol=1e-9)
    assert (result.name, result.n, result.error) == ("C_T[raw64]", 599, 1.0)


def test_data_copying_weighs_cells_by_their_held_out_rows(rng):
    """Copies in one of two far cells, which has a quarter of the held-out rows."""
    left, right = rng.normal(size=(150, 3)), 50.0 + rng.normal(size=(150, 3))
    train = np.vstack([left[:50], right[:50]])
    holdout, fake = np.vstack([left[50:80], right[50:60]]), np.vstack([left[80:150], train[50:] + 0.001])
    result = metrics.data_copying(train, holdout, fake, cells=2)
    far = lambda known, rows: gap(known, rows)[0][:, 0]
    scores = [
        mann_whitney(far(train[:50], fake[:70]), far(train[:50], holdout[:30])),
        mann_whitney(far(train[50:], fake[70:]), far(train[50:], holdout[30:])),
    ]
    np.testing.assert_allclose(result, 0.75 * scores[0] + 0.25 * scores[1])
    np.testing.assert_allclose(result.error, np.hypot(0.75, 0.25))
    assert scores[1] < -4


def test_copies_are_found(thirds, copied):
    train, holdout, _ = thirds
    assert metrics.copies(train, copied) > 0.5
    assert metrics.authenticity(train, copied) < 0.05
    assert metrics.nearest_share(train, holdout, copied) > 0.95
    assert metrics.data_copying(train, holdout, copied) < -8
    attack = metrics.membership_inference(train, holdout, copied)
    assert attack["auc"] > 0.75
    assert attack["tpr"] > 0.3


def test_held_out_rows_are_no_copies(thirds):
    train, holdout, fresh = thirds
    assert float(metrics.copies(train, fresh)) == 0.0
    share = metrics.nearest_share(train, holdout, fresh)
    assert abs(float(share) - 0.5) < 3 * share.error
    score = metrics.data_copying(train, holdout, fresh)
    assert abs(float(score)) < 3 * score.error
    attack = metrics.membership_inference(train, holdout, fresh)
    assert abs(float(attack["auc"]) - 0.5) < 3 * attack["auc"].error
    assert attack["tpr"] < 0.05
    ours, theirs = metrics.authenticity(train, fresh), metrics.authenticity(train, holdout)
    assert abs(float(ours) - float(theirs)) < 3 * np.hypot(ours.error, theirs.error)


def test_noise_is_seen_by_the_copying_test_as_too_far(thirds, rng):
    train, holdout, _ = thirds
    assert metrics.data_copying(train, holdout, rng.uniform(0, 16, (300, 64))) > 5


@pytest.mark.parametrize("sizes", [(100, 100), (150, 50), (40, 200)])
def test_nearest_share_is_fair_at_any_sizes_and_its_error_true(rng, sizes):
    draws = []
    for _ in range(60):
        train, holdout, fake = (rng.normal(size=(n, 2)) for n in (*sizes, 1500))
        draws.append(metrics.nearest_share(train, holdout, fake))
    spread = np.std([float(draw) for draw in draws])
    assert abs(np.mean([float(draw) for draw in draws]) - 0.5) < 4 * spread / np.sqrt(60)
    assert 0.75 < np.mean([draw.error for draw in draws]) / spread < 1.33


def test_nearest_share_splits_ties(thirds):
    """A row that both sides have is half on each."""
    rows = thirds[0][:40]
    assert float(metrics.nearest_share(rows, rows, rows[:25])) == 0.5
    assert float(metrics.nearest_share(rows, thirds[1][:40], rows[:25])) == 1.0


def test_authenticity_by_neighbors_of_scikit_learn(thirds):
    train, _, fake = thirds
    far, index = gap(train, fake)
    expected = np.mean(far[:, 0] > gap(train)[0][index[:, 0], 0])
    assert float(metrics.authenticity(train, fake)) == expected


def test_rows_that_come_twice_are_nobodys_copy(thirds):
    train = np.vstack([thirds[0][:50], thirds[0][:10]])
    np.testing.assert_allclose(metrics.copies(train, thirds[0][:50]), 0.8)


def test_attack_is_that_of_the_curve(thirds, copied):
    train, holdout, _ = thirds
    labels = np.repeat([1, 0], [len(train), len(holdout)])
    scores = -gap(copied, np.vstack([train, holdout]))[0][:, 0]
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    attack = metrics.membership_inference(train, holdout, copied)
    np.testing.assert_allclose(attack["auc"], roc_auc_score(labels, scores))
    np.testing.assert_allclose(attack["tpr"], true[false <= 0.01].max())


def test_attack_by_a_score(thirds):
    """Such as the logits of a discriminator, which has seen the training rows."""
    train, holdout, _ = thirds
    discriminator = lambda rows: np.array([[float(np.any(np.all(train == row, axis=1)))] for row in rows])
    attack = metrics.membership_inference(train, holdout, score=discriminator)
    assert float(attack["auc"]) == float(attack["tpr"]) == 1.0
    assert attack["auc"].name == "MIA auc[score]"
    with pytest.raises(ValueError, match="`score` must return one finite number for each row"):
        metrics.membership_inference(train, holdout, score=lambda rows: np.zeros(3))


def test_few_rows_are_not_testable(thirds):
    """Fifteen images of a class, as research has them."""
    train, holdout, fake = thirds
    for result in (
        metrics.nearest_share(train, holdout[:15], fake),
        metrics.data_copying(train, holdout[:15], fake),
        *metrics.membership_inference(train, holdout[:15], fake).values(),
    ):
        assert not result.testable
        assert result.reason == "15 held-out rows where 20 are needed"
    assert metrics.authenticity(train[:15], fake).reason == "15 training rows where 20 are needed"
    assert not metrics.copies(train[:1], fake).testable
    attack = metrics.membership_inference(train, holdout[:99], fake)
    assert attack["auc"].testable
    assert attack["tpr"].reason == "99 held-out rows where 100 are needed for 1 %"
    elsewhere = np.vstack([fake[:19], 1e4 + fake[:19]])
    assert (
        metrics.data_copying(train, holdout, elsewhere[:20], cells=4).reason
        == "no cell with 20 samples and held-out rows"
    )


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: metrics.copies(x, x, tolerance=0.0), ValueError, "copies: `tolerance` must"),
        (lambda x: metrics.data_copying(x, x, x, cells=0), ValueError, "data_copying: `cells` must"),
        (lambda x: metrics.membership_inference(x, x), ValueError, "`fake` must be given where `score` is not"),
        (
            lambda x: metrics.nearest_share(x, x[:, :2], x),
            ValueError,
            "`holdout` must have as many features as `train`",
        ),
        (lambda x: metrics.authenticity(x, np.log(x - 1)), ValueError, "authenticity: `fake` must be finite"),
    ],
)
def test_wrong_arguments(call, kind, message):
    with np.errstate(invalid="ignore"), pytest.raises(kind, match=message):
        call(np.zeros((30, 3)))
