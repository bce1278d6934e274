"""Color in one pass over the pixels: a matrix per sample, a clip, and a fixed scale and offset."""

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.compiled import uncompiled
from keras_augsynth.ops.rows import expand, select

Tensor = Any


_PARTS = 16


def channel_mean(x: Tensor, finite: bool = False, unit: float = 1.0) -> Tensor:
    """The mean of each channel of each sample, `(N, ..., C)` -> `(N, C)`, over the finite values.

    Args:
        x: any numeric dtype.
        finite: True says that all values are, which saves looking.
        unit: what 1 in `x` stands for.
    """
    floats = lambda t: ops.cast(t, "float32")
    count = ops.cast(math.prod(ops.shape(x)[1:-1]), "float32")
    if finite or "float" not in ops.dtype(x):
        return _reduced(floats, x, operator.add, ops.sum) * (unit / count)
    known = _reduced(lambda t: floats(ops.isfinite(t)), x, operator.add, ops.sum)
    total = _reduced(lambda t: floats(ops.where(ops.isfinite(t), t, 0)), x, operator.add, ops.sum)
    return total / ops.maximum(known, 1.0) * unit


def channel_limits(x: Tensor) -> tuple[Tensor, Tensor]:
    """The lowest and the highest finite value of each channel of each sample, float32 `(N, C)`.

    Where nothing is finite, the first is infinite and the second minus infinity.
    """
    whole = "int" in ops.dtype(x)
    least, most = -math.inf, math.inf
    if whole:  # as NumPy's own scalars, since TensorFlow takes no Python integer for the end of uint64
        least, most = (np.dtype(ops.dtype(x)).type(getattr(np.iinfo(ops.dtype(x)), end)) for end in ("min", "max"))

    def limit(join: Callable, reduce: Callable, none: float) -> Tensor:
        def value(t: Tensor) -> Tensor:
            return t if whole else ops.where(ops.isfinite(t), t, none)

        reduced = _reduced(value, x, join, functools.partial(reduce, initial=none))
        return ops.cast(reduced, "float32")

    return limit(ops.minimum, ops.min, most), limit(ops.maximum, ops.max, least)


def _reduced(value: Callable, x: Tensor, join: Callable, reduce: Callable) -> Tensor:
    """`value(x)`, `(N, ..., C)`, reduced over the middle axes, one by one and each of them part by part.

    A long sum would lose digits, and XLA on a CPU would not vectorize it. (TensorFlow's own kernel does.)
    """
    n, rows, *rest, channels = ops.shape(x)
    if uncompiled():
        result = reduce(value(x), axis=1)
        return result if not rest else _reduced(lambda t: t, result, join, reduce)
    part, width = rows // _PARTS, math.prod(rest) * channels
    x = ops.reshape(x, (n, rows, width))
    parts = ops.unstack(ops.reshape(x[:, : part * _PARTS], (n, _PARTS, part, width)), _PARTS, axis=1)
    together = functools.reduce(join, (value(each) for each in parts))
    result = join(reduce(together, axis=1), reduce(value(x[:, part * _PARTS :]), axis=1))
    result = ops.reshape(result, (n, *rest, channels))
    return result if not rest else _reduced(lambda t: t, result, join, reduce)


def apply(matrix: Tensor, values: Tensor) -> Tensor:
    """A color matrix `(N, C+1, C+1)` on one color per sample `(N, C)`; float64."""
    matrix, values = ops.cast(matrix, "float64"), ops.cast(values, "float64")
    return tf.linalg.matvec(matrix[:, :-1, :-1], values) + matrix[:, :-1, -1]


def transform(
    x: Tensor,
    matrix: Tensor | None = None,
    value_range: tuple[float, float] | None = None,
    active: Tensor | None = None,
    scale: Tensor | None = None,
    offset: Tensor | None = None,
    finite: bool = False,
    dtype: str | None = None,
    unit: float = 1.0,
) -> Tensor:
    """clip(matrix @ x) * scale + offset.

    Args:
        x: `(N, ..., C)`, any numeric dtype.
        matrix: `(N, C+1, C+1)` on (channel 1, …, channel C, 1), or None for the identity.
        value_range: where the matrix's result is clipped, or None.
        active: bool `(N,)`; the other samples skip the matrix and the clip. None: all.
        scale: `(C,)` or scalar, for all samples, after the clip.
        offset: `(C,)` or scalar.
        finite: True says that all values are, which saves looking.
        dtype: of the result, rounded where it is an integer; None: float32.
        unit: what 1 in `x` stands for.

    A channel that is not finite stays as it is and does not enter the other channels.
    """
    source = x
    x = ops.cast(x, "float32") if unit == 1.0 else ops.cast(x, "float32") * unit
    if matrix is not None:
        look = not finite and "float" in ops.dtype(source)
        known = ops.isfinite(x) if look else None
        changed = _multiply(ops.where(known, x, 0.0) if look else x, matrix)
        if value_range is not None:
            changed = ops.clip(changed, *value_range)
        if look:
            changed = ops.where(known, changed, x)
        x = select(active, changed, x)
    if scale is not None:
        x = x * ops.cast(scale, "float32") + ops.cast(offset, "float32")
    return x if dtype is None else to_dtype(x, dtype)


_UNROLLED = 8  # up to so many channels their sum is written out, which XLA on a CPU vectorizes best


def _multiply(x: Tensor, matrix: Tensor) -> Tensor:
    matrix, channels = ops.cast(matrix, "float32"), x.shape[-1]
    if channels > _UNROLLED or uncompiled():
        pixels = ops.reshape(x, (ops.shape(x)[0], -1, channels))
        product = ops.matmul(pixels, ops.swapaxes(matrix[:, :-1, :-1], 1, 2)) + ops.expand_dims(matrix[:, :-1, -1], 1)
        return ops.reshape(product, ops.shape(x))
    matrix = expand(matrix, len(x.shape) - 2)
    result = matrix[..., :-1, -1]
    for k in range(channels):
        result = result + x[..., k : k + 1] * matrix[..., :-1, k]
    return result


def clip(original: Tensor, changed: Tensor, value_range: tuple[float, float]) -> Tensor:
    """`changed` within the range; where the original is not finite, the original."""
    if ops.dtype(changed) == "uint8" and value_range[0] <= 0 and value_range[1] >= 255:
        return changed
    if "int" in ops.dtype(original):
        return ops.clip(changed, *value_range)
    return ops.where(ops.isfinite(original), ops.clip(changed, *value_range), original)
