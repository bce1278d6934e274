import itertools

import pytest

from keras_augsynth.balancing.trials.schedule import Plan, affordable, branches_of, plan
from keras_augsynth.balancing.trials.verdict import Arm


@pytest.mark.parametrize(("arms", "rounds", "expected"), [(1, 4, 4), (2, 3, 4), (3, 3, 5), (4, 3, 7), (8, 2, 12)])
def test_branches(arms, rounds, expected):
    assert branches_of(arms, rounds) == expected
    left, total = list(range(arms)), 0
    for _ in range(rounds):
        total += len(left)
        left = left[: max(len(left) // 2, 1)]
    assert total == expected


GRID = list(
    itertools.product((10, 100, 333, 5000), (0.0, 0.05, 0.12, 1.0), (1, 2, 4, 9), (1.0, 64.0), (0, 1, 50, 10**5))
)


def test_plans_keep_to_budget_and_window():
    """Between a fifth and a half of the training."""
    for calls, share, arms, rows, validation in GRID:
        found = plan(calls, share, arms, rows, validation)
        if found is None:
            continue
        assert found.cost(arms, rows) <= share * calls
        assert found.calls >= 3 and 2 <= len(found.starts) <= 4 and 0 <= found.rows <= validation
        assert found.starts[0] >= int(0.2 * calls) and found.starts[-1] + found.calls <= 0.5 * calls
        assert all(later - sooner >= found.calls for sooner, later in itertools.pairwise(found.starts))


def test_long_trainings_begin_with_trials_at_a_fifth_and_use_the_time_up_to_a_half():
    found = plan(10**4, 0.1, 1, 64.0, 500)
    assert found.starts == (2000, 2750, 3500, 4250)


def test_there_are_plans():
    assert plan(10**4, 0.12, 4, 64.0, 500) is not None
    found = [plan(*arguments) for arguments in GRID]
    assert 0.2 < sum(one is not None for one in found) / len(GRID) < 0.8


def test_cost():
    # Rounds of 2 arms, 1 and 1: 4 branches of 5 calls. 4 + 3 looks, each 1 step and .45 * 128 / 64 more.
    assert Plan((20, 30, 40), 5, 128).cost(2, 64.0) == pytest.approx(4 * 5 + 7 * (1 + 0.45 * 2))


@pytest.mark.parametrize("calls", [0, 1, 5, 20])
def test_a_tiny_training_has_no_trials(calls):
    assert plan(calls, 0.12, 1, 32.0, 100) is None


def test_a_training_is_long_enough_from_some_length_on():
    none = [plan(calls, 0.12, 2, 64.0, 1000) is None for calls in range(10, 2000, 10)]
    assert none == sorted(none, reverse=True) and none[0] and not none[-1]


def test_steps_without_rows_have_no_trials():
    assert plan(1000, 0.12, 1, 0.0, 100) is None


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (9, [("a", 0.25), ("b", 0.25), ("a", 0.5), ("b", 0.5)]),
        (4, [("a", 0.25), ("b", 0.25), ("a", 0.5), ("b", 0.5)]),
        (3, [("a", 0.25), ("b", 0.25)]),
        (2, [("a", 0.25), ("b", 0.25)]),
        (1, [("a", 0.25)]),
        (0, None),
    ],
)
def test_fewer_arms_in_a_short_training(most, expected):
    """First all, then each synthesizer at the smallest share, then one."""
    found = affordable(["a", "b"], [0.25, 0.5], lambda arms: f"plan of {arms}" if arms <= most else None)
    assert found == (expected and ([Arm(*arm) for arm in expected], f"plan of {len(expected)}"))
