"""How many rows are added: from class counts to those of a class, of a step, and to the shares in training."""

import math
from typing import Any

import numpy as np
from keras import ops

Tensor = Any
Strategy = str | dict[int, float]

STRATEGIES = ("validated", "equal", "sqrt")

LEVELS = 8  # rows are asked for in multiples of an eighth of the most, so that kernels are compiled for few sizes


def added_rows(strategy: Strategy, counts: Tensor, min_real: int = 0, max_multiple: float | None = None) -> Tensor:
    """How many rows each class gets beside its `counts` `(C,)` real ones; float32 `(C,)`.

    "equal" and "validated" bring every class to the largest; "sqrt" brings the ratio of a class to the largest to its
    square root; a dictionary says which part of a class's rows is added. A class without rows gets none.

    Args:
        strategy: a name, or {class: share}.
        counts: real rows of each class.
        min_real: classes with fewer get none.
        max_multiple: the most added rows of a class as a multiple of its real ones; None: no limit.
    """
    counts = ops.cast(counts, "float32")
    if isinstance(strategy, str):
        largest = ops.max(counts)
        target = ops.sqrt(largest * counts) if strategy == "sqrt" else largest
        wanted = ops.where(counts > 0, target - counts, 0.0)
    else:
        shares = np.zeros(counts.shape[0], "float32")
        for label, share in strategy.items():
            shares[label] = share
        wanted = counts * (shares / (1.0 - shares))
    wanted = ops.where(counts >= min_real, wanted, 0.0)
    return wanted if max_multiple is None else ops.minimum(wanted, max_multiple * counts)


def added_per_real(wanted: Tensor, counts: Tensor, most: float) -> Tensor:
    """Added rows for each real one, at most `most`."""
    return ops.minimum(ops.sum(wanted) / ops.maximum(ops.sum(ops.cast(counts, "float32")), 1.0), most)


def refill_every(least: int, size: int, wanted: Tensor, counts: Tensor, most: float) -> int:
    """After how many epochs a pool is filled anew: not before as many rows were added as it holds.

    Args:
        least: never earlier.
        size: rows of the pool.
        wanted: added rows of each class.
        counts: real rows of each class.
        most: added rows for each real one.
    """
    added = float(added_per_real(wanted, counts, most)) * float(np.sum(counts))
    return max(least, math.ceil(size / max(added, 1.0)))


def rows_of_step(count: Tensor, per_real: Tensor, most: Tensor, uniform: Tensor) -> Tensor:
    """How many rows a batch of `count` gets: one of a few numbers, and `count * per_real` on average; int32.

    Args:
        count: real rows.
        per_real: added rows for each.
        most: that any batch of this size gets.
        uniform: from 0 to 1, at random.
    """
    level = ops.maximum(most // LEVELS, 1)
    wanted = ops.cast(count, "float32") * per_real
    low = ops.minimum(level * ops.cast(ops.floor(wanted / ops.cast(level, "float32")), "int32"), most)
    high = ops.minimum(low + level, most)
    more = (1.0 - uniform) * ops.cast(high - low, "float32") < wanted - ops.cast(low, "float32")
    return ops.where(more, high, low)


def class_shares(counts: Tensor, wanted: Tensor, most: float) -> Tensor:
    """Of the rows that are trained on, added ones with them; `(C,)`, never 0.

    Args:
        counts: real rows of each class.
        wanted: added rows of each class.
        most: added rows for each real one.
    """
    counts = ops.cast(counts, "float32") + 1e-6
    per_real = ops.minimum(ops.sum(wanted) / ops.sum(counts), most)
    rows = counts + wanted * (per_real * ops.sum(counts) / ops.maximum(ops.sum(wanted), 1e-6))
    return ops.maximum(rows / ops.sum(rows), 1e-6)
