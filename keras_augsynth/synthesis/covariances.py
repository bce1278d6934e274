"""Covariances that are estimated column by column in units of their own, and shrunk towards their diagonal."""

from typing import Any

import numpy as np

from keras_augsynth.core.checks import check_number, wrong

LEDOIT_WOLF = "ledoit-wolf"


def check_shrinkage(owner: Any, shrinkage: Any) -> float | str:
    """A number from 0 to 1, or "ledoit-wolf"."""
    if not isinstance(shrinkage, str):
        return check_number(owner, shrinkage, "shrinkage", 0.0, 1.0)
    if shrinkage != LEDOIT_WOLF:
        raise wrong(owner, "shrinkage", f'be "{LEDOIT_WOLF}" or a number from 0 to 1', shrinkage)
    return shrinkage


def spread(rows: np.ndarray) -> np.ndarray:
    """The standard deviation of each column `(d,)`; exactly 0 for a column that is constant.

    It is computed in parts of the column's range: squares of very large or very small numbers do not exist.
    """
    low, extent = rows.min(axis=0), np.ptp(rows, axis=0)
    return extent * ((rows - low) / np.where(extent > 0.0, extent, 1.0)).std(axis=0)


def shrunk(centered: np.ndarray, shrinkage: float | str, weights: np.ndarray | None = None) -> np.ndarray:
    """(1 - a) S + a diag(S), where S is the covariance of rows: the variances stay, the correlations get smaller.

    So each column may have a unit of its own. a is a number, or the share that Ledoit and Wolf find for the columns
    divided by their standard deviations.

    Args:
        centered: rows without their mean, `(n, d)`.
        shrinkage: a.
        weights: how much each row counts, `(n,)`; None: all alike.
    """
    weights = np.ones(len(centered)) if weights is None else weights
    weights = weights / np.maximum(weights.sum(), 1e-300)  # a component that no row belongs to has a covariance of 0
    deviations = np.sqrt(weights @ np.square(centered))
    units = centered / np.where(deviations > 0.0, deviations, 1.0)
    correlations = (weights[:, None] * units).T @ units
    share = _ledoit_wolf(units, correlations, weights) if isinstance(shrinkage, str) else shrinkage
    correlations *= 1.0 - share
    diagonal = np.arange(len(correlations))
    correlations[diagonal, diagonal] = deviations > 0.0
    return correlations * np.outer(deviations, deviations)


def _ledoit_wolf(units: np.ndarray, covariance: np.ndarray, weights: np.ndarray) -> float:
    """The share that minimizes the expected squared error of the covariance."""
    squared = np.square(covariance).sum()
    distance = squared - np.square(np.trace(covariance)) / len(covariance)  # to the multiple of the identity
    if distance <= 1e-14 * squared:
        return 0.0
    rows = 1.0 / np.square(weights).sum()  # as many as count alike
    error = (weights @ np.square(np.square(units).sum(axis=1)) - squared) / rows
    return float(np.clip(error / distance, 0.0, 1.0))
