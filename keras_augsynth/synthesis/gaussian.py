"""`GaussianSynthesizer`: a normal density for each class."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_choice, check_flag, check_number, wrong
from keras_augsynth.synthesis.covariances import LEDOIT_WOLF, check_shrinkage, shrunk
from keras_augsynth.synthesis.normals import Mixture, NormalMixtures
from keras_augsynth.synthesis.seeds import normal, random_for

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class GaussianSynthesizer(NormalMixtures):
    """Has a normal density for each class: draws from it, and tells how likely a sample is, or what is missing in it.

    p(x) = exp(-½ (x-μ)ᵀ Σ⁻¹ (x-μ)) / Z with Z = (2π)^{d/2} |Σ|^{1/2}, where μ is the mean of the class and Σ its
    covariance (divided by the number of rows), shrunk: (1 - a) S + a diag(S). Each column keeps its variance, so
    columns may have any units.

    A column that is constant in a class stays exactly that: it is left out of the class's density, which is of the
    other columns and zero (its logarithm -inf) where the column has another value; a class with a single row is
    that row. Collinear columns, and fewer rows than columns, need shrinkage, which "ledoit-wolf" provides.

    Args:
        shrinkage: a, from 0 to 1, or "ledoit-wolf" for the share that Ledoit and Wolf estimate from the data divided
            by their standard deviations; where they find none and the covariance is singular, as for two rows, it is
            1 / rows.
        covariance: "class" estimates one for each class; "pooled" a single one from all rows, each around the mean of
            its class; "auto" pools for those classes alone that have no more rows than there are columns. With a pooled
            covariance a class with a single row has samples around that row.
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

    def __init__(
        self,
        shrinkage: float | str = "ledoit-wolf",
        *,
        covariance: str = "class",
        value_range: Sequence[float] | None = None,
    ):
        super().__init__(value_range)
        self.shrinkage = check_shrinkage(self, shrinkage)
        self.covariance = check_choice(self, covariance, "covariance", ("class", "pooled", "auto"))

    _advice = 'drop the rows that are not, by `missing="drop"`; `impute` fills them afterwards'

    def _groups(self, counts: np.ndarray, features: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        least = {"class": 0, "pooled": np.inf, "auto": features}[self.covariance]
        yield from super()._groups(np.where(counts > least, counts, 0), features)
        few = np.flatnonzero((counts > 0) & (counts <= least))
        if len(few):
            yield np.flatnonzero(counts), few

    def _estimate(self, units: np.ndarray, label: int) -> Mixture:
        covariance = shrunk(units, self.shrinkage)
        if (rank := _rank(covariance)) < len(covariance):
            if self.shrinkage != LEDOIT_WOLF:
                reason = f"be above 0 for class {label}, whose columns are collinear, or more than its rows"
                raise wrong(self, "shrinkage", f"{reason} (rank {rank} of {len(covariance)})", self.shrinkage)
            covariance = shrunk(units, 1.0 / len(units))
        return np.ones(1), np.zeros((1, len(covariance))), covariance[None]

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
        mean, scale = self._state["means"][label, 0], self._state["scales"][label]
        covariance = self._state["covariances"][label, 0]
        rows = np.where(missing, mean, rows)
        varying = scale > 0.0
        lost, known = np.flatnonzero(missing & varying), np.flatnonzero(~missing & varying)
        if len(lost):
            # By the inverse P of the covariance: the rest has the mean -P_ll⁻¹ P_lk (x_k - μ_k), the covariance P_ll⁻¹.
            precision = np.zeros_like(covariance)
            block = np.ix_(varying, varying)
            precision[block] = np.linalg.inv(covariance[block])
            own = precision[np.ix_(lost, lost)]
            pull = (rows[:, known] - mean[known]) / scale[known] @ precision[np.ix_(known, lost)]
            drawn = noise[:, lost] @ np.linalg.inv(np.linalg.cholesky(own))
            rows[:, lost] += scale[lost] * (drawn - np.linalg.solve(own, pull.T).T)
        return rows

    def get_config(self) -> dict[str, Any]:
        return {"shrinkage": self.shrinkage, "covariance": self.covariance, "value_range": self.value_range}


def _rank(covariance: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(covariance, hermitian=True))
