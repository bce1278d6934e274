"""Values, looked up by their places."""

from typing import Any

import tensorflow as tf

Tensor = Any


def look_up(table: Tensor, places: Tensor) -> Tensor:
    """`table[places]` for int32 places from 0 on: `(rows, ...)` at `(...)`.

    Keras's `take` looks for negative places in a way that XLA does not fuse with what uses the result. What is
    found here it does fuse, on one condition: that it is used once, if only by a cast.
    """
    return tf.gather(table, places)


def along_last(x: Tensor, places: Tensor) -> Tensor:
    """Keras's `take_along_axis` for the last axis and places from 0 on, in 32 bits: `(..., M)` from `(..., K)`."""
    return tf.gather(x, places, batch_dims=len(x.shape) - 1)
