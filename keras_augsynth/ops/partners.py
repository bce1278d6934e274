"""Another sample of the same class, for each sample of a batch."""

from typing import Any

import tensorflow as tf

Tensor = Any


def of_the_same_class(labels: Tensor, luck: Tensor) -> Tensor:
    """int32 `(N,)`: the row of another sample with an equal label; its own where there is none.

    Args:
        labels: `(N, ...)`, numbers: class numbers, one-hot rows or any others.
        luck: float32 `(N,)` in [0, 1), which of them.
    """
    count = tf.size(luck)
    rows = tf.reshape(labels, (count, -1)) if labels.dtype != tf.bool else tf.cast(labels, tf.int32)[:, None]
    classes = tf.raw_ops.UniqueV2(x=rows, axis=[0]).idx
    order = tf.argsort(classes, stable=True)
    sizes = tf.math.unsorted_segment_sum(tf.ones_like(classes), classes, count)
    starts = tf.gather(tf.cumsum(sizes, exclusive=True), classes)
    place = tf.scatter_nd(order[:, None], tf.range(count), (count,)) - starts
    size = tf.gather(sizes, classes)
    others = tf.maximum(size - 1, 1)
    step = 1 + tf.minimum(tf.cast(luck * tf.cast(others, tf.float32), tf.int32), others - 1)
    return tf.gather(order, starts + (place + step) % size)
