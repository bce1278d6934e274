"""Training batches that are a function of a seed and the step, so that a resumed training sees the same."""

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.synthesis.seeds import random_for


def batches(x: np.ndarray, y: np.ndarray | None, batch_size: int, seed: int, step: Any) -> tf.data.Dataset:
    """Batches without end, drawn with repetition.

    With labels, each row's class is drawn evenly from those present and then a sample of the class, so that a
    rare class is seen as often as any other. Without, every sample is as likely.

    Args:
        x: samples `(N, ...)`.
        y: integer labels `(N,)`, or None.
        batch_size: rows of a batch.
        seed: of the draws.
        step: variable with the number of steps that were trained; it is read when the first batch is asked for.

    Returns:
        A data set of `x` or `(x, y)`.
    """
    with tf.device("CPU"):  # a variable, so that the data are not copied into the graph
        rows = tf.Variable(x, trainable=False)
        labels = None if y is None else tf.Variable(y.astype("int32"), trainable=False)
    order = np.arange(len(x)) if y is None else np.argsort(y, kind="stable")
    sizes = np.array([len(x)]) if y is None else np.unique(y, return_counts=True)[1]
    starts = np.cumsum(sizes) - sizes

    def draw(number: tf.Tensor) -> Any:
        _, rng = random_for(number * 2**32 + seed % 2**32, batch_size)
        group = rng.integers(0, len(sizes))
        size = ops.take(sizes.astype("float64"), group)
        place = ops.floor(ops.cast(rng.uniform(), "float64") * size)
        chosen = ops.take(order, ops.take(starts, group) + ops.cast(place, "int64"))
        drawn = tf.gather(rows, chosen)
        return drawn if labels is None else (drawn, tf.gather(labels, chosen))

    def from_here(_: tf.Tensor) -> tf.data.Dataset:
        first = tf.convert_to_tensor(step.value)
        return tf.data.Dataset.range(2**31).map(lambda k: draw(first + k))

    return tf.data.Dataset.from_tensors(0).flat_map(from_here).prefetch(2)
