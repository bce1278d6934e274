"""How many rows each class should get: from class counts to added rows."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_choice, check_number, wrong

Tensor = Any
Strategy = str | dict[int, float]

NAMES = ("equal", "sqrt")


def check_strategy(owner: Any, strategy: Any) -> Strategy:
    """ "equal", "sqrt", or shares by class."""
    if not isinstance(strategy, Mapping):
        return check_choice(owner, strategy, "strategy", NAMES)
    shares = {}
    for label, share in strategy.items():
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or label < 0:
            raise wrong(owner, "strategy", "name classes by their numbers", strategy)
        shares[int(label)] = check_number(owner, share, "strategy", 0.0, 1.0)
        if shares[int(label)] == 1.0:
            raise wrong(owner, "strategy", "leave some real rows: shares must be below 1", strategy)
    return shares


def added_rows(strategy: Strategy, counts: Tensor) -> Tensor:
    """How many synthetic rows each class gets beside its `counts` `(C,)` real ones; float32 `(C,)`.

    "equal" brings every class to the largest; "sqrt" brings the ratio of a class to the largest to its square
    root; a dictionary says which part of a class's rows is synthetic. A class without rows gets none.
    """
    counts = ops.cast(counts, "float32")
    if not isinstance(strategy, str):
        shares = np.zeros(counts.shape[0], "float32")
        for label, share in strategy.items():
            shares[label] = share
        return counts * (shares / (1.0 - shares))
    largest = ops.max(counts)
    target = largest if strategy == "equal" else ops.sqrt(largest * counts)
    return ops.where(counts > 0, target - counts, 0.0)


def count_classes(owner: Any, y: Any) -> np.ndarray:
    """Rows per class of labels: integers `(N,)` or `(N, 1)`, one-hot `(N, C)`, or a data set of `(x, y, ...)`."""
    if isinstance(y, tf.data.Dataset):
        batches = (element[1] if isinstance(element, tuple) and len(element) > 1 else element for element in y)
        total = np.zeros(0, "int64")
        for batch in batches:
            counts = count_classes(owner, np.atleast_1d(np.asarray(batch)))
            size = max(len(total), len(counts))
            total = np.pad(total, (0, size - len(total))) + np.pad(counts, (0, size - len(counts)))
        return total
    y = np.asarray(ops.convert_to_numpy(y) if keras.ops.is_tensor(y) else y)
    if y.dtype.kind not in "iubf":
        raise wrong(owner, "y", "be class numbers or one-hot rows", y.dtype, TypeError)
    if y.ndim == 2 and y.shape[1] > 1:
        return np.bincount(y.argmax(1), minlength=y.shape[1])
    y = y.reshape(-1) if y.ndim <= 2 else y
    if y.ndim != 1:
        raise wrong(owner, "y", "have the shape (N,), (N, 1) or (N, classes)", y.shape)
    if not len(y):
        raise wrong(owner, "y", "hold at least one label", y.shape)
    if not np.all(np.isfinite(y)) or np.any(y != np.floor(y)) or y.min() < 0:
        raise wrong(owner, "y", "be class numbers 0, 1, 2, …", y[: min(len(y), 5)])
    return np.bincount(y.astype("int64"))


def to_classes(y: Tensor, num_classes: int) -> Tensor:
    """A batch's labels, in any form, as int32 class numbers `(N,)`."""
    if len(y.shape) == 2 and y.shape[1] == num_classes and num_classes > 1:
        return ops.cast(ops.argmax(y, axis=1), "int32")
    return ops.cast(ops.reshape(y, (-1,)), "int32")


def from_classes(labels: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Class numbers `(N,)` in the form of `y`."""
    if len(y.shape) == 2 and y.shape[1] == num_classes and num_classes > 1:
        return ops.one_hot(labels, num_classes, dtype=y.dtype)
    return ops.reshape(ops.cast(labels, y.dtype), (-1, *y.shape[1:]))
