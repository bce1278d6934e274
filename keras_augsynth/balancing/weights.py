"""Sample weights of a batch and of the rows that are added to it."""

from typing import Any

import keras
from keras import ops

from keras_augsynth.balancing.labels import Target

Tensor = Any


def counted(weight: Tensor) -> Tensor:
    """Which rows are trained on at all, booleans `(N,)`: those whose weight is not 0 everywhere."""
    there = ops.not_equal(weight, 0.0)
    return ops.any(there, axis=tuple(range(1, len(weight.shape)))) if len(weight.shape) > 1 else there


def usual(weight: Tensor) -> Tensor:
    """The mean weight of the rows that are trained on, a scalar."""
    there = ops.cast(ops.not_equal(weight, 0.0), weight.dtype)
    return ops.sum(weight) / ops.maximum(ops.sum(there), 1.0)


def each(weight: Any, structure: Any) -> Any:
    """Weights of every output: those of one stand for all."""
    if isinstance(weight, (dict, list, tuple)) or not isinstance(structure, (dict, list, tuple)):
        return weight
    return keras.tree.map_structure(lambda _: weight, structure)


def of_added(given: Any, y: Any, target: Target, own: Tensor, real: Tensor) -> Any:
    """Weights of added rows in the form of the batch's; generated rows have no labels for outputs beside the target.

    Args:
        given: weights that the rows bring along; None: all 1.
        y: labels of the rows, of one output or of several.
        target: the output whose classes are balanced.
        own: a factor for each row, `(N,)`.
        real: 1 for real rows, 0 for generated ones, `(N,)`.
    """
    given = each(ops.ones_like(own) if given is None else given, y)
    if not isinstance(y, (dict, list, tuple)):
        return keras.tree.map_structure(lambda part: part * like(own, part), given)
    others = keras.tree.map_structure(lambda part: part * like(own * real, part), given)
    part = target.of(given)
    return target.put(others, part * like(own, part))


def joined(real: Tensor, added: list[Tensor]) -> Tensor:
    """Weights of all rows, such that a mean over them is one over those that count.

    Losses divide by the number of rows, those of weight 0 with them.

    Args:
        real: of the batch's rows, which all count.
        added: of the rows of each owner; those of weight 0 do not count.
    """
    added = [ops.broadcast_to(like(part, real), (ops.shape(part)[0], *ops.shape(real)[1:])) for part in added]
    rows, more = ops.concatenate([real, *added]), ops.concatenate([real[:0], *added])
    count = ops.cast(ops.shape(rows)[0], "float32")
    there = count - ops.sum(1.0 - ops.cast(counted(more), "float32"))
    return rows * ops.cast(count / ops.maximum(there, 1.0), rows.dtype)


def like(values: Tensor, weight: Tensor) -> Tensor:
    """`(N,)` in the rank and the dtype of weights."""
    if len(values.shape) == len(weight.shape):
        return ops.cast(values, weight.dtype)
    return ops.cast(ops.reshape(values, (-1, *(1,) * (len(weight.shape) - 1))), weight.dtype)
