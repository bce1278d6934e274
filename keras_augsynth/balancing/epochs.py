"""The factor on added rows over the epochs of a training."""

import math
from collections.abc import Callable
from typing import Any

from keras_augsynth.core.checks import check_number

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda part: 1.0,
    "linear": lambda part: 1.0 - part,
    "cosine": lambda part: 0.5 + 0.5 * math.cos(math.pi * part),
}
"""By the part of the training from its first to its last epoch."""


def factor(owner: Any, schedule: str | Callable[[int, int], float], epoch: int, epochs: int) -> float:
    """From 0 to 1.

    Args:
        owner: named in errors.
        schedule: one of `SCHEDULES`, or a function from (epoch, epochs).
        epoch: from 0.
        epochs: how many there are.
    """
    if callable(schedule):
        return check_number(owner, schedule(epoch, epochs), "schedule", 0.0, 1.0)
    return SCHEDULES[schedule](epoch / max(epochs - 1, 1))
