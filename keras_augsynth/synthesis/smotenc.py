"""`SMOTENC` and `SMOTEN`: SMOTE of rows some or all of whose columns are categories."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.core.table_schema import TableSchema
from keras_augsynth.ops.neighbors import among_themselves
from keras_augsynth.synthesis.members import Members
from keras_augsynth.synthesis.schema_synthesizer import SchemaSynthesizer
from keras_augsynth.synthesis.smote import SMOTE
from keras_augsynth.synthesis.stored import Stored

Tensor = Any


class CategoricalSMOTE(SchemaSynthesizer, SMOTE):
    """SMOTE in whose samples a category is the most frequent one among the neighbours of the row they start from."""

    def __init__(self, categorical: Sequence[Any], k_neighbors: int, schema: TableSchema | None):
        SchemaSynthesizer.__init__(self, categorical, schema)
        self.k_neighbors = check_integer(self, k_neighbors, "k_neighbors", 1)

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Self:
        """Keeps the rows.

        Args:
            x: a DataFrame, or an array of numbers `(N, columns)`, without missing values.
            y: integer labels `(N,)`.
        """
        rows, y = self._encoded(x, y, missing=False)
        self._check_kinds()
        self._keep(rows, Members(y))
        return self

    def _check_kinds(self) -> None:
        """Refuses columns that the class is not for."""

    def _keep(self, x: np.ndarray, members: Members) -> None:
        super()._keep(x, members)
        self._usual = tf.Variable(x, trainable=False)  # the most frequent value among a row's neighbours

    def _nearest(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        found = rows[self._nearest_of_class(points, rows, min(self.k_neighbors, len(rows) - 1))]
        if found.shape[1]:
            usual = points[rows].copy()
            for k in np.flatnonzero(self._discrete):
                values, places = np.unique(points[:, k], return_inverse=True)
                counts = np.zeros((len(rows), len(values)), int)
                np.add.at(counts, (np.arange(len(rows))[:, None], places[found]), 1)
                usual[:, k] = values[counts.argmax(axis=1)]
            self._usual.scatter_update(tf.IndexedSlices(usual, rows))
        return found

    def _nearest_of_class(self, points: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
        """The k nearest other rows of each, as places among `rows`, `(count, k)`."""
        raise NotImplementedError

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Any:
        """Rows between real ones.

        Args:
            labels: integers `(N,)`, classes that were in the data.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            A DataFrame with the columns and dtypes that went in, or an array; in a graph a dictionary, or a tensor.
        """
        return self._decoded(SMOTE.sample(self, labels, seed))

    def _tables(self) -> dict[str, Tensor]:
        tables = {"usual": ops.convert_to_tensor(self._usual), "discrete": ops.convert_to_tensor(self._discrete)}
        return {**super()._tables(), **tables}

    def get_config(self) -> dict[str, Any]:
        return {**SchemaSynthesizer.get_config(self), "k_neighbors": self.k_neighbors}

    def state(self) -> dict[str, np.ndarray]:
        return {**SMOTE.state(self), "usual": self._usual.numpy(), **self._table_state()}

    def layout(self) -> dict[str, Stored]:
        rows = {"rows": Stored("f", ("rows", "features")), "usual": Stored("f", ("rows", "features"))}
        return {**SMOTE.layout(self), **rows, **self._table_layout()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self._restore_table(state)
        SMOTE.restore(self, state)
        self._usual.assign(state["usual"])


@keras.saving.register_keras_serializable(package="keras_augsynth")
class SMOTENC(CategoricalSMOTE):
    """SMOTE of numbers and categories: numbers go some way to a neighbour, categories are the most frequent of all k.

    Two rows are as far apart as their numbers are, and by the median standard deviation of the class's numbers, divided
    by the root of 2, for each category that differs. So bring the numbers to one scale before.

    Args:
        categorical: columns of numbers that are categories: names, or numbers of the columns of an array. What a
            DataFrame's dtypes say needs no mention.
        k_neighbors: how many nearest neighbours are drawn from, at least 1.
        schema: of the DataFrame; None: what its dtypes say.

    Raises:
        ValueError: in `fit`, for missing values, and columns of one kind only.

    Example:

    >>> rows = np.column_stack([np.linspace(0, 1, 20), np.arange(20) % 3])
    >>> smote = SMOTENC(categorical=[1]).fit(rows, np.repeat([0, 1], 10))
    >>> smote.sample([1, 1], seed=1).shape
    TensorShape([2, 2])

    Reference:
        Chawla, Bowyer, Hall, Kegelmeyer: SMOTE: synthetic minority over-sampling technique. JAIR 16, 2002, section 6.1.
    """

    def __init__(self, categorical: Sequence[Any] = (), k_neighbors: int = 5, schema: TableSchema | None = None):
        super().__init__(categorical, k_neighbors, schema)

    def _check_kinds(self) -> None:
        if not self._discrete.any() or self._discrete.all():
            advice = "have columns of both kinds: SMOTE is for numbers, SMOTEN for categories"
            count = int(self._discrete.sum())
            raise wrong(self, "x", advice, f"{len(self._discrete) - count} of numbers, {count} of categories")

    def _nearest_of_class(self, points: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
        numbers = points[rows][:, ~self._discrete]
        penalty = np.median(numbers.std(axis=0)) / 2.0
        parts = [numbers]
        for column in points[rows][:, self._discrete].T:
            parts.append(penalty * (column[:, None] == np.unique(column)))
        return among_themselves(np.column_stack(parts), k)[1]


@keras.saving.register_keras_serializable(package="keras_augsynth")
class SMOTEN(CategoricalSMOTE):
    """SMOTE of rows of categories alone: each is the usual one among the neighbours of a row of the class.

    Two categories are near if the classes are mixed alike among their rows (the value difference metric).

    Args:
        k_neighbors: how many nearest neighbours are drawn from, at least 1.
        schema: of the DataFrame; None: what its dtypes say. All columns of an array are categories.

    Raises:
        ValueError: in `fit`, for missing values, and columns of numbers.

    Example:

    >>> rows = np.stack([np.arange(20) % 3, np.arange(20) % 2], axis=1)
    >>> smote = SMOTEN(k_neighbors=3).fit(rows, np.repeat([0, 1], 10))
    >>> smote.sample([1, 1], seed=1).shape
    TensorShape([2, 2])

    Reference:
        Chawla, Bowyer, Hall, Kegelmeyer: SMOTE: synthetic minority over-sampling technique. JAIR 16, 2002, section 6.2.
        Stanfill, Waltz: Toward memory-based reasoning. Communications of the ACM 29, 1986.
    """

    def __init__(self, k_neighbors: int = 5, schema: TableSchema | None = None):
        super().__init__((), k_neighbors, schema)

    def _check_kinds(self) -> None:
        if self._schema is None:
            self._discrete = np.ones_like(self._discrete)
        elif not self._discrete.all():
            numbers = [
                name for name, kind in zip(self._schema.names, self._schema.kinds, strict=True) if kind == "numeric"
            ]
            raise wrong(self, "x", "have columns of categories alone: SMOTENC is for both kinds", numbers)

    def _nearest_of_class(self, points: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
        y, own = self._members.labels, points[rows]
        distances = np.zeros((len(rows), len(rows)))
        for column, codes in zip(points.T, own.T, strict=True):
            values, places = np.unique(column, return_inverse=True)
            counts = np.zeros((len(values), self.num_classes))
            np.add.at(counts, (places, y), 1.0)
            mixed = counts / counts.sum(axis=1, keepdims=True)
            apart = np.square(np.abs(mixed[:, None] - mixed[None]).sum(axis=2))
            place = np.searchsorted(values, codes)
            distances += apart[place[:, None], place[None]]
        # No distance in a space, so not one for `ops.neighbors`: they are a table of all pairs of the class.
        distances[np.diag_indices(len(rows))] = np.inf
        return np.argsort(distances, axis=1, kind="stable")[:, :k]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {name: config[name] for name in ("k_neighbors", "schema")}
