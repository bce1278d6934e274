"""How many rows are added, asked as functions of numbers."""

import numpy as np
import pytest
from imblearn.utils import check_sampling_strategy

from keras_augsynth.balancing.targets import added_per_real, added_rows, class_shares, refill_every, rows_of_step

COUNTS = np.array([200, 0, 40, 10])


@pytest.mark.parametrize("strategy", ["equal", "validated"])
def test_every_class_becomes_as_large_as_the_largest(strategy):
    """imbalanced-learn's `sampling_strategy="auto"`; a class without rows gets none."""
    expected = check_sampling_strategy("auto", np.repeat(np.arange(4), COUNTS), "over-sampling")
    added = np.asarray(added_rows(strategy, COUNTS))
    assert {label: rows for label, rows in enumerate(added) if rows} == expected


def test_ratios_become_their_square_roots():
    added = np.asarray(added_rows("sqrt", COUNTS))
    np.testing.assert_allclose((COUNTS + added) / 200, np.sqrt(COUNTS / 200), rtol=1e-6)


def test_shares_are_the_added_part():
    added = np.asarray(added_rows({2: 0.5, 3: 0.2, 0: 0.0}, COUNTS))
    np.testing.assert_allclose(added[[2, 3]] / (COUNTS + added)[[2, 3]], [0.5, 0.2], rtol=1e-6)
    assert added[0] == added[1] == 0


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, [0, 0, 160, 190]),
        ({"min_real": 10}, [0, 0, 160, 190]),
        ({"min_real": 11}, [0, 0, 160, 0]),
        ({"max_multiple": 4.5}, [0, 0, 160, 45]),
        ({"max_multiple": 1.0}, [0, 0, 40, 10]),
        ({"max_multiple": 0.0}, [0, 0, 0, 0]),
    ],
)
def test_limits(limits, expected):
    np.testing.assert_allclose(added_rows("equal", COUNTS, **limits), expected)


@pytest.mark.parametrize(("most", "expected"), [(9.0, 350 / 250), (1.0, 1.0), (0.25, 0.25), (0.0, 0.0)])
def test_added_rows_for_each_real_one(most, expected):
    assert float(added_per_real(added_rows("equal", COUNTS), COUNTS, most)) == pytest.approx(expected)


def test_nothing_is_added_to_nothing():
    assert float(added_per_real(np.zeros(3, "float32"), np.zeros(3), 1.0)) == 0.0


@pytest.mark.parametrize("count", [1, 7, 25, 64])
@pytest.mark.parametrize("per_real", [0.0, 0.1, 0.7, 1.4])
def test_a_step_has_so_many_on_average(count, per_real):
    most = int(np.ceil(count * 1.4))
    uniform = (np.arange(1000, dtype="float32") + 0.5) / 1000
    rows = np.array([int(rows_of_step(count, per_real, most, u)) for u in uniform[::20]])
    level = max(most // 8, 1)
    assert rows.min() >= 0 and rows.max() <= most
    assert len(np.unique(rows)) <= 2
    assert np.all((rows % level == 0) | (rows == most))
    assert rows.mean() == pytest.approx(count * per_real, abs=level / 50 + 1e-3)


@pytest.mark.parametrize("most", [10.0, 0.5])
def test_shares_of_the_rows_that_are_trained_on(most):
    """With 350 added rows, or as many as half the real ones, in the same proportions."""
    wanted = np.array([0, 0, 160, 190])
    rows = COUNTS + wanted * min(1.0, most * 250 / 350)
    shares = np.asarray(class_shares(COUNTS, added_rows("equal", COUNTS), most))
    np.testing.assert_allclose(shares, np.maximum(rows / rows.sum(), 1e-6), rtol=1e-5)


def test_shares_without_added_rows_are_those_of_the_data():
    shares = np.asarray(class_shares(COUNTS[[0, 2, 3]], np.zeros(3, "float32"), 1.0))
    np.testing.assert_allclose(shares, [0.8, 0.16, 0.04], rtol=1e-5)


@pytest.mark.parametrize(
    ("least", "size", "expected"), [(1, 80, 1), (1, 81, 2), (1, 2048, 26), (3, 80, 3), (30, 2048, 30)]
)
def test_a_pool_is_filled_anew_when_as_many_rows_were_added_as_it_holds(least, size, expected):
    counts = np.array([90.0, 10.0], "float32")  # 80 rows are added in an epoch
    assert refill_every(least, size, added_rows("equal", counts), counts, 1.0) == expected
    assert refill_every(least, size, added_rows("equal", counts), counts, 0.4) == max(least, -(-size // 40))
    assert refill_every(1, 100, np.zeros(2, "float32"), counts, 1.0) == 100
