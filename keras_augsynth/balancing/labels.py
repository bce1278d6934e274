"""Labels in any form: class numbers, one-hot rows, one of several outputs."""

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import MOST_CLASSES, wrong

Tensor = Any


class Target:
    """Which of a model's outputs is the one whose classes are balanced.

    Args:
        owner: named in errors.
        name: of the output; None: there is one only.
        outputs: names of the model's outputs, in their order; none if it does not tell them.
    """

    def __init__(self, owner: Any, name: str | None, outputs: Sequence[str] = ()):
        self._owner, self._name, self._outputs = owner, name, list(outputs)

    def of(self, parts: Any) -> Any:
        """The output's part of labels, losses or predictions, which may be those of a single output."""
        return parts[self._place(parts)] if several(parts) else parts

    def put(self, parts: Any, part: Any) -> Any:
        """`parts` with another part for the output."""
        if not several(parts):
            return part
        place = self._place(parts)
        if isinstance(parts, dict):
            return {**parts, place: part}
        return type(parts)([*parts[:place], part, *parts[place + 1 :]])

    def _place(self, parts: Any) -> Any:
        names = list(parts) if isinstance(parts, dict) else self._outputs[: len(parts)]
        if self._name is None and len(parts) == 1:
            return names[0] if isinstance(parts, dict) else 0
        if self._name not in names:
            known = f"one of {names}" if names else "one of the outputs"
            raise wrong(self._owner, "target", f"name the output whose classes are balanced, {known}", self._name)
        return self._name if isinstance(parts, dict) else names.index(self._name)


def several(parts: Any) -> bool:
    """Whether labels, weights, losses or predictions are those of several outputs; a list of numbers is one array."""
    if not isinstance(parts, (list, tuple)):
        return isinstance(parts, dict)
    leaves = keras.tree.flatten(parts)
    return bool(leaves) and not isinstance(leaves[0], (int, float, np.generic))


def count_classes(owner: Any, y: Any, target: Target | None = None, weight: Any = None) -> np.ndarray:
    """Rows of each class; those of sample weight 0 do not count.

    Args:
        owner: named in errors.
        y: class numbers `(N,)` or `(N, 1)`, one-hot rows `(N, C)`, or a data set of `(x, y)` or `(x, y, weight)`.
        target: which of several outputs is meant.
        weight: of the rows, `(N, ...)`; None: all count.
    """
    target = target or Target(owner, None)
    if isinstance(y, tf.data.Dataset):
        return _count_data_set(owner, y, target)
    part = target.of(y)
    labels = check_labels(owner, part, "y", None)
    width = np.shape(part)[1] if np.ndim(part) == 2 and np.shape(part)[1] > 1 else 0
    counted = weighted(target.of(weight), len(labels))
    return np.bincount(labels[counted], minlength=width)


def weighted(weight: Any, rows: int) -> np.ndarray:
    """Which rows are trained on at all, booleans `(N,)`: those whose sample weight is not 0 everywhere."""
    if weight is None:
        return np.ones(rows, "bool")
    return np.reshape(np.asarray(weight) != 0.0, (rows, -1)).any(axis=1)


def _count_data_set(owner: Any, data: tf.data.Dataset, target: Target) -> np.ndarray:
    spec = data.element_spec
    if not isinstance(spec, tuple) or len(spec) < 2:
        kind = f"elements with the keys {sorted(spec)}" if isinstance(spec, dict) else "elements without labels"
        raise wrong(owner, "y", "be labels, or a data set of (x, y)", kind)
    single = _is_single(owner, spec, target)
    total = np.zeros(0, "int64")
    for _, y, *weight in data:
        part, own = np.asarray(target.of(y)), target.of(weight[0]) if weight else None
        if single:
            part, own = part[None], None if own is None else np.asarray(own)[None]
        counts = count_classes(owner, part, weight=own)
        size = max(len(total), len(counts))
        total = np.pad(total, (0, size - len(total))) + np.pad(counts, (0, size - len(counts)))
    return total


