"""What a user says about classes: a strategy, labels in any form, weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_choice, check_number, wrong
from keras_augsynth.losses.class_balanced import effective_numbers

Tensor = Any
Strategy = str | dict[int, float]

NAMES = ("validated", "equal", "sqrt")


def check_strategy(owner: Any, strategy: Any) -> Strategy:
    """A name, or shares by class."""
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


def effective_weights(rows: np.ndarray, prior: np.ndarray, beta: float = 0.9999) -> np.ndarray:
    """Weights of the classes by the inverse of their effective number of rows, 1 for a row on average.

    Args:
        rows: of each class, `(C,)`.
        prior: share of each class among the rows, `(C,)`.

    Reference:
        Cui et al.: Class-balanced loss based on effective number of samples. CVPR 2019.
    """
    weights = 1.0 / effective_numbers(np.maximum(rows, 1.0), beta)
    return weights / np.sum(weights * prior)


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
    labels = check_labels(owner, y, "y", None)
    width = np.shape(y)[1] if np.ndim(y) == 2 and np.shape(y)[1] > 1 else 0
    return np.bincount(labels, minlength=width)


def check_labels(owner: Any, y: Any, name: str, classes: int | None, form: Sequence[int] | None = None) -> np.ndarray:
    """Labels, in any form, as class numbers `(N,)`.

    Args:
        owner: named in errors.
        y: integers `(N,)` or `(N, 1)`, or one-hot rows `(N, C)`.
        name: of the argument.
        classes: how many there are; None: not known.
        form: shape of one of the labels that these must be like; None: any.
    """
    y = np.asarray(ops.convert_to_numpy(y) if keras.ops.is_tensor(y) else y)
    if y.dtype.kind not in "iubf":
        raise wrong(owner, name, "be class numbers or one-hot rows", y.dtype, TypeError)
    if form is not None and _width(y.shape[1:]) != _width(form):
        one, other = ("class numbers" if _width(shape) == 1 else "one-hot rows" for shape in (form, y.shape[1:]))
        raise wrong(owner, name, f"have labels in the form of the training data's, {one}", other)
    if y.ndim not in (1, 2):
        requirement = "have the shape (N,), (N, 1) or (N, classes); masks and other fields are not supported"
        raise wrong(owner, name, requirement, y.shape)
    if not len(y):
        raise wrong(owner, name, "hold at least one label", y.shape)
    if y.ndim == 2 and y.shape[1] > 1:
        if not np.allclose(y.sum(axis=1), 1.0, atol=1e-3):
            row = y[np.argmax(np.abs(y.sum(axis=1) - 1.0))]
            raise wrong(owner, name, "name one class for each row; several at once are not supported", row)
        if classes is not None and y.shape[1] > classes:
            raise wrong(owner, name, f"be one-hot rows of {classes} classes", y.shape)
        return y.argmax(axis=1)
    y = y.reshape(-1)
    if not np.all(np.isfinite(y)) or np.any(y != np.floor(y)) or y.min() < 0:
        requirement = "be class numbers 0, 1, 2, …; regression is not supported"
        raise wrong(owner, name, requirement, y[: min(len(y), 5)])
    if classes is not None and y.max() >= classes:
        raise wrong(owner, name, f"be class numbers from 0 to {classes - 1}", int(y.max()))
    return y.astype("int64")


def _width(shape: Sequence[int]) -> int:
    return shape[0] if len(shape) else 1


def to_classes(owner: Any, y: Tensor, num_classes: int, checked: bool) -> Tensor:
    """A batch's labels, in any form, as int32 class numbers `(N,)`.

    Args:
        owner: named in errors.
        y: as in `check_labels`.
        num_classes: how many there are.
        checked: whether the values are looked at, too, which XLA cannot.
    """
    if len(y.shape) > 2 or (len(y.shape) == 2 and y.shape[1] not in (1, num_classes)):
        requirement = f"be labels (N,), (N, 1) or (N, {num_classes}); masks and other fields are not supported"
        raise wrong(owner, "y", requirement, tuple(y.shape))
    name = type(owner).__name__
    if _one_hot(y, num_classes):
        if checked:
            one = ops.all(ops.abs(ops.sum(ops.cast(y, "float32"), axis=1) - 1.0) < 1e-2)
            tf.debugging.Assert(one, [f"{name}: `y` must name one class for each row"])
        return ops.cast(ops.argmax(y, axis=1), "int32")
    labels = ops.cast(ops.reshape(y, (-1,)), "int32")
    if checked:
        whole = ops.all(ops.equal(ops.cast(labels, y.dtype), ops.reshape(y, (-1,)))) & ops.all(labels >= 0)
        fits = whole & ops.all(labels < num_classes)
        tf.debugging.Assert(fits, [f"{name}: `y` must be class numbers from 0 to {num_classes - 1}"])
    return labels


def from_classes(labels: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Class numbers `(N,)` in the form of `y`."""
    if _one_hot(y, num_classes):
        return ops.one_hot(labels, num_classes, dtype=y.dtype)
    return ops.reshape(ops.cast(labels, y.dtype), (-1, *y.shape[1:]))


def _one_hot(y: Tensor, num_classes: int) -> bool:
    return len(y.shape) == 2 and y.shape[1] == num_classes and num_classes > 1
