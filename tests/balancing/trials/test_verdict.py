import math

import numpy as np
import pytest
from scipy import special, stats
from sklearn.metrics import recall_score

from keras_augsynth.balancing.trials.verdict import Arm, Outcome, log_losses, recalls, shares_of

LABELS = np.repeat([0, 2, 3], [50, 8, 1])
CLASSES = 4


def outcome(labels=LABELS, rounds=3, shift=(0.0, 0.0, 0.0, 0.0), scale=0.1, share=0.25):
    rng = np.random.default_rng(0)
    changes = [np.array(shift)[labels] + scale * rng.normal(size=len(labels)) for _ in range(rounds)]
    return Outcome(Arm("a", share), changes)


def by_hand(found, labels, classes):
    """Mean and variance of each class's change: rows (drawn towards all by two rows' worth), then trials."""
    change = sum(found.changes) / len(found.changes)
    groups = {label: [c for c, of in zip(change, labels, strict=True) if of == label] for label in set(labels)}
    residuals = [c - sum(group) / len(group) for group in groups.values() for c in group]
    pooled = sum(r * r for r in residuals) / (len(labels) - len(groups))
    means, rows, trials = {}, {}, {}
    for label, group in groups.items():
        n = len(group)
        own = stats.tvar(group) if n > 1 else pooled
        means[label], rows[label] = sum(group) / n, (n * own + 2 * pooled) / (n + 2) / n
        trials[label] = [one[labels == label].mean() for one in found.changes]
    return means, rows, trials


@pytest.mark.parametrize("rounds", [2, 3, 4])
def test_means_and_errors(rounds):
    found = outcome(rounds=rounds, shift=(0.1, 0.0, -0.3, 0.2))
    means, rows, trials = by_hand(found, LABELS, CLASSES)
    mean, error = found.by_class(LABELS, CLASSES)
    assert np.isnan(mean[1]) and np.isnan(error[1])
    for label in (0, 2, 3):
        assert mean[label] == pytest.approx(means[label])
        assert error[label] == pytest.approx(math.sqrt(rows[label] + stats.sem(trials[label]) ** 2))
    change, uncertain = found.balanced(LABELS)
    assert change == pytest.approx(np.mean(list(means.values())))
    of_trials = stats.sem(np.mean(list(trials.values()), axis=0))
    assert uncertain == pytest.approx(math.sqrt(sum(rows.values()) / 9 + of_trials**2))


def test_one_trial_has_the_error_of_its_rows():
    found = outcome(rounds=1)
    _, rows, _ = by_hand(found, LABELS, CLASSES)
    assert found.balanced(LABELS)[1] == pytest.approx(math.sqrt(sum(rows.values()) / 9))


def test_the_error_covers_what_it_says():
    """Two standard errors on each side hold the truth about 95 times of 100, here a little more."""
    rng, labels, inside = np.random.default_rng(1), np.repeat([0, 1, 2], [60, 30, 10]), 0
    for _ in range(300):
        noise = rng.normal(size=len(labels))
        change, error = Outcome(Arm("a", 0.5), [noise]).balanced(labels)
        inside += abs(change) < 2 * error
    assert stats.binomtest(inside, 300).proportion_ci(0.99).high > 0.94 and inside / 300 > 0.9


def test_few_rows_that_agree_prove_nothing():
    labels = np.repeat([0, 1], [40, 2])
    change = np.where(labels == 1, -0.1, np.random.default_rng(0).normal(size=42))
    _, error = Outcome(Arm("a", 0.5), [change]).by_class(labels, 2)
    assert error[1] > 0.3


@pytest.mark.parametrize("labels", [np.array([1]), np.array([0, 1, 3])])
def test_a_row_of_each_class_proves_nothing(labels):
    found = Outcome(Arm("a", 0.5), [np.full(len(labels), -1.0)] * 2)
    assert found.balanced(labels) == (-1.0, math.inf)
    shares, why = shares_of(found, labels, np.ones(4, "bool"))
    assert not shares.any() and "not 2 standard errors" in why


