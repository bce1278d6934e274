import math

import pytest

from keras_augsynth.balancing.epochs import factor


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1.0] * 5),
        ("linear", [1.0, 0.75, 0.5, 0.25, 0.0]),
        ("cosine", [1.0, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125), 0.0]),
        (lambda epoch, epochs: epoch / epochs, [0.0, 0.2, 0.4, 0.6, 0.8]),
    ],
)
def test_factors_of_five_epochs(schedule, expected):
    assert [factor("o", schedule, epoch, 5) for epoch in range(5)] == pytest.approx(expected)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_a_single_epoch_is_a_first_one(schedule):
    assert factor("o", schedule, 0, 1) == 1.0


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), "1"])
def test_a_function_of_another_kind(value):
    with pytest.raises((ValueError, TypeError), match="`schedule` must"):
        factor("o", lambda epoch, epochs: value, 0, 5)
