"""`ClassRows`: a bounded number of rows of each class, in variables, to put into and draw from in a graph."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.ops.random import Random

Tensor = Any

MEMORY = 2**28
"""Bytes that kept real rows may take, and as many those of a pool; a larger pool lies on disk."""


def bytes_of(batch: dict[str, Any]) -> int:
    """Of one row of a batch, or of its specification.

    Raises:
        ValueError: for rows that are not all of one shape.
    """
    size = 0
    for name, parts in batch.items():
        for part in keras.tree.flatten(parts):
            if None in part.shape[1:]:
                reason = "have rows of one fixed shape, if real rows are repeated"
                raise wrong("SyntheticBalancer", name, reason, part.shape)
            size += int(np.prod(part.shape[1:])) * part.dtype.size
    return size


def room_for(size: int, counts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """How many rows of each class are kept, `(C,)`: all of those that are wanted, or as many of each as memory holds.

    Args:
        size: bytes of a row.
        counts: rows of each class.
        wanted: which classes get more rows, booleans.
    """
    fair = max(MEMORY // max(size, 1) // max(np.count_nonzero(wanted), 1), 1)
    return np.where(wanted, np.minimum(counts, fair), 0)


class ClassRows:
    """Rows of each class, the latest ones: as many as there is room for.

    Args:
        row: one batch of rows, or its specification: tensors, arrays or `tf.TensorSpec`s `(N, ...)`, in any structure.
        room: integers `(C,)`, how many rows of each class are kept.
    """

    def __init__(self, row: Any, room: np.ndarray):
        self.room = np.asarray(room, "int64")
        self._starts = np.cumsum(self.room) - self.room
        size = int(self.room.sum()) + 1  # the last place takes what is not to be kept

        def empty(part: Any) -> tf.Variable:
            dtype = tf.as_dtype(part.dtype)
            nothing = np.full((size, *part.shape[1:]), "") if dtype == tf.string else 0
            value = tf.constant(nothing) if dtype == tf.string else tf.zeros((size, *part.shape[1:]), dtype)
            return tf.Variable(value, trainable=False, dtype=dtype)

        self._rows = keras.tree.map_structure(empty, row)
        integers = lambda value: tf.Variable(value, trainable=False, dtype="int32")
        self._next, self.held, self._lap = integers(0 * self.room), integers(0 * self.room), integers(self.room)

    @property
    def nbytes(self) -> int:
        """Memory of the rows."""
        return sum(int(np.prod(part.shape)) * part.dtype.size for part in keras.tree.flatten(self._rows))

    @property
    def counters(self) -> list[tf.Variable]:
        """What `put` changes beside the rows."""
        return [self._next, self.held]

    def put(self, x: Any, labels: Tensor, chosen: Tensor) -> None:
        """Takes in the rows of a batch for which `chosen` `(N,)` is true, in place of the oldest of their class."""
        classes = len(self.room)
        mine = ops.one_hot(labels, classes, dtype="int32") * ops.expand_dims(ops.cast(chosen, "int32"), 1)
        rank = ops.sum((ops.cumsum(mine, axis=0) - 1) * mine, axis=1)  # among the batch's rows of the class
        lap = ops.take(self._lap, labels)
        place = (ops.take(self._next, labels) + rank) % ops.maximum(lap, 1)
        place = place + ops.take(self._starts.astype("int32"), labels)
        came = ops.sum(mine, axis=0)
        fits = ops.logical_and(ops.sum(mine, axis=1) > 0, ops.take(came, labels) - rank <= lap)
        place = ops.expand_dims(ops.where(fits, place, int(self.room.sum())), 1)
        keras.tree.map_structure(lambda rows, part: rows.scatter_nd_update(place, part), self._rows, x)
        self._next.assign((self._next + came) % ops.maximum(self._lap, 1))
        self.held.assign(ops.minimum(self.held + came, self._lap))

    def close_lap(self) -> None:
        """From now on new rows take the place of those that were put in so far: the whole data have come by once."""
        held = self.held.numpy()
        self._lap.assign(np.where(held > 0, held, self._lap.numpy()))
        self._next.assign(self._next.numpy() % np.maximum(self._lap.numpy(), 1))

    def replace(self, x: Any, labels: np.ndarray) -> None:
        """Holds these rows and no others; more of a class than there is room for are left out."""
        order = np.argsort(labels, kind="stable")
        counts = np.bincount(labels, minlength=len(self.room))
        rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        fits = rank < self.room[labels[order]]
        order, place = order[fits], (self._starts[labels[order]] + rank)[fits]
        keras.tree.map_structure(
            lambda rows, part: rows.scatter_nd_update(place[:, None], tf.gather(part, order)), self._rows, x
        )
        self.held.assign(np.minimum(counts, self.room))

    def draw(self, labels: Tensor, rng: Random) -> tuple[Any, Tensor]:
        """(a row of each label's class, whether there is one), any of the class equally likely."""
        held = ops.take(self.held, labels)
        place = ops.take(self._starts.astype("int32"), labels) + rng.integers(0, ops.maximum(held, 1))
        place = ops.where(held > 0, place, 0)
        return keras.tree.map_structure(lambda rows: tf.gather(rows, place), self._rows), held > 0
