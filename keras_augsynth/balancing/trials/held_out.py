"""Rows of the training data that are held out, and known again when they come by in a batch."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

Tensor = Any

_BLOCK = 2**22  # numbers that are worked on at once


def fingerprints(x: Any, seed: int) -> Tensor:
    """A number from 0 to 2**31 - 1 for each row, int32 `(N,)`, that depends on the row's values and the seed alone.

    Integer arithmetic is exact, so a row has the same number in an array, in a batch and under XLA.
    """
    total = tf.constant(seed & 0x7FFFFFFF, "int32")
    for part in keras.tree.flatten(x):
        bits = _bits(tf.convert_to_tensor(part))
        bits = tf.reshape(bits, (tf.shape(bits)[0], -1))
        place = tf.range(1, tf.shape(bits)[1] + 1)
        factors = tf.bitwise.bitwise_or(_mixed(place * -1640531527), 1)  # odd, another one for each place
        total = _mixed(total + tf.reduce_sum(_mixed(bits) * factors, axis=1))
    return tf.bitwise.bitwise_and(total, 0x7FFFFFFF)


def _bits(part: Tensor) -> Tensor:
    if part.dtype == tf.string:
        return tf.cast(tf.strings.to_hash_bucket_fast(part, 2**31 - 1), "int32")
    if part.dtype.is_floating:
        part = tf.cast(part, keras.config.floatx())  # as Keras does with arrays
        return tf.bitcast(tf.cast(part, "float32"), "int32")
    return tf.cast(part, "int32")


def _mixed(bits: Tensor) -> Tensor:
    """Each bit of the result depends on all bits (Murmur's finalizer)."""
    # The mask makes the shift a logical one: an arithmetic one makes the same of t and of ~t, of 0 and -1.
    shift = lambda t, by: tf.bitwise.bitwise_and(tf.bitwise.right_shift(t, by), 2 ** (32 - by) - 1)
    shifted = lambda t, by: tf.bitwise.bitwise_xor(t, shift(t, by))
    bits = shifted(bits, 16) * -2048144789
    return shifted(shifted(bits, 13) * -1028477387, 16)


class HeldOut:
    """A stratified part of the data that training does not see until it is released.

    Args:
        x: arrays `(N, ...)`, in any structure.
        labels: class numbers `(N,)`.
        classes: how many there are.
        share: part of each class, from 0 to 1.
        seed: which rows.
    """

    def __init__(self, x: Any, labels: np.ndarray, classes: int, share: float, seed: int):
        self._seed = seed
        size = max(int(np.prod(np.shape(part)[1:])) for part in keras.tree.flatten(x))
        block = max(_BLOCK // max(size, 1), 1)
        numbers = np.concatenate(
            [
                fingerprints(keras.tree.map_structure(lambda part, k=k: part[k : k + block], x), seed).numpy()
                for k in range(0, len(labels), block)
            ]
        )
        limits = np.zeros(classes, "int32")
        for label in range(classes):
            mine = np.sort(numbers[labels == label])
            if count := round(share * len(mine)):
                limits[label] = mine[min(count, len(mine) - 1)]
        # Lowered to 0 when the rows are released.
        self._limits = tf.Variable(limits, trainable=False)
        rows = np.flatnonzero(numbers < limits[labels])
        self._numbers = tf.constant(np.sort(numbers[rows]))
        self.x = keras.tree.map_structure(lambda part: np.asarray(part)[rows], x)
        self.labels = labels[rows]

    def holds(self, x: Any, labels: Tensor) -> Tensor:
        """Which rows of a batch training may not see, booleans `(N,)`."""
        return self._found(labels, lambda: self._below(fingerprints(x, self._seed), labels))

    def repeats(self, x: Any, labels: Tensor) -> Tensor:
        """Which generated rows are among those that training may not see, booleans `(N,)`."""

        def known() -> Tensor:
            numbers = fingerprints(x, self._seed)
            place = ops.minimum(tf.searchsorted(self._numbers, numbers), len(self.labels) - 1)
            return ops.logical_and(ops.equal(tf.gather(self._numbers, place), numbers), self._below(numbers, labels))

        return self._found(labels, known)

    def _below(self, numbers: Tensor, labels: Tensor) -> Tensor:
        return numbers < ops.take(self._limits, labels)

    def _found(self, labels: Tensor, search: Callable[[], Tensor]) -> Tensor:
        """What `search` finds while rows are held out; after that nothing, without a search."""
        nothing = lambda: ops.zeros_like(labels, "bool")
        return tf.cond(ops.any(self._limits > 0), search, nothing) if len(self.labels) else nothing()

    def release(self) -> None:
        self._limits.assign(tf.zeros_like(self._limits))
