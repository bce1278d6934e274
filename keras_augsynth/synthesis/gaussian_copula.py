"""`GaussianCopulaSynthesizer`: the columns' own distributions, tied together by normal correlations."""

import math
from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.table_schema import TableSchema
from keras_augsynth.ops.ranks import midranks
from keras_augsynth.synthesis.covariances import LEDOIT_WOLF, check_shrinkage, shrunk
from keras_augsynth.synthesis.schema_synthesizer import SchemaSynthesizer
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.stored import Stored

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class GaussianCopulaSynthesizer(SchemaSynthesizer):
    """Draws each column from the values that it has in the class, all of them tied together by a normal distribution.

    So columns may have any distribution, unit and kind: floats are drawn between neighbouring values, whole numbers and
    categories among those that there are, and a value is missing as often as it was. The correlations are those of the
    values' normal scores, in each class.

    Args:
        categorical: columns of numbers that are categories: names, or numbers of the columns of an array.
        shrinkage: of the correlations, from 0 to 1, or "ledoit-wolf".
        schema: of the DataFrame; None: what its dtypes say.

    Raises:
        TypeError: in `fit`, for dates, and columns of several types.

    Example:

    >>> rows = np.random.default_rng(0).lognormal(size=(60, 3))
    >>> copula = GaussianCopulaSynthesizer().fit(rows, np.repeat([0, 1], 30))
    >>> copula.sample([1, 1, 0], seed=1).shape
    TensorShape([3, 3])

    Reference:
        Patki, Wedge, Veeramachaneni: The synthetic data vault. DSAA 2016. Liu, Lafferty, Wasserman: The nonparanormal.
        JMLR 10, 2009.
    """

    def __init__(
        self,
        categorical: Sequence[Any] = (),
        shrinkage: float | str = LEDOIT_WOLF,
        schema: TableSchema | None = None,
    ):
        super().__init__(categorical, schema)
        self.shrinkage = check_shrinkage(self, shrinkage)

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Self:
        """Keeps the values of each column in order, and their correlations.

        Args:
            x: a DataFrame, or an array of numbers `(N, columns)`; values may be missing.
            y: integer labels `(N,)`.
        """
        rows, y = self._encoded(x, y, missing=True)
        counts, features = np.bincount(y), rows.shape[1]
        factors = np.zeros((len(counts), features, features))
        for label in np.flatnonzero(counts):
            scores = _normal_scores(rows[y == label])
            correlations = shrunk(scores, self.shrinkage)
            deviations = np.sqrt(np.diagonal(correlations))
            correlations = correlations / np.where(
                np.outer(deviations, deviations) > 0, np.outer(deviations, deviations), 1
            )
            correlations[np.diag_indices(features)] = 1.0 + _RIDGE  # columns that say the same do not matter
            factors[label] = np.linalg.cholesky(correlations / (1.0 + _RIDGE)).T
        # The columns of each class in order, missing values last, one class behind the other.
        ordered = np.concatenate([np.sort(rows[y == label], axis=0) for label in np.flatnonzero(counts)])
        self._keep(ordered, counts, factors)
        return self

    def _keep(self, ordered: np.ndarray, counts: np.ndarray, factors: np.ndarray) -> None:
        variable = lambda values, dtype: tf.Variable(values, dtype=dtype, trainable=False)
        self._ordered, self._factors = variable(ordered, "float64"), variable(factors, "float64")
        self._starts = variable(np.cumsum(counts) - counts, "int32")
        self._sizes = variable(counts, "int32")
        self.class_counts, self.num_classes = counts, len(counts)

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Any:
        """Draws from the columns' distributions.

        Args:
            labels: integers `(N,)`, classes that were in the data.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            A DataFrame with the columns and dtypes that went in, or an array; in a graph a dictionary, or a tensor.
        """
        labels = self._checked_labels(labels)
        _, rng = random_for(seed, ops.shape(labels)[0])
        factors, features = tf.convert_to_tensor(self._factors), self._factors.shape[-1]
        noise = ops.cast(rng.normal(shape=(features,)), "float64")

        def tie(label: Tensor, scores: Tensor) -> Tensor:
            tied = ops.matmul(noise, ops.take(factors, label, axis=0))
            return ops.where(ops.equal(labels, label)[:, None], tied, scores)

        # One class after the other, over all rows: a matrix for each row would take N times their memory.
        scores = ops.fori_loop(0, factors.shape[0], tie, ops.zeros_like(noise))
        shares = (1.0 + ops.erf(scores / math.sqrt(2.0))) / 2.0
        return self._decoded(self._quantiles(shares, labels))

    def _quantiles(self, shares: Tensor, labels: Tensor) -> Tensor:
        """The values that stand at `shares` `(N, columns)` of the way through the class's columns."""
        size = ops.expand_dims(ops.take(self._sizes, labels), 1)
        start = ops.expand_dims(ops.take(self._starts, labels), 1)
        last = ops.cast(size, "float64") - 1.0
        there = shares * last
        low = ops.floor(there)
        whole = ops.minimum(ops.floor(shares * ops.cast(size, "float64")), last)
        ordered = tf.convert_to_tensor(self._ordered)
        value = lambda place: ops.take_along_axis(ordered, start + ops.cast(place, "int32"), axis=0)
        first, second, exact = value(low), value(ops.minimum(low + 1.0, last)), value(whole)
        between = first + (there - low) * (second - first)
        return ops.where(ops.convert_to_tensor(self._whole)[None] | ops.isnan(between), exact, between)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shrinkage": self.shrinkage}

    def state(self) -> dict[str, np.ndarray]:
        ordered = self._ordered.numpy()
        lost = np.isnan(ordered)
        arrays = {"counts": self.class_counts, "factors": self._factors.numpy(), "lost": lost}
        return {**self._table_state(), **arrays, "ordered": np.where(lost, 0.0, ordered)}

    def layout(self) -> dict[str, Stored]:
        return {
            **self._table_layout(),
            "counts": Stored("i", ("classes",), 0),
            "factors": Stored("f", ("classes", "features", "features")),
            "lost": Stored("b", ("rows", "features")),
            "ordered": Stored("f", ("rows", "features")),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self._restore_table(state)
        if state["counts"].sum() != len(state["ordered"]):
            raise wrong(self, "counts", "be those of the rows", state["counts"])
        self._keep(np.where(state["lost"], np.nan, state["ordered"]), state["counts"], state["factors"])


_RIDGE = 1e-9


def _normal_scores(rows: np.ndarray) -> np.ndarray:
    """The normal quantiles of the ranks in each column, ties at their mean rank; 0 where a value is missing."""
    scores = np.zeros_like(rows)
    for k, column in enumerate(rows.T):
        there = ~np.isnan(column)
        ranks, counts = midranks(column[there])
        if len(counts) > 1:
            scores[there, k] = tf.math.ndtri(ranks / (there.sum() + 1.0))
    return scores - scores.mean(axis=0)
