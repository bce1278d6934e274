"""When a training looks at generated rows, and at how many."""

import math
from dataclasses import dataclass

FIRST, LAST = 2, 10
"""The twentieths of a training at which it looks: from the first to the last."""
ENOUGH = 3
"""Looks after which is decided, if the model could judge in each of them."""
PREDICTION = 0.4
"""What the prediction of a row costs, as a part of a training step on it."""
_FEWEST, _MOST = 8, 100  # generated rows of a class in a look


def looks(calls: int, done: int) -> tuple[int, ...]:
    """Numbers of the calls of the training function before which it looks.

    Args:
        calls: in the whole training.
        done: of them.
    """
    planned = (math.ceil(calls * part / 20) for part in range(FIRST, LAST + 1))
    later = sorted({number for number in planned if done <= number < calls})
    # A training that goes on behind the last look still has its worth: one look, at once.
    return tuple(later) or ((done,) if done < calls else ())


@dataclass(frozen=True)
class Budget:
    """Rows of one look.

    Args:
        real: held-out rows.
        generated: rows of each class and source.
    """

    real: int
    generated: int


def budget(cost: float, rows: float, real: int, asked: int) -> Budget:
    """As many rows as cost no more than a part of the training, in `ENOUGH` looks; but some of each class at least.

    Args:
        cost: that part.
        rows: of the training.
        real: held-out rows that there are.
        asked: classes that may get generated rows, of each source.
    """
    affordable = cost * rows / PREDICTION / ENOUGH
    held = min(real, int(affordable / 2))
    each = int((affordable - held) / asked)
    return Budget(held, min(max(each, _FEWEST), _MOST))
