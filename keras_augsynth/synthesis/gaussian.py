"""`GaussianSynthesizer`: a normal density for each class."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_flag, check_number, wrong
from keras_augsynth.synthesis.normals import Mixture, NormalMixtures
from keras_augsynth.synthesis.seeds import normal, random_for

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class GaussianSynthesizer(NormalMixtures):
    """Has a normal density for each class: draws from it, and tells how likely a sample is, or what is missing in it.

    p(x) = exp(-½ (x-μ)ᵀ Σ⁻¹ (x-μ)) / Z with Z = (2π)^{d/2} |Σ|^{1/2}, where μ is the mean of the class and Σ its
    covariance (divided by the number of rows), shrunk: (1 - a) S + a m I, with the mean variance m.

    A column that is constant in a class stays exactly that: it is left out of the class's density, which is of the
    other columns and zero (its logarithm -inf) where the column has another value; a class with a single row is
    that row. Collinear columns, and fewer rows than columns, need shrinkage, which "ledoit-wolf" provides.

    Args:
        shrinkage: a, from 0 to 1, or "ledoit-wolf" for the share that Ledoit and Wolf estimate from the data;
            where they find none and the covariance is singular, as for two rows, it is 1 / rows.
        value_range: samples are kept inside this range; None leaves them where the density has them.

    Raises:
        ValueError: in `fit`, for NaN, infinity, and a class whose covariance is singular.

    Example:

    >>> rows, labels = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    >>> gaussian = GaussianSynthesizer().fit(rows, labels)
    >>> gaussian.sample([1, 1, 0], seed=1).shape
    TensorShape([3, 3])
    >>> gaussian.outliers([[0.0, 0.0, 0.0], [0.0, 0.0, 99.0]]).numpy()
    array([False,  True])

    Reference:
        Ledoit, Wolf: A well-conditioned estimator for large-dimensional covariance matrices. Journal of
        Multivariate Analysis 88, 2004.
    """

    def __init__(self, shrinkage: float | str = "ledoit-wolf", *, value_range: Sequence[float] | None = None):
        super().__init__(value_range)
        if isinstance(shrinkage, str) and shrinkage != "ledoit-wolf":
            raise wrong(self, "shrinkage", 'be "ledoit-wolf" or a number from 0 to 1', shrinkage)
        is_name = isinstance(shrinkage, str)
        self.shrinkage = shrinkage if is_name else check_number(self, shrinkage, "shrinkage", 0.0, 1.0)

    _advice = 'drop the rows that are not, by `missing="drop"`; `impute` fills them afterwards'

    def _estimate(self, rows: np.ndarray, label: int) -> Mixture:
        mean = rows.mean(axis=0)
        centered = rows - mean
        covariance = centered.T @ centered / len(rows)
        if self.shrinkage != "ledoit-wolf":
            shrunk = _shrunk(covariance, self.shrinkage)
            if _rank(shrunk) < len(shrunk):
                reason = f"be above 0 for class {label}, whose columns are collinear, or more than its rows"
                raise wrong(self, "shrinkage", f"{reason} (rank {_rank(shrunk)} of {len(shrunk)})", self.shrinkage)
        else:
            shrunk = _shrunk(covariance, _ledoit_wolf(centered, covariance))
            if _rank(shrunk) < len(shrunk):
                shrunk = _shrunk(covariance, 1.0 / len(rows))
        return np.ones(1), mean[None], shrunk[None]

    def mahalanobis(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """How many standard deviations a sample lies from the mean of its class, in its own direction.

        Args:
            x: `(N, ...)`, samples.
            labels: integers `(N,)`; None: from the class that is nearest in this sense.

        Returns:
            float64 `(N,)`.
        """
        labels = None if labels is None else self._checked_labels(labels, "mahalanobis")
        distances = ops.sqrt(self._squared_distances(x, "mahalanobis"))
        if labels is None:
            known = np.flatnonzero(self.class_counts)
            return ops.min(ops.take(distances, known, axis=0), axis=0)
        return ops.take_along_axis(distances, labels[None], axis=0)[0]

    def outliers(self, x: Tensor, labels: Tensor | None = None, level: float = 1e-3) -> Tensor:
        """Whether a sample lies further out than almost all of its class would.

        Args:
            x: `(N, ...)`, samples.
            labels: integers `(N,)`; None: whether it is an outlier to every class.
            level: the part of a normal class that would be called so, from 0 to 1.

        Returns:
            bool `(N,)`.
        """
        check_number(self, level, "level", 0.0, 1.0)
        squared = self._squared_distances(x, "outliers")
        freedom = ops.sum(ops.cast(~self._tables["constant"], "float64"), axis=1)[:, None]
        # The chance of a chi-squared number to be larger. Without any freedom the distance is 0 or infinite.
        beyond = tf.math.igammac(ops.broadcast_to(ops.maximum(freedom, 1.0), ops.shape(squared)) / 2.0, squared / 2.0)
        if labels is None:
            return ops.max(ops.take(beyond, np.flatnonzero(self.class_counts), axis=0), axis=0) < level
        labels = self._checked_labels(labels, "outliers")
        return ops.take_along_axis(beyond, labels[None], axis=0)[0] < level

    def impute(self, x: Any, labels: Any, draw: bool = False, seed: int | None = None) -> np.ndarray:
        """Fills what is missing from what is there.

        Args:
            x: array of floats `(N, ...)`, NaN where a number is missing.
            labels: integers `(N,)`.
            draw: False fills in the expected value; True a draw from the density given what is there, so that the
                filled rows vary as much as complete ones.
            seed: integer for the draws; None for others each time.

        Returns:
            Array `(N, ...)` in the dtype of `x`.
        """
        check_flag(self, draw, "draw")
        labels = ops.convert_to_numpy(self._checked_labels(labels, "impute"))
        x, shape = np.asarray(x), self._sample.shape[1:]
        if x.dtype.kind != "f" or x.shape != (len(labels), *shape) or np.isinf(x).any():
            received = f"{x.dtype} {x.shape}"
            raise wrong(self, "x", f"be finite floats or NaN {(len(labels), *shape)}", received)
        filled = x.reshape(len(x), -1).astype("float64")
        noise = np.zeros_like(filled)
        if draw:
            noise = ops.convert_to_numpy(normal(random_for(seed, 1)[0], *filled.shape)).astype("float64")
        missing = np.isnan(filled)
        patterns, group = np.unique(np.column_stack([labels, missing]), axis=0, return_inverse=True)
        for number, (label, *pattern) in enumerate(patterns):
            rows = np.flatnonzero(group.ravel() == number)
            filled[rows] = self._filled(filled[rows], noise[rows], label, np.array(pattern, bool))
        return filled.reshape(x.shape).astype(x.dtype)

    def _filled(self, rows: np.ndarray, noise: np.ndarray, label: int, missing: np.ndarray) -> np.ndarray:
        """Rows of one class which lack the same columns."""
        mean, covariance = self._state["means"][label, 0], self._state["covariances"][label, 0]
        rows = np.where(missing, mean, rows)
        varying = np.diagonal(covariance) > 0.0
        lost, known = np.flatnonzero(missing & varying), np.flatnonzero(~missing & varying)
        if len(lost):
            # By the inverse P of the covariance: the rest has the mean -P_ll⁻¹ P_lk (x_k - μ_k), the covariance P_ll⁻¹.
            precision = np.zeros_like(covariance)
            block = np.ix_(varying, varying)
            precision[block] = np.linalg.inv(covariance[block])
            own = precision[np.ix_(lost, lost)]
            pull = (rows[:, known] - mean[known]) @ precision[np.ix_(known, lost)]
            spread = noise[:, lost] @ np.linalg.inv(np.linalg.cholesky(own))
            rows[:, lost] += spread - np.linalg.solve(own, pull.T).T
        return rows

    def get_config(self) -> dict[str, Any]:
        return {"shrinkage": self.shrinkage, "value_range": self.value_range}


def _shrunk(covariance: np.ndarray, share: float) -> np.ndarray:
    return (1.0 - share) * covariance + share * np.diagonal(covariance).mean() * np.eye(len(covariance))


def _ledoit_wolf(centered: np.ndarray, covariance: np.ndarray) -> float:
    """The share that minimizes the expected squared error of the covariance."""
    squared = np.square(covariance).sum()
    distance = squared - np.square(np.trace(covariance)) / len(covariance)  # to the multiple of the identity
    error = (np.square(np.square(centered).sum(axis=1)).mean() - squared) / len(centered)
    return float(np.clip(error / distance, 0.0, 1.0)) if distance > 1e-14 * squared else 0.0


def _rank(covariance: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(covariance, hermitian=True))
