import numpy as np
import pytest

from keras_augsynth.balancing.trials.schedule import ENOUGH, PREDICTION, budget, looks


@pytest.mark.parametrize(
    ("calls", "done", "expected"),
    [
        (1000, 1, (100, 150, 200, 250, 300, 350, 400, 450, 500)),
        (1000, 222, (250, 300, 350, 400, 450, 500)),
        (10, 1, (1, 2, 3, 4, 5)),
        (2, 1, (1,)),
        (1000, 501, (501,)),  # behind the last look there is one, at once
        (1, 1, ()),
    ],
)
def test_looks_are_taken_from_a_tenth_to_half_of_a_training(calls, done, expected):
    assert looks(calls, done) == expected


@pytest.mark.parametrize("cost", [0.05, 0.1, 0.5])
@pytest.mark.parametrize("rows", [10_000, 100_000])
def test_looking_costs_no_more_than_it_may(cost, rows):
    found = budget(cost, rows, real=300, asked=9)
    looked = ENOUGH * (found.real + 9 * found.generated)
    assert 0.2 * cost < PREDICTION * looked / rows <= cost or found.generated in (8, 100)


def test_a_short_training_looks_at_few_rows_of_each_class():
    found = budget(0.1, 100, real=300, asked=9)
    assert found.generated == 8 and found.real == 4


def test_a_long_training_looks_at_no_more_than_it_must():
    assert budget(0.1, 10**9, real=300, asked=9).generated == 100
    assert budget(0.1, 10**9, real=300, asked=9).real == 300
    assert np.isfinite(budget(0.0, 10**9, real=300, asked=9).real)
