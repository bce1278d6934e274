"""Are samples as different from one another as the data are?"""

from typing import Any

import numpy as np

from keras_augsynth.core.checks import check_number
from keras_augsynth.metrics.features import FeatureExtractor, in_space
from keras_augsynth.metrics.result import Result
from keras_augsynth.metrics.statistics import share_error
from keras_augsynth.ops.neighbors import Distances, among_themselves

LEAST = 5


def diversity(real: Any, fake: Any, *, features: FeatureExtractor | str | None = None) -> Result:
    """The mean distance between two samples, in mean distances between two real rows.

    1 is as diverse as the data, near 0 is a collapse. It does not see copies of many different rows: see
    `duplicates` and `copies`.

    Args:
        real: `(N, ...)`.
        fake: `(M, ...)`.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        The ratio with the jackknife's error. It is not testable with fewer than 5 rows in a set, or where all
        real rows are equal.

    Raises:
        ValueError: for values that are not finite, or arrays that do not match.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> diversity(rng.normal(size=(300, 4)), 0.1 * rng.normal(size=(300, 4))) < 0.12
    True
    """
    space, real, fake = in_space("diversity", features, real=real, fake=fake)
    n = min(len(real), len(fake))
    if n < LEAST:
        return Result.not_testable("diversity", space.name, n, f"{n} rows where {LEAST} are needed")
    (among_real, real_error), (among_fake, fake_error) = _mean_distance(real), _mean_distance(fake)
    if among_real == 0.0:
        return Result.not_testable("diversity", space.name, n, "all real rows are equal")
    ratio = among_fake / among_real
    error = np.hypot(fake_error, ratio * real_error) / among_real
    return Result("diversity", float(ratio), space.name, n, error=float(error))


def _mean_distance(rows: np.ndarray) -> tuple[float, float]:
    """Over all pairs, and its standard error by leaving out each row in turn."""
    n, distances, sums = len(rows), Distances(rows, rows), np.empty(len(rows))
    for part, block in distances.blocks():
        block[block < distances.slack] = 0.0  # a row and itself, and copies
        sums[part] = np.sqrt(block, out=block).sum(axis=1)
    total = sums.sum()
    without = (total - 2.0 * sums) / ((n - 1) * (n - 2))
    return total / (n * (n - 1)), float(np.sqrt((n - 1) * np.var(without)))


def duplicates(
    real: Any, fake: Any, tolerance: float = 0.1, *, features: FeatureExtractor | str | None = None
) -> Result:
    """The share of samples that have another sample almost on top of them.

    Almost: closer than `tolerance` times what half of the real rows are away from their nearest neighbor.

    Args:
        real: `(N, ...)`.
        fake: `(M, ...)`.
        tolerance: from 0 (equal only) to 1.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        The share. It is not testable with fewer than 5 rows in a set.

    Raises:
        ValueError: for values that are not finite, or arrays that do not match.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> duplicates(rng.normal(size=(300, 4)), np.repeat(rng.normal(size=(150, 4)), 2, axis=0))
    duplicates[raw4] = 1.0000 ± 0.0033 (n=300)
    """
    check_number("duplicates", tolerance, "tolerance", 0.0, 1.0)
    space, real, fake = in_space("duplicates", features, real=real, fake=fake)
    n = min(len(real), len(fake))
    if n < LEAST:
        return Result.not_testable("duplicates", space.name, n, f"{n} rows where {LEAST} are needed")
    gaps, usual = (np.sqrt(among_themselves(rows)[0][:, 0]) for rows in (fake, real))
    share = np.mean(gaps <= tolerance * np.median(usual))
    return Result("duplicates", float(share), space.name, n, error=share_error(share, len(fake)))
