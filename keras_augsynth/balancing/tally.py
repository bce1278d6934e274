"""Rows of an epoch, counted in the graph, and what the logs say of them."""

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

Tensor = Any


class Tally:
    """Real rows, real rows again and generated rows of each class.

    Args:
        classes: how many there are.
    """

    def __init__(self, classes: int):
        self.real, self.repeated, self.generated = (
            tf.Variable(np.zeros(classes, "float32"), trainable=False) for _ in range(3)
        )

    @property
    def variables(self) -> list[tf.Variable]:
        return [self.real, self.repeated, self.generated]

    def count_real(self, labels: Tensor) -> None:
        """Takes in the labels of a batch, `(N,)`."""
        self.real.assign_add(self._by_class(labels, 1.0))

    def count_added(self, labels: Tensor, generated: Tensor, used: Tensor) -> None:
        """Takes in added rows.

        Args:
            labels: `(N,)`.
            generated: which of them are generated, booleans `(N,)`.
            used: which of them are trained on, booleans `(N,)`.
        """
        self.generated.assign_add(self._by_class(labels, generated & used))
        self.repeated.assign_add(self._by_class(labels, ops.logical_not(generated) & used))

    def _by_class(self, labels: Tensor, counted: Any) -> Tensor:
        kinds = ops.one_hot(labels, self.real.shape[0], dtype="float32")
        return ops.sum(kinds * ops.reshape(ops.cast(counted, "float32"), (-1, 1)), axis=0)

    def clear(self) -> None:
        for variable in self.variables:
            variable.assign(tf.zeros_like(variable))

    # Of the epoch so far.

    @property
    def rows(self) -> float:
        return float(sum(variable.numpy().sum() for variable in self.variables))

    def logs(self, remembers: bool) -> dict[str, float]:
        """Parts of all rows: "synthetic_share", and "repeated_share" where real rows are drawn again."""
        part = lambda variable: float(variable.numpy().sum()) / max(self.rows, 1.0)
        logs = {"synthetic_share": part(self.generated)}
        return logs | ({"repeated_share": part(self.repeated)} if remembers else {})

    def shares(self) -> list[float]:
        """The generated part of each class's rows."""
        of_class = sum(variable.numpy() for variable in self.variables)
        return (self.generated.numpy() / np.maximum(of_class, 1.0)).tolist()
