"""How far is the distribution of samples from that of the data? Fréchet distance and kernel distance."""

from typing import Any

import numpy as np

from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.metrics.features import FeatureExtractor, Space, in_space
from keras_augsynth.metrics.result import Result

_TURN, _FOLDS = 12, 10  # 12 is divisible by 1, 2, 3 and 4


def frechet_distance(real: Any, fake: Any, *, features: FeatureExtractor | str | None = None) -> Result:
    """The distance of two normal distributions with the means and covariances of the rows.

    It is biased upwards by about c/n with n rows: compare only at equal n and with `frechet_floor`, or use
    `frechet_distance_infinity`. In the features of an Inception model, and nowhere else, it is called FID.

    Args:
        real: `(N, ...)`.
        fake: `(M, ...)`.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        The distance. It is not testable unless both sets have more rows than features.

    Raises:
        ValueError: for values that are not finite, or arrays that do not match.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> frechet_distance(rng.normal(size=(500, 4)), 1.0 + rng.normal(size=(500, 4)))
    FD[raw4] = 4.24 (n=500)

    Reference:
        Dowson, Landau: The Fréchet distance between multivariate normal distributions. J. Multivariate Anal. 1982.
        Heusel et al.: GANs trained by a two time-scale update rule converge to a local Nash equilibrium. NeurIPS 2017.
    """
    space, real, fake = in_space("frechet_distance", features, real=real, fake=fake)
    n, width = min(len(real), len(fake)), real.shape[1]
    if n <= width:
        return Result.not_testable(_frechet(space), space.name, n, f"{n} rows for covariances of {width} features")
    return Result(_frechet(space), float(_distance(_moments(real), _moments(fake))), space.name, n)


def frechet_distance_infinity(
    real: Any, fake: Any, *, seed: int = 0, features: FeatureExtractor | str | None = None
) -> Result:
    """The Fréchet distance as it would be with rows without end: where a line through its values in 1/n ends.

    The distance is taken of all rows and of disjoint halves, thirds and quarters. The error is the jackknife's,
    which leaves out a tenth of the rows in turn.

    Args:
        real: `(N, ...)`.
        fake: `(M, ...)`.
        seed: of the random parts.
        features: an extractor, or the name of the space that the arrays are already in.

    Returns:
        The distance, which may come out a little below 0. It is not testable with fewer than 5 (d + 2) rows in a
        set, or fewer than 120.

    Raises:
        ValueError: for values that are not finite, or arrays that do not match.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> result = frechet_distance_infinity(rng.normal(size=(500, 4)), rng.normal(size=(500, 4)))
    >>> abs(float(result)) < 3 * result.error
    True

    Reference:
        Chong, Forsyth: Effectively unbiased FID and inception score and where to find them. CVPR 2020.
    """
    check_integer("frechet_distance_infinity", seed, "seed", 0, 2**31 - 1)
    space, real, fake = in_space("frechet_distance_infinity", features, real=real, fake=fake)
    metric, n = f"{_frechet(space)}∞", min(len(real), len(fake))
    least = max(5 * (real.shape[1] + 2), _TURN * _FOLDS)
    if n < least:
        return Result.not_testable(metric, space.name, n, f"{n} rows where {least} are needed")
    rng = np.random.default_rng(seed)
    real, fake = (rows[rng.permutation(len(rows))] for rows in (real, fake))
    value = _extrapolated(real, fake)
    # Every tenth twelve rows are left out: the parts, which take rows in turn, lose as many each.
    others = lambda rows, fold: rows[np.arange(len(rows)) // _TURN % _FOLDS != fold]
    without = [_extrapolated(others(real, fold), others(fake, fold)) for fold in range(_FOLDS)]
    error = np.sqrt((_FOLDS - 1) * np.var(without))
    return Result(metric, value, space.name, n, error=float(error))


def frechet_floor(
    real: Any, n: int | None = None, seed: int = 0, *, features: FeatureExtractor | str | None = None
) -> Result:
    """The Fréchet distance of real rows from other real rows: what perfect samples would get.

    Args:
        real: `(N, ...)`.
        n: rows on each side, at most half of all; None: half.
        seed: of the ten random splits that are averaged.
        features: an extractor, or the name of the space that the rows are already in.

    Returns:
        The distance at n rows; its error is the spread of a single split. It is not testable unless n is more
        than the number of features.

    Raises:
        ValueError: for an `n` above half the rows.

    Example:

    >>> frechet_floor(np.random.default_rng(0).normal(size=(1000, 4))) < 0.1
    True
    """
    check_integer("frechet_floor", seed, "seed", 0, 2**31 - 1)
    space, real = in_space("frechet_floor", features, real=real)
    n = len(real) // 2 if n is None else check_integer("frechet_floor", n, "n", 1)
    if 2 * n > len(real):
        raise wrong("frechet_floor", "n", f"be at most half the rows, {len(real) // 2}", n)
    metric, width = f"{_frechet(space)} floor", real.shape[1]
    if n <= width:
        return Result.not_testable(metric, space.name, n, f"{n} rows for covariances of {width} features")
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(real)) for _ in range(10)]
    distances = [_distance(_moments(real[order[:n]]), _moments(real[order[n : 2 * n]])) for order in orders]
    return Result(metric, float(np.mean(distances)), space.name, n, error=float(np.std(distances, ddof=1)))


