"""Which of two sets of numbers is higher, how sure that is, and how sure a share is."""

import numpy as np

from keras_augsynth.ops.ranks import midranks


def share_error(share: float, n: int) -> float:
    """The standard error of a share of n, which is not 0 where all or none of them were counted.

    Reference:
        Agresti, Coull: Approximate is better than "exact" for interval estimation of binomial proportions. American
        Statistician 1998.
    """
    smoothed = (share * n + 1.0) / (n + 2.0)
    return float(np.sqrt(smoothed * (1.0 - smoothed) / n))


def mann_whitney(x: np.ndarray, y: np.ndarray) -> float:
    """How far above y the values of x are, in standard deviations of the Mann-Whitney statistic under equality."""
    n, m = len(x), len(y)
    ranks, ties = midranks(np.concatenate([x, y]))
    statistic = ranks[:n].sum() - n * (n + 1) / 2.0
    total = n + m
    correction = np.sum(ties**3.0 - ties) / (total * (total - 1))
    variance = n * m / 12.0 * (total + 1 - correction)
    return float((statistic - n * m / 2.0) / np.sqrt(variance)) if variance > 0.0 else 0.0


def area_under_curve(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The chance that a value of x is above one of y, half a chance where they are equal; and its standard error.

    Reference:
        DeLong, DeLong, Clarke-Pearson: Comparing the areas under two or more correlated receiver operating
        characteristic curves. Biometrics 1988.
    """
    n, m = len(x), len(y)
    ranks = midranks(np.concatenate([x, y]))[0]
    above = (ranks[:n] - midranks(x)[0]) / m  # for each x, the share of y below it
    below = 1.0 - (ranks[n:] - midranks(y)[0]) / n
    variance = np.var(above, ddof=1) / n + np.var(below, ddof=1) / m
    return float(above.mean()), float(np.sqrt(variance))
