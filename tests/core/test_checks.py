import math

import numpy as np
import pytest

from keras_augsynth.core import checks


class RandomThing:
    pass


OWNER = RandomThing()


@pytest.mark.parametrize(
    ("value", "low", "expected"),
    [
        (0.2, -1.0, (-0.2, 0.2)),
        (-0.2, -1.0, (-0.2, 0.2)),
        (0.2, 0.0, (0.0, 0.2)),
        ((0.3, 0.1), -1.0, (0.1, 0.3)),
        ([0, 1], -1.0, (0.0, 1.0)),
        (np.float32(0.5), 0.0, (0.0, 0.5)),
    ],
)
def test_factor(value, low, expected):
    assert checks.check_factor(OWNER, value, low=low) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: checks.check_factor(OWNER, 2),
            ValueError,
            "RandomThing: `factor` must be a finite number from -1.0 to 1.0. Received: factor=2.",
        ),
        (
            lambda: checks.check_factor(OWNER, "0.2"),
            TypeError,
            "RandomThing: `factor` must be a number. Received: factor='0.2'.",
        ),
        (lambda: checks.check_factor(OWNER, True), TypeError, "`factor` must be a number. Received: factor=True"),
        (
            lambda: checks.check_factor(OWNER, (1, 2, 3)),
            ValueError,
            r"`factor` must be a pair of numbers \(low, high\)",
        ),
        (lambda: checks.check_factor(OWNER, math.nan), ValueError, "be a finite number from"),
        (lambda: checks.check_number(OWNER, math.inf, "x"), ValueError, "be a finite number. Received: x=inf"),
        (lambda: checks.check_number(OWNER, -1, "x", 0.0), ValueError, "be a finite number of at least 0.0"),
        (lambda: checks.check_integer(OWNER, 1.0, "n"), TypeError, "`n` must be an integer"),
        (lambda: checks.check_integer(OWNER, 5, "n", 0, 3), ValueError, "be an integer from 0 to 3"),
        (
            lambda: checks.check_choice(OWNER, "reflct", "fill_mode", ("reflect", "wrap")),
            ValueError,
            'did you mean "reflect"',
        ),
        (
            lambda: checks.check_choice(OWNER, 3, "fill_mode", ("reflect", "wrap")),
            TypeError,
            'be one of "reflect", "wrap"',
        ),
        (lambda: checks.check_value_range(OWNER, (1, 1)), ValueError, "have two different ends"),
        (lambda: checks.check_seed(OWNER, 2**64), ValueError, "`seed` must be an integer from"),
        (lambda: checks.check_range(OWNER, -0.1, "stddev"), ValueError, "of at least 0.0"),
    ],
)
def test_wording(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