def test_log_losses():
    probabilities = special.softmax(np.random.default_rng(0).normal(size=(5, 3)), axis=1)
    labels = np.array([0, 1, 2, 2, 0])
    expected = [-math.log(row[label]) for row, label in zip(probabilities, labels, strict=True)]
    np.testing.assert_allclose(log_losses(probabilities, labels), expected)
    worst = -math.log(1e-3)
    np.testing.assert_allclose(
        log_losses(np.array([[0.0, 1.0], [1.0, 0.0], [np.nan, np.nan]]), np.zeros(3, int)), [worst, 0, worst]
    )


def test_recalls():
    rng = np.random.default_rng(0)
    probabilities, labels = rng.random((50, 4)), rng.choice([0, 1, 3], 50)
    found = recalls(probabilities, labels)
    assert np.isnan(found[2])
    expected = recall_score(labels, probabilities.argmax(1), labels=[0, 1, 3], average=None)
    np.testing.assert_allclose(found[[0, 1, 3]], expected)
    np.testing.assert_array_equal(recalls(np.full((2, 2), np.nan), np.array([0, 1])), [0, 0])


LABELS_4 = np.repeat([0, 1, 2, 3], 30)


def test_shares_go_to_the_classes_that_they_help():
    gated = np.array([False, True, True, True])
    found = outcome(LABELS_4, shift=(-0.2, -0.2, 0.0, -0.3), share=0.25)
    shares, why = shares_of(found, LABELS_4, gated)
    np.testing.assert_array_equal(shares, [0, 0.25, 0, 0.25])
    assert why.startswith("they lowered the balanced validation loss by 0.1")


@pytest.mark.parametrize(
    ("mean", "scale", "why"),
    [
        (0.3, 1.0, "they raised the balanced validation loss by 0.3"),
        (-0.1, 1.0, "they lowered the balanced validation loss by 0.1000 ± 0.08"),
        (0.0, 0.0, "they lowered the balanced validation loss by 0.0000 ± 0.0000, which is not 2 standard errors"),
    ],
)
def test_no_share_without_proof(mean, scale, why):
    change = np.random.default_rng(0).normal(size=120)
    found = Outcome(Arm("a", 0.5), [mean + scale * (change - change.mean())])
    shares, reason = shares_of(found, LABELS_4, np.ones(4, "bool"))
    assert not shares.any() and reason.startswith(why)
    assert ("which is not 2 standard errors" in reason) == (mean <= 0)


def test_no_share_for_no_difference_most_of_the_time():
    """Generated rows that change nothing get a share about 1 time of 40."""
    rng, kept = np.random.default_rng(2), 0
    for _ in range(300):
        found = Outcome(Arm("a", 0.5), list(rng.normal(size=(1, 120))))
        kept += shares_of(found, LABELS_4, np.ones(4, "bool"))[0].any()
    assert stats.binomtest(kept, 300, 0.0228).pvalue > 0.01  # the normal distribution beyond 2 standard errors


@pytest.mark.parametrize(("errors", "kept"), [(1.9, False), (2.1, True)])
def test_two_standard_errors_are_proof(errors, kept):
    """Of one class, which has to be above both limits."""
    change = np.random.default_rng(0).normal(size=120)
    error = Outcome(Arm("a", 0.5), [change]).balanced(np.zeros(120, int))[1]
    found = Outcome(Arm("a", 0.5), [change - change.mean() - errors * error])
    assert shares_of(found, np.zeros(120, int), np.ones(1, "bool"))[0].any() == kept


@pytest.mark.parametrize(("errors", "kept"), [(0.9, False), (1.1, True)])
def test_a_class_gets_its_share_from_one_standard_error_on(errors, kept):
    """Where the classes together have proof."""
    rng, labels = np.random.default_rng(0), np.repeat([0, 1], 60)
    noise = rng.normal(size=120)
    for label in (0, 1):
        noise[labels == label] -= noise[labels == label].mean()
    error = Outcome(Arm("a", 0.5), [noise]).by_class(labels, 2)[1]
    found = Outcome(Arm("a", 0.5), [noise - np.where(labels == 0, 9.0, errors) * error[labels]])
    assert shares_of(found, labels, np.ones(2, "bool"))[0].tolist() == [0.5, 0.5 * kept]


def test_classes_without_rows_get_nothing():
    found = outcome(shift=(-1.0, 0.0, -1.0, -1.0))
    np.testing.assert_array_equal(shares_of(found, LABELS, np.ones(4, "bool"))[0] > 0, [True, False, True, True])
