"""SMOTE: new samples between a sample and one of its neighbours."""

import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_integer
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.compiled import shared
from keras_augsynth.ops.neighbors import among_themselves, neighbors
from keras_augsynth.synthesis.fitted import FittedSynthesizer, check_numbers
from keras_augsynth.synthesis.members import Members, pick
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.stored import Stored

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class SMOTE(FittedSynthesizer):
    """Draws a sample of the class asked for and moves it some way towards one of its nearest neighbours in the class.

    Samples may have any shape; their distance is the Euclidean one over all their numbers. A class's neighbours
    are searched for when it is first sampled from; in a graph, where labels aren't known, all are when it is traced.

    A class with no more than `k_neighbors` rows uses all the neighbours that there are. Where a class has a
    single row, its samples are copies of it, and a warning says so.

    Args:
        k_neighbors: how many nearest neighbours are drawn from, at least 1.

    Raises:
        ValueError: in `fit`, for NaN or infinity in the data.

    Example:

    >>> smote = SMOTE(k_neighbors=3).fit(x, y)
    >>> smote.sample([2, 2, 0], seed=1).shape
    TensorShape([3, 8, 8, 3])

    Reference:
        Chawla, Bowyer, Hall, Kegelmeyer: SMOTE: synthetic minority over-sampling technique. JAIR 16, 2002.
    """

    def __init__(self, k_neighbors: int = 5):
        self.k_neighbors = check_integer(self, k_neighbors, "k_neighbors", 1)

    def fit(self, x: Any, y: Any, **kwargs: Any) -> "SMOTE":
        """Keeps the samples.

        Args:
            x: array `(N, ...)` of finite numbers.
            y: integer labels `(N,)`.
        """
        x, y = check_numbers(self, x, y)
        self._keep(x, Members(y))
        return self

    def _keep(self, x: np.ndarray, members: Members) -> None:
        self._members, self.class_counts = members, members.counts
        self.num_classes = len(members.counts)
        variable = lambda value, dtype: tf.Variable(value, dtype=dtype, trainable=False)
        self._rows = variable(x, x.dtype)
        self._neighbors = variable(np.zeros((len(x), self.k_neighbors)), "int32")
        self._columns = variable(np.ones(self.num_classes), "int32")  # of `neighbors`, that count
        self._prepared = members.counts == 0

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        """Samples between real ones.

        Args:
            labels: integers `(N,)`, classes that were in the data.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            `(N, ...)`, in the dtype of the data; whole numbers are rounded.
        """
        labels = self._checked_labels(labels)
        self._prepare(labels)
        seed, _ = random_for(seed, 1)
        return shared(_sampled)(self._tables(), labels, seed)

    def interpolate(self, base: Tensor, column: Tensor, gap: Tensor) -> Tensor:
        """What `sample` does with its draws.

        Args:
            base: integers `(N,)`, places of rows in the data.
            column: integers `(N,)`, which neighbour of each it is, 0 for the nearest.
            gap: `(N,)`, how far to go towards it, from 0 to 1.

        Returns:
            `(N, ...)`, in the dtype of the data.
        """
        self._must_be_fitted("interpolate")
        base, column = (ops.cast(ops.convert_to_tensor(t), "int32") for t in (base, column))
        self._prepare(self._members.labels[base.numpy()] if tf.executing_eagerly() else None)
        return shared(_between)(self._tables(), base, column, ops.convert_to_tensor(gap))

    def _tables(self) -> dict[str, Tensor]:
        variables = {"data": self._rows, "neighbors": self._neighbors, "columns": self._columns}
        return {**{name: ops.convert_to_tensor(table) for name, table in variables.items()}, **self._members.tables}

    def weights(self, label: int) -> np.ndarray:
        """The chance of each row of a class to be the one to start from, in the data's order: `(count,)`.

        Args:
            label: the class.
        """
        self._checked_labels(np.array([label]), "weights")
        weights = self._weights(self._points(), label, self._members.of(label))
        return weights / weights.sum()

    def _points(self) -> np.ndarray:
        return self._rows.numpy().reshape(len(self._members.labels), -1)

    def _prepare(self, labels: Tensor) -> None:
        """Searches for the neighbours of the labels' classes where that has not been done."""
        if self._prepared.all():
            return
        wanted = np.unique(labels) if tf.executing_eagerly() else np.arange(self.num_classes)
        with tf.init_scope():  # a graph that is being traced finds the neighbours in its variables
            points = self._points()
            for label in wanted[~self._prepared[wanted]]:
                rows = self._members.of(label)
                found = self._nearest(points, rows)
                if not found.shape[1]:
                    copies = f"class {label} has a single row, of which its samples are copies"
                    warnings.warn(f"{type(self).__name__}: {copies}.", stacklevel=3)
                    found = rows[:, None]
                columns = found.shape[1]
                found = np.pad(found, [(0, 0), (0, self.k_neighbors - columns)]).astype("int32")
                self._neighbors.scatter_update(tf.IndexedSlices(found, rows))
                self._columns[label].assign(columns)
                self._members.weigh(label, self._weights(points, label, rows))
                self._prepared[label] = True

    def _nearest(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The places of the neighbours to go to, `(count, k_neighbors or fewer)`."""
        return rows[among_themselves(points[rows], min(self.k_neighbors, len(rows) - 1))[1]]

    def _weights(self, points: np.ndarray, label: int, rows: np.ndarray) -> np.ndarray:
        """How often each row of a class is the one to start from."""
        return np.ones(len(rows))

    def _strangers(self, points: np.ndarray, label: int, rows: np.ndarray, k: int) -> np.ndarray:
        """The part of the `k` nearest neighbours of a class's rows, in all the data, that is of other classes."""
        found = neighbors(points[rows], points, min(k, len(points) - 1), own=rows)[1]
        return np.mean(self._members.labels[found] != label, axis=1) if found.shape[1] else np.zeros(len(rows))

    def get_config(self) -> dict[str, Any]:
        return {"k_neighbors": self.k_neighbors}

    def state(self) -> dict[str, np.ndarray]:
        variables = {name: getattr(self, f"_{name}").numpy() for name in ("rows", "neighbors", "columns")}
        return {**variables, "prepared": self._prepared, **self._members.state()}

    def layout(self) -> dict[str, Stored]:
        return {
            "rows": Stored("biuf", ("rows", "*")),
            **Members.layout(),
            "neighbors": Stored("i", ("rows", self.k_neighbors), 0, "rows"),
            "columns": Stored("i", ("classes",), 1, self.k_neighbors),
            "prepared": Stored("b", ("classes",)),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self._keep(state["rows"], Members.restored(state))
        self._neighbors.assign(state["neighbors"])
        self._columns.assign(state["columns"])
        self._prepared = state["prepared"]


def _sampled(tables: dict[str, Tensor], labels: Tensor, seed: Tensor) -> Tensor:
    _, rng = random_for(seed, ops.shape(labels)[0])
    base = pick(tables, labels, rng)
    column = rng.integers(0, ops.take(tables["columns"], labels))
    # To a neighbour of another class, of which only Borderline-SMOTE 2 knows, it goes half the way at most.
    own = ops.equal(ops.take(tables["labels"], _neighbor(tables, base, column)), labels)
    return _between(tables, base, column, rng.uniform() * ops.where(own, 1.0, 0.5))


def _between(tables: dict[str, Tensor], base: Tensor, column: Tensor, gap: Tensor) -> Tensor:
    """The rows in `base`, moved by `gap` towards their neighbours in `column`."""
    data = tables["data"]
    dtype = "float64" if ops.dtype(data) in _WIDE else "float32"
    places = (base, _neighbor(tables, base, column))
    start, end = (ops.cast(ops.take(data, place, axis=0), dtype) for place in places)
    gap = ops.reshape(ops.cast(gap, dtype), (-1, *(1,) * (len(data.shape) - 1)))
    made = start + gap * (end - start)
    if "usual" in tables:  # of categories there is nothing between
        made = ops.where(tables["discrete"], ops.take(tables["usual"], base, axis=0), made)
    return to_dtype(made, ops.dtype(data))


def _neighbor(tables: dict[str, Tensor], base: Tensor, column: Tensor) -> Tensor:
    neighbors = tables["neighbors"]
    return ops.take(ops.reshape(neighbors, (-1,)), base * neighbors.shape[1] + column)


_WIDE = ("float64", "int32", "uint32", "int64", "uint64")  # float32 doesn't hold their numbers
