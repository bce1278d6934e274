"""`GaussianMixtureSynthesizer`: several normal densities for each class.

Not scikit-learn's mixture: it knows no shrinkage, and a result is not to hang on which other packages are at hand.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_integer, check_number
from keras_augsynth.ops.cells import kmeans
from keras_augsynth.ops.neighbors import neighbors
from keras_augsynth.synthesis.covariances import check_shrinkage, shrunk
from keras_augsynth.synthesis.normals import Mixture, NormalMixtures


@keras.saving.register_keras_serializable(package="keras_augsynth")
class GaussianMixtureSynthesizer(NormalMixtures):
    """Has a mixture of normal densities for each class: draws from it, and tells how likely a sample is.

    Each mixture is fitted by expectation maximization, from the clusters that k-means finds from a k-means++
    start; the same seed gives the same. A class with fewer different rows than `components` has as many
    densities as those. Columns may have any units: each is divided by its standard deviation in the class first. A
    column that is constant in a class stays exactly that: it is left out of the class's density, which is zero (its
    logarithm -inf) where the column has another value.

    Args:
        components: normal densities of each class, at least 1.
        shrinkage: of each covariance, as in `GaussianSynthesizer`.
        regularization: added to every variance, as a part of the column's variance in the class; above 0.
        tolerance: it stops when the mean log-likelihood of a row grows by less.
        max_iterations: and after as many steps at the latest.
        starts: how many starts are tried, of which the likeliest result stays.
        value_range: samples are kept inside this range; None leaves them where the density has them.
        seed: integer, for the starts.

    Raises:
        ValueError: in `fit`, for NaN and infinity.

    Example:

    >>> rows = np.concatenate([np.zeros((20, 2)), np.full((20, 2), 9.0)])
    >>> rows += np.random.default_rng(0).normal(size=(40, 2))
    >>> mixture = GaussianMixtureSynthesizer(components=2).fit(rows, np.zeros(40, int))
    >>> mixture.log_prob([[0.0, 0.0], [4.5, 4.5]]).numpy().round(0)
    array([ -2., -23.])

    Reference:
        Dempster, Laird, Rubin: Maximum likelihood from incomplete data via the EM algorithm. Journal of the Royal
        Statistical Society B 39, 1977.
    """

    def __init__(
        self,
        components: int = 3,
        *,
        shrinkage: float | str = "ledoit-wolf",
        regularization: float = 1e-6,
        tolerance: float = 1e-3,
        max_iterations: int = 100,
        starts: int = 1,
        value_range: Sequence[float] | None = None,
        seed: int = 0,
    ):
        super().__init__(value_range)
        self.components = self._parts = check_integer(self, components, "components", 1)
        self.shrinkage = check_shrinkage(self, shrinkage)
        self.regularization = check_number(self, regularization, "regularization", 1e-12)
        self.tolerance = check_number(self, tolerance, "tolerance", 0.0)
        self.max_iterations = check_integer(self, max_iterations, "max_iterations", 1)
        self.starts = check_integer(self, starts, "starts", 1)
        self.seed = check_integer(self, seed, "seed", 0)

    def _estimate(self, units: np.ndarray, label: int) -> Mixture:
        rng = np.random.default_rng([self.seed, label])
        count = min(self.components, len(np.unique(units, axis=0)))
        fits = [self._climb(units, _clusters(units, count, rng)) for _ in range(self.starts)]
        return max(fits, key=lambda fit: fit[0])[1]

    def _climb(self, rows: np.ndarray, shares: np.ndarray) -> tuple[float, Mixture]:
        """(the mean log-likelihood, the mixture) from the share `(n, K)` that each density has in each row."""
        before = -math.inf
        for _ in range(self.max_iterations):
            mixture = self._maximize(rows, shares)
            parts = _log_parts(rows, mixture)
            highest = parts.max(axis=1, keepdims=True)
            total = highest + np.log(np.exp(parts - highest).sum(axis=1, keepdims=True))
            shares, likelihood = np.exp(parts - total), float(total.mean())
            if likelihood - before < self.tolerance:
                break
            before = likelihood
        return likelihood, mixture

    def _maximize(self, rows: np.ndarray, shares: np.ndarray) -> Mixture:
        """The likeliest mixture, given the shares."""
        sizes = np.maximum(shares.sum(axis=0), 1e-12)
        means = shares.T @ rows / sizes[:, None]
        ridge = self.regularization * np.eye(rows.shape[1])
        covariances = [
            shrunk(rows - mean, self.shrinkage, share) + ridge for share, mean in zip(shares.T, means, strict=True)
        ]
        return sizes / sizes.sum(), means, np.stack(covariances)

    def get_config(self) -> dict[str, Any]:
        own = ("components", "shrinkage", "regularization", "tolerance", "max_iterations", "starts", "value_range")
        return {name: getattr(self, name) for name in (*own, "seed")}


def _log_parts(rows: np.ndarray, mixture: Mixture) -> np.ndarray:
    """The logarithm of weight times density, `(n, K)`."""
    parts = []
    for weight, mean, covariance in zip(*mixture, strict=True):
        root = np.linalg.cholesky(covariance)
        squared = np.square(np.linalg.solve(root, (rows - mean).T)).sum(axis=0)
        norm = 0.5 * len(mean) * math.log(2.0 * math.pi) + np.log(np.diagonal(root)).sum()
        parts.append(math.log(weight) - norm - squared / 2.0)
    return np.stack(parts, axis=1)


def _clusters(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Which of `count` clusters each row belongs to, as 0 and 1 `(n, count)`."""
    return np.eye(count)[neighbors(rows, kmeans(rows, count, rng))[1][:, 0]]