def _frechet(space: Space) -> str:
    return "FID" if space.inception else "FD"


def _moments(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = rows.mean(axis=0)
    return mean, (rows - mean).T @ (rows - mean) / (len(rows) - 1)


def _distance(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> float:
    """|m1 - m2|² + tr(S1 + S2 - 2 (S1^½ S2 S1^½)^½), whose last trace is a sum over eigenvalues: no matrix is rooted
    that could have an imaginary root.
    """
    (mean, covariance), (other_mean, other) = first, second
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    middle = np.linalg.eigvalsh(root.T @ other @ root)  # similar to S1^½ S2 S1^½
    overlap = np.sqrt(np.maximum(middle, 0.0)).sum()
    return float(np.sum((mean - other_mean) ** 2) + np.trace(covariance) + np.trace(other) - 2.0 * overlap)


def _extrapolated(real: np.ndarray, fake: np.ndarray) -> float:
    """Where the line of least squares through distances of 1, 2, 3 and 4 disjoint parts meets 1/n = 0."""
    points = []
    for parts in (1, 2, 3, 4):
        for k in range(parts):
            some, made = real[k::parts], fake[k::parts]
            points.append((0.5 / len(some) + 0.5 / len(made), _distance(_moments(some), _moments(made))))
    x, y = np.array(points).T
    slope = np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2)
    return float(y.mean() - slope * x.mean())


def kernel_distance(
    real: Any,
    fake: Any,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 0,
    *,
    features: FeatureExtractor | str | None = None,
) -> Result:
    """The squared maximum mean discrepancy with the kernel (x·y/d + 1)³ ("KID"), averaged over random subsets.

    It is unbiased, so it is fair to small sets and may come out below 0. Its error takes in both that there are only
    so many rows, and that only so many subsets are drawn of them.

    Args:
        real: `(N, ...)`.
        fake: `(M, ...)`.
        subsets: how many; with all rows in each a single one is enough.
        subset_size: rows of each set in a subset, at least 3 and not more than there are.
        seed: of the subsets.
        features: an extractor, or the name of the space that the arrays are already in.

    Raises:
        ValueError: for a `subset_size` above the number of rows, or values that are not finite.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> result = kernel_distance(rng.normal(size=(300, 4)), rng.normal(size=(300, 4)), subset_size=100)
    >>> abs(float(result)) < 3 * result.error
    True

    Reference:
        Bińkowski et al.: Demystifying MMD GANs. ICLR 2018.
    """
    check_integer("kernel_distance", subsets, "subsets", 1)
    check_integer("kernel_distance", subset_size, "subset_size", 3)
    check_integer("kernel_distance", seed, "seed", 0, 2**31 - 1)
    space, real, fake = in_space("kernel_distance", features, real=real, fake=fake)
    n = min(len(real), len(fake))
    if subset_size > n:
        raise wrong("kernel_distance", "subset_size", f"be at most the {n} rows of the smaller set", subset_size)
    if subset_size == max(len(real), len(fake)):
        subsets = 1
    rng = np.random.default_rng(seed)
    draw = lambda rows: rows[rng.choice(len(rows), subset_size, replace=False)]
    values, between, within = np.array([_discrepancy(draw(real), draw(fake)) for _ in range(subsets)]).T
    # Of a mean over all pairs of n rows, by Hoeffding; and of the mean over subsets in its place.
    variance = 2.0 / (n * (n - 1)) * (2.0 * (n - 2) * max(between.mean(), 0.0) + within.mean())
    variance += np.var(values, ddof=1) / subsets if subsets > 1 else 0.0
    return Result("KID", float(values.mean()), space.name, n, error=float(np.sqrt(variance)))


def _discrepancy(real: np.ndarray, fake: np.ndarray) -> tuple[float, float, float]:
    """The unbiased estimate from as many real as fake rows, and the two variances that its error is made of.

    It is the mean of h(i, j) = k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(x_j, y_i) over i ≠ j (and k(x_i, y_i)).
    The variances are that of the expectation of h(i, ·), and that of h.
    """
    m, pairs = len(real), len(real) * (len(real) - 1)
    h, across = _kernel(real, real), _kernel(real, fake)
    h += _kernel(fake, fake)
    np.fill_diagonal(h, 0.0)
    value = h.sum() / pairs - 2.0 * across.mean()
    h -= across
    h -= across.T
    np.fill_diagonal(h, 0.0)
    spread = np.sum(h * h) / pairs - (h.sum() / pairs) ** 2
    # A row's mean is taken over m - 1 values of h, so its variance contains 1 / (m - 1) of the variance of h.
    return value, np.var(h.sum(axis=0) / (m - 1), ddof=1) - spread / (m - 1), spread


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    products = x @ y.T
    products /= x.shape[1]
    products += 1.0
    cubes = products * products
    cubes *= products
    return cubes
