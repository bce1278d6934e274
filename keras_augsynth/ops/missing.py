"""Missing values of tables: filled in from the nearest rows, or by a normal distribution."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

Tensor = Any


def nearest_filled(x: Tensor, bank: Tensor, k: int) -> Tensor:
    """Rows in which NaN is the mean of that column in the k nearest rows of a bank that have a value there.

    The distance is Euclidean over the columns that both rows have, scaled up to all columns. Where no row of the bank
    shares a column, the value is the column's mean.

    Args:
        x: float64 `(N, d)`.
        bank: float64 `(M, d)`, NaN allowed, a value at least in each column.
        k: at least 1.

    Returns:
        float64 `(N, d)`.
    """
    there = ops.logical_not(ops.isnan(bank))
    seen_b = ops.cast(there, "float64")
    mean = ops.sum(ops.where(there, bank, 0.0), axis=0) / ops.sum(seen_b, axis=0)
    b0 = ops.where(there, bank - mean, 0.0)  # far from 0 the products cancel
    b2 = b0 * b0
    k = min(k, bank.shape[0])

    def fill(x: Tensor) -> Tensor:
        known = ops.logical_not(ops.isnan(x))
        seen_x, x0 = ops.cast(known, "float64"), ops.where(known, x - mean, 0.0)
        crossed = lambda a, b: ops.matmul(a, ops.transpose(b))
        squares = crossed(x0 * x0, seen_b) - 2.0 * crossed(x0, b0) + crossed(seen_x, b2)
        shared = crossed(seen_x, seen_b)
        distances = ops.where(shared > 0.0, ops.maximum(squares, 0.0) / ops.maximum(shared, 1.0), np.inf)

        def of_column(j: Tensor) -> Tensor:
            candidates = ops.where(ops.take(there, j, axis=1)[None], distances, np.inf)
            negative, places = ops.top_k(-candidates, k)
            counts = ops.cast(negative > -np.inf, "float64")
            total = ops.sum(counts * ops.take(ops.take(b0, j, axis=1), places), axis=1)
            return total / ops.maximum(ops.sum(counts, axis=1), 1.0)

        # As a rule k of the 4 k nearest rows have a value, whatever the column; only else is each looked at alone.
        negative, places = ops.top_k(-distances, min(4 * k, bank.shape[0]))
        usable = ops.logical_and(ops.take(there, places, axis=0), ops.expand_dims(negative > -np.inf, -1))
        usable = ops.logical_and(usable, ops.cumsum(ops.cast(usable, "int32"), axis=1) <= k)
        filled = ops.sum(ops.where(usable, ops.take(b0, places, axis=0), 0.0), axis=1) / k
        enough = ops.logical_or(known, ops.equal(ops.sum(ops.cast(usable, "int32"), axis=1), k))
        every = lambda: ops.transpose(ops.map(of_column, ops.arange(x.shape[-1], dtype="int32")))
        filled = ops.where(enough, filled, ops.cond(ops.all(enough), lambda: filled, every))
        return ops.where(known, x, filled + mean)

    return _in_blocks(fill, x, max(1, _DISTANCES // bank.shape[0]))


_DISTANCES = 2**22
"""At once: 32 MB, a few times."""


def _in_blocks(fill: Callable[[Tensor], Tensor], x: Tensor, size: int) -> Tensor:
    """`fill(x)`, for at most `size` rows at a time."""
    rows, columns = ops.shape(x)

    def one_by_one() -> Tensor:
        whole = ops.pad(x, [[0, -rows % size], [0, 0]])
        return ops.reshape(ops.map(fill, ops.reshape(whole, (-1, size, columns))), (-1, columns))[:rows]

    if isinstance(rows, int):
        return fill(x) if rows <= size else one_by_one()
    return ops.cond(rows <= size, lambda: fill(x), one_by_one)


def normal_filled(x: Tensor, mean: Tensor, scale: Tensor, correlation: Tensor) -> Tensor:
    """Rows in which NaN is what a normal distribution expects there, given the values that the row has.

    Args:
        x: float64 `(N, d)`.
        mean: `(d,)`.
        scale: standard deviations `(d,)`; a column with 0 is constant.
        correlation: `(d, d)`, positive definite.

    Returns:
        float64 `(N, d)`.
    """
    known = ops.logical_not(ops.isnan(x))
    seen = ops.cast(known, "float64")
    units = ops.where(known, (x - mean) / ops.where(scale > 0.0, scale, 1.0), 0.0)
    # With rows and columns of what is missing taken from the identity, all rows are solved at once.
    identity = ops.eye(x.shape[-1], dtype="float64")
    both = ops.expand_dims(seen, 2) * ops.expand_dims(seen, 1)
    root = ops.cholesky(both * correlation + (1.0 - both) * identity)
    half = ops.solve_triangular(root, ops.expand_dims(units, -1), lower=True)
    weights = ops.solve_triangular(ops.swapaxes(root, 1, 2), half, lower=False)[..., 0]
    return ops.where(known, x, ops.matmul(weights * seen, correlation) * scale + mean)


def normal_moments(rows: np.ndarray, rounds: int = 100) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The likeliest mean `(d,)`, standard deviations `(d,)` and correlations `(d, d)` of rows with missing values.

    By expectation maximization, over groups of rows that lack the same columns; correlations are made smaller by 1e-6,
    so that collinear columns do not matter.

    Reference:
        Little, Rubin: Statistical analysis with missing data, chapter 11. Wiley, 2002.
    """
    center, spread = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    units = (rows - center) / np.where(spread > 0.0, spread, 1.0)
    patterns, group = np.unique(~np.isnan(units), axis=0, return_inverse=True)
    group = group.reshape(-1)
    mean, covariance = np.zeros(rows.shape[1]), np.eye(rows.shape[1])
    for _ in range(rounds if np.isnan(rows).any() else 1):
        filled, rest = units.copy(), np.zeros_like(covariance)
        for number, known in enumerate(patterns):
            lost, members = ~known, np.flatnonzero(group == number)
            if not lost.any():
                continue
            gain = np.linalg.solve(covariance[np.ix_(known, known)], covariance[np.ix_(known, lost)])
            filled[np.ix_(members, lost)] = mean[lost] + (units[np.ix_(members, known)] - mean[known]) @ gain
            left = covariance[np.ix_(lost, lost)] - covariance[np.ix_(lost, known)] @ gain
            rest[np.ix_(lost, lost)] += len(members) * left
        before, mean = mean, filled.mean(axis=0)
        last, covariance = covariance, ((filled - mean).T @ (filled - mean) + rest) / len(rows)
        covariance[np.diag_indices_from(covariance)] += 1e-6
        if max(np.abs(mean - before).max(), np.abs(covariance - last).max()) < 1e-7:
            break
    deviations = np.sqrt(np.diagonal(covariance))
    scale = np.where(spread > 0.0, deviations * spread, 0.0)
    return center + mean * spread, scale, covariance / np.outer(deviations, deviations)
