"""What XLA does faster on a CPU for one sample after the other: all of it then lies in the processor's cache."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.ops.compiled import has_gpu, uncompiled

Tensor = Any


def one_by_one(function: Callable[[Tensor], Tensor], x: Tensor, length: int | Tensor, dtype: str) -> Tensor:
    """`function(x)`, of which row i depends on row i of `x` alone; on a GPU, and uncompiled, at once. No gradient.

    Args:
        function: from `(N, ...)` to `(N, length)`.
        x: `(N, ...)`.
        length: of a row of the result.
        dtype: of the result.
    """
    x = ops.stop_gradient(x)
    if uncompiled() or has_gpu():
        return function(x)
    n, *size = ops.shape(x)
    rows = min(n, 1) if isinstance(n, int) else ops.minimum(n, 1)  # none of a batch of none

    def step(k: Tensor, found: Tensor) -> Tensor:
        row = tf.slice(x, [k, *[0] * len(size)], [rows, *size])
        return tf.tensor_scatter_nd_update(found, (k + ops.arange(rows, dtype="int32"))[:, None], function(row))

    return ops.fori_loop(0, n, step, ops.zeros((n, length), dtype))
