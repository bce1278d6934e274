"""What looks tell of a source, beside a classifier of scikit-learn and rows of which it is known where they belong."""

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from keras_augsynth.balancing.trials.fidelity import Fidelity, fidelity, mean_of

CLASSES = 4
CENTERS = 2.5 * np.eye(CLASSES)


def drawn(rng, labels):
    return CENTERS[labels] + rng.normal(size=(len(labels), CLASSES))


def looked_at(bad, seed=0, held=60, kind="noise"):
    """A source of which a part is bad: noise, or rows of another class."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(CLASSES), 50)
    judge = LogisticRegression().fit(drawn(rng, y), y)
    labels, asked = np.repeat(np.arange(CLASSES), held), np.repeat(np.arange(1, CLASSES), 100)
    which = rng.random(len(asked)) < bad
    rows = drawn(rng, np.where(which, (asked + rng.integers(1, CLASSES, len(asked))) % CLASSES, asked))
    if kind == "noise":
        rows = np.where(which[:, None], rng.normal(scale=8.0, size=rows.shape), drawn(rng, asked))
    real = judge.predict_proba(drawn(rng, labels))
    return fidelity(real, labels, judge.predict_proba(rows), asked)


@pytest.mark.parametrize("bad", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_the_part_of_rows_that_belong_to_other_classes_is_found(bad):
    """A source's own number, within four of its standard errors and those of 300 generated rows."""
    found, error = looked_at(bad, kind="others").misfits
    assert found == pytest.approx(bad, abs=4 * np.hypot(error, 0.5 / np.sqrt(300)))
    assert 0 < error < 0.1


@pytest.mark.parametrize("bad", [0.25, 0.5, 0.75, 1.0])
def test_most_noise_is_found(bad):
    """A classifier takes some of it for the class that is asked for: of four, a quarter."""
    found, error = looked_at(bad).misfits
    assert 0.75 * bad - 3 * error < found < bad + 3 * error


def test_the_standard_error_is_that_of_many_repetitions():
    """Of held-out rows alone: the estimates of many judges scatter by it, and by what the generated rows add."""
    looks = [looked_at(0.5, seed, held=15) for seed in range(40)]
    found = np.array([look.misfits for look in looks])
    expected = np.hypot(found[:, 1].mean(), 0.5 / np.sqrt(300))
    low, high = np.sqrt(stats.chi2.ppf([0.001, 0.999], 39) / 39)
    assert low < np.std(found[:, 0], ddof=1) / expected < high


def test_numbers_by_hand():
    real = np.array([[0.9, 0.1, 0.0], [0.7, 0.2, 0.1], [0.2, 0.8, 0.0]])
    made = np.array([[0.6, 0.4, 0.0], [0.2, 0.3, 0.5], [np.nan, np.nan, np.nan]])
    found = fidelity(real, np.array([0, 0, 1]), made, np.array([1, 2, 2]))
    np.testing.assert_allclose(found.real, [0.8, 0.8, np.nan])
    np.testing.assert_allclose(found.other, [0.2, 0.15, 0.1 / 3])
    np.testing.assert_allclose(found.generated, [np.nan, 0.4, 0.25])  # what a model gone to NaN says is no praise
    np.testing.assert_array_equal(found.rows, [2, 1, 0])
    np.testing.assert_array_equal(found.tells, [False, True, False])  # generated rows and held-out ones that it knows
    assert found.misfits[0] == pytest.approx(0.4 / 0.65)
    assert found.error == pytest.approx(np.sqrt(0.02 / 2 + 0.02) / 2)  # the pooled variance of 0.9 and 0.7


def seen(real, generated, rows, other=0.0, diversity=1.0):
    full = lambda value: np.broadcast_to(np.asarray(value, "float64"), (len(rows),))
    return Fidelity(full(real), full(generated), full(other), np.array(rows), 0.01, diversity)


def test_a_class_of_few_held_out_rows_leans_on_the_others():
    """Five held-out rows count as much as what is known of all classes, and no class is better than all together."""
    found = seen([0.9, 0.9, 0.9], [np.nan, 0.9, 0.45], [50, 45, 5])
    assert found.misfits[0] == pytest.approx(0.25)
    np.testing.assert_allclose(found.misfits_of_classes, [np.nan, 0.25, (0.25 + 0.5) / 2])
    lacking = seen([0.9, 0.9, np.nan], [np.nan, 0.45, 0.9], [50, 45, 0])
    np.testing.assert_allclose(lacking.misfits_of_classes, [np.nan, 0.5, 0.5])


def test_classes_that_the_classifier_does_not_know_tell_nothing():
    """Of three classes one is not told from the others: what its generated rows are given is chance."""
    found = seen([0.9, 0.9, 0.3], [np.nan, 0.45, 0.0], [50, 40, 30], other=[0.0, 0.0, 0.28])
    np.testing.assert_array_equal(found.tells, [False, True, False])
    assert found.misfits[0] == pytest.approx(0.5)
    np.testing.assert_allclose(found.misfits_of_classes, [np.nan, 0.5, 0.5])
    assert not seen(0.3, 0.9, [50, 40, 30], other=0.28).tells.any()
    assert not seen([0.9, np.nan, np.nan], [np.nan, 0.9, 0.9], [50, 0, 0]).tells.any()
    assert not seen([np.nan, 0.9], [np.nan, 0.9], [0, 50], other=[0.1, np.nan]).tells.any()


def test_noise_that_is_taken_for_one_class_is_not_trusted_there():
    found = seen(0.9, [np.nan, 0.0, 1.0, 0.0], [50, 40, 30, 20])
    assert found.misfits_of_classes[2] == pytest.approx(found.misfits[0]) == pytest.approx(1.7 / 2.7)


@pytest.mark.parametrize("rows", [3, 500])
@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
def test_diversity_is_the_ratio_of_variances(scale, rows):
    """Drawn towards 1 as by ten rows more."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(rows, 2))
    half = lambda z: np.exp(z - np.log(np.exp(z).sum(1, keepdims=True)))
    made = logits.mean(0) + scale * (logits - logits.mean(0))
    ask = np.zeros(rows, int)
    found = fidelity(half(logits), ask, half(made), ask).diversity
    of_made, of_real = (np.log(half(part)).var(0, ddof=1).sum() for part in (made, logits))
    assert found == pytest.approx(((rows - 1) * of_made / of_real + 10) / (rows + 9), abs=1e-9)
    assert of_made / of_real == pytest.approx(scale**2, abs=0.1)


def test_diversity_without_two_rows_of_a_class_is_not_known():
    rows = np.full((3, 3), 1 / 3)
    assert fidelity(rows, np.arange(3), rows, np.arange(3)).diversity == 1.0


def test_several_looks_count_alike():
    looks = [seen(0.8, part, [5, 5], other=0.1, diversity=d) for part, d in ((0.8, 1.0), (0.4, 0.5))]
    both = mean_of(looks)
    np.testing.assert_allclose(both.generated, [0.6, 0.6])
    assert both.diversity == 0.75 and both.error == pytest.approx(0.01)
    np.testing.assert_array_equal(both.rows, [5, 5])
