"""Values, looked up by their places."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.ops.compiled import materialized

Tensor = Any


def look_up(table: Tensor, places: Tensor) -> Tensor:
    """`table[places]` for int32 places from 0 on: `(rows, ...)` at `(...)`.

    Keras's `take` looks for negative places in a way that XLA does not fuse with what uses the result. What is
    found here it does fuse, on one condition: that it is used once, if only by a cast.
    """
    return tf.gather(table, places)


def in_memory(table: Tensor, x: Tensor) -> Tensor:
    """`table`, worked out before the values `x` are looked up in it. XLA on a CPU would do it for each of them."""
    return materialized(lambda _, table: table, x, table)


def along_last(x: Tensor, places: Tensor) -> Tensor:
    """Keras's `take_along_axis` for the last axis and places from 0 on, in 32 bits: `(..., M)` from `(..., K)`."""
    return tf.gather(x, places, batch_dims=len(x.shape) - 1)


def by_table(change: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """`change(x)` for bytes `(N, ...)`, each looked up in a table of its sample.

    Args:
        change: takes float32 and changes each value by itself, alike in all of a sample.
        x: uint8.
    """
    n = ops.shape(x)[0]
    levels = ops.reshape(ops.arange(256, dtype="float32"), (1, 256, *(1,) * (len(x.shape) - 2)))
    table = change(ops.broadcast_to(levels, (n, *levels.shape[1:])))
    # Bytes as whole words: XLA on a CPU fetches several of them at once.
    words = in_memory(ops.cast(table, "int32") if table.dtype == "uint8" else table, x)
    places = ops.cast(ops.reshape(x, (n, -1)), "int32") + 256 * ops.arange(n, dtype="int32")[:, None]
    return ops.cast(ops.reshape(look_up(ops.reshape(words, (-1,)), places), ops.shape(x)), table.dtype)
