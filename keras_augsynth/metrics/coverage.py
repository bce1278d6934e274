"""Do samples lie where the data lie, and everywhere they lie? Precision, recall, density, coverage."""

from typing import Any

import numpy as np

from keras_augsynth.core.checks import check_integer
from keras_augsynth.metrics.features import FeatureExtractor, in_space
from keras_augsynth.metrics.result import Result
from keras_augsynth.ops.neighbors import Distances, among_themselves

NAMES = ("precision", "recall", "density", "coverage")


def prdc(real: Any, fake: Any, k: int = 5, *, features: FeatureExtractor | str | None = None) -> dict[str, Result]:
    """Tells how much of the samples looks real, and how much of the real variety they have.

    Around each row lies a ball that reaches, exclusively, to its k-th nearest neighbor in the same set. Precision: the
    share of samples in any real ball. Density: how many real balls a sample is in, in k; it may exceed 1. Recall: the
    share of real rows in any sample's ball. Coverage: the share of real balls with a sample in them.
    Equal distributions have a coverage near 1 - 2**-k. Density and coverage are hardly moved by single outliers.

    Args:
        real: `(N, ...)`.
        fake: `(M, ...)`.
        k: neighbors, at least 1.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        "precision", "recall", "density" and "coverage"; not testable with k rows or fewer in a set.

    Raises:
        ValueError: for values that are not finite, or arrays that do not match.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> result = prdc(rng.normal(size=(200, 4)), rng.normal(size=(200, 4)))
    >>> result["coverage"] > 0.9
    True

    Reference:
        Kynkäänniemi et al.: Improved precision and recall metric for assessing generative models. NeurIPS 2019.
        Naeem et al.: Reliable fidelity and diversity metrics for generative models. ICML 2020.
    """
    check_integer("prdc", k, "k", 1)
    space, real, fake = in_space("prdc", features, real=real, fake=fake)
    n = min(len(real), len(fake))
    if n <= k:
        reason = f"{n} rows where more than k={k} are needed"
        return {name: Result.not_testable(name, space.name, n, reason) for name in NAMES}
    real_radii, fake_radii = (among_themselves(rows, k)[0][:, -1] for rows in (real, fake))

    distances = Distances(real, fake)
    precise, inside, covered, recalled = np.zeros(len(fake), bool), 0, 0, 0
    for rows, block in distances.blocks():
        radii = real_radii[rows, None]
        in_real = _below(distances, rows, block, radii)
        in_fake = _below(distances, rows, block, fake_radii)
        precise |= in_real.any(axis=0)
        inside += np.count_nonzero(in_real)
        covered += np.count_nonzero(in_real.any(axis=1))
        recalled += np.count_nonzero(in_fake.any(axis=1))
    shares = (precise.mean(), recalled / len(real), inside / (k * len(fake)), covered / len(real))
    return {name: Result(name, float(share), space.name, n) for name, share in zip(NAMES, shares, strict=True)}


def _below(distances: Distances, rows: slice, block: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Where a block is below the squared radii, settled by exact distances where it is close."""
    below = block < radii - distances.slack
    close = block < radii + distances.slack
    if np.count_nonzero(close) != np.count_nonzero(below):
        i, j = np.nonzero(close != below)
        below[i, j] = distances.exact(i + rows.start, j) < np.broadcast_to(radii, block.shape)[i, j]
    return below