def _is_single(owner: Any, spec: Any, target: Target) -> bool:
    """Whether the elements of a data set are single rows rather than batches."""
    x, y = keras.tree.flatten(spec[0])[0].shape, target.of(spec[1]).shape
    if y.rank == 0 or x.rank == 0:
        return True
    if y.rank != 1 or y[0] is None:
        return False
    if x[0] == y[0]:
        reason = "be a data set in batches: these could be rows with one-hot labels, or batches of class numbers"
        raise wrong(owner, "y", reason, spec)
    return True


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
        names = ", which names become by np.unique(y, return_inverse=True)[1]" if y.dtype.kind in "OUST" else ""
        raise wrong(owner, name, f"be class numbers{names}, or one-hot rows", y.dtype, TypeError)
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
    if classes is None and y.max() >= MOST_CLASSES:
        requirement = f"be class numbers below {MOST_CLASSES:,}: `codes, y = np.unique(y, return_inverse=True)`"
        raise wrong(owner, name, requirement, int(y.max()))
    if classes is not None and y.max() >= classes:
        raise wrong(owner, name, f"be class numbers from 0 to {classes - 1}", int(y.max()))
    return y.astype("int64")


def _width(shape: Sequence[int]) -> int:
    return shape[0] if len(shape) else 1


def to_classes(owner: str, y: Tensor, num_classes: int, checked: bool) -> Tensor:
    """A batch's labels, in any form, as int32 class numbers `(N,)`.

    Args:
        owner: named in errors; its name.
        y: as in `check_labels`.
        num_classes: how many there are.
        checked: whether the values are looked at, too, which XLA cannot.
    """
    if len(y.shape) > 2 or (len(y.shape) == 2 and y.shape[1] not in (1, num_classes)):
        requirement = f"be labels (N,), (N, 1) or (N, {num_classes}); masks and other fields are not supported"
        raise wrong(owner, "y", requirement, tuple(y.shape))
    if _one_hot(y, num_classes):
        one = ops.all(ops.abs(ops.sum(ops.cast(y, "float32"), axis=1) - 1.0) < 1e-2)
        labels, message = ops.cast(ops.argmax(y, axis=1), "int32"), "name one class for each row"
    else:
        labels = ops.cast(ops.reshape(y, (-1,)), "int32")
        one = ops.all(ops.equal(ops.cast(labels, y.dtype), ops.reshape(y, (-1,)))) & ops.all(labels >= 0)
        one, message = one & ops.all(labels < num_classes), f"be class numbers from 0 to {num_classes - 1}"
    if not checked:
        return labels
    check = tf.debugging.Assert(one, [f"{owner}: `y` must {message}", y])
    with tf.control_dependencies([] if check is None else [check]):  # nothing is done with labels that do not exist
        return tf.identity(labels)


def bad_labels(error: Exception) -> Exception | None:
    """What `to_classes` has found out in a graph, as an error of the package; None: the error is another one."""
    found = re.search(r"(\w+): `y` must ([^\]'\n]+)[\]'\s]+(.*)", str(error))
    return wrong(found[1], "y", found[2], found[3]) if found else None


def from_classes(labels: Tensor, y: Tensor, num_classes: int) -> Tensor:
    """Class numbers `(N,)` in the form of `y`."""
    if _one_hot(y, num_classes):
        return ops.one_hot(labels, num_classes, dtype=y.dtype)
    return ops.reshape(ops.cast(labels, y.dtype), (-1, *y.shape[1:]))


def _one_hot(y: Tensor, num_classes: int) -> bool:
    return len(y.shape) == 2 and y.shape[1] == num_classes and num_classes > 1


def classes_in_words(labels: Sequence[int]) -> str:
    """ "class 3", or "classes 3, 4"."""
    return f"class {labels[0]}" if len(labels) == 1 else f"classes {', '.join(map(str, labels))}"
