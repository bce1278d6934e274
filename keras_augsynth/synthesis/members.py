"""Which rows belong to which class, and draws of them in a graph."""

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.ops.alias import alias
from keras_augsynth.ops.random import Random

Tensor = Any


class Members:
    """The rows of each class, to draw from evenly or by weight.

    Args:
        y: integer labels `(N,)`.
    """

    def __init__(self, y: np.ndarray):
        self.labels = y
        self.counts = np.bincount(y)
        self._order = np.argsort(y, kind="stable")
        self._stops = np.cumsum(self.counts)
        # Variables, not constants: a graph that draws carries no copy of them. Walker's alias method: a place is
        # kept with its chance, or another one is taken in its stead.
        numbers = {"counts": self.counts, "starts": self._stops - self.counts, "rows": self._order, "labels": y}
        tables = {**numbers, "kept": np.ones(len(y)), "instead": np.arange(len(y))}
        self._tables = {
            name: tf.Variable(values, dtype="float32" if name == "kept" else "int32", trainable=False)
            for name, values in tables.items()
        }

    def of(self, label: int) -> np.ndarray:
        """The rows of a class, in the data's order."""
        return self._order[self._stops[label] - self.counts[label] : self._stops[label]]

    def weigh(self, label: int, weights: np.ndarray) -> None:
        """Lets the rows of a class be drawn in proportion to `weights`, `(count,)`."""
        start, stop = self._stops[label] - self.counts[label], self._stops[label]
        kept, instead = alias(weights)
        self._tables["kept"][start:stop].assign(kept)
        self._tables["instead"][start:stop].assign(start + instead)

    @property
    def tables(self) -> dict[str, Tensor]:
        """What `pick` reads."""
        return {name: ops.convert_to_tensor(table) for name, table in self._tables.items()}

    def state(self) -> dict[str, np.ndarray]:
        return {"labels": self.labels, **{name: self._tables[name].numpy() for name in ("kept", "instead")}}

    @classmethod
    def restored(cls, state: dict[str, np.ndarray]) -> "Members":
        members = cls(state["labels"])
        for name in ("kept", "instead"):
            members._tables[name].assign(state[name])
        return members


def pick(tables: dict[str, Tensor], labels: Tensor, rng: Random) -> Tensor:
    """A row of each label's class, int32 `(N,)`: pure, two streams."""
    place = ops.take(tables["starts"], labels) + rng.integers(0, ops.maximum(ops.take(tables["counts"], labels), 1))
    kept = rng.uniform() < ops.take(tables["kept"], place)
    return ops.take(tables["rows"], ops.where(kept, place, ops.take(tables["instead"], place)))
