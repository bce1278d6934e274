"""Training batches that are a function of seed and epoch, so that a resumed training sees the same."""

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.synthesis.seeds import random_for

Tensor = Any


def batches(x: np.ndarray, y: np.ndarray | None, batch_size: int, seed: int, epoch: Any) -> tf.data.Dataset:
    """One epoch's batches, of which the last may be smaller; every pass advances the variable `epoch`.

    With labels, each row's class is drawn evenly from those present and then a sample of the class, so that a
    rare class is seen as often as any other. Without, it is a permutation of the samples.

    Returns:
        A data set of `x` or `(x, y)`.
    """
    count = len(x)
    samples = tf.data.Dataset.from_tensors(0)  # holds the arrays once, on the host
    with tf.device("CPU"):
        rows = tf.Variable(x, trainable=False)
        labels = None if y is None else tf.Variable(y.astype("int32"), trainable=False)
    order = None if y is None else np.argsort(y, kind="stable")
    counts = None if y is None else np.bincount(y)

    def one_pass(_: Tensor) -> tf.data.Dataset:
        _, rng = random_for(tf.convert_to_tensor(epoch.value.assign_add(1)) * 2**32 + seed % 2**32, 1)
        if y is None:
            indices = rng.permutation(count)[0]
        else:
            present = np.flatnonzero(counts)
            classes = ops.take(present, rng.integers(0, len(present), (count,))[0])
            starts = ops.cast(ops.take(np.cumsum(counts) - counts, classes), "int32")
            sizes = ops.cast(ops.take(counts, classes), "float64")
            place = ops.cast(ops.floor(ops.cast(rng.uniform(shape=(count,))[0], "float64") * sizes), "int32")
            indices = ops.take(order, starts + place)
        return tf.data.Dataset.from_tensor_slices(indices).batch(batch_size)

    def gather(indices: Tensor) -> Any:
        chosen = tf.gather(rows, indices)
        return chosen if labels is None else (chosen, tf.gather(labels, indices))

    steps = -(-count // batch_size)
    passes = samples.flat_map(one_pass).map(gather).prefetch(2)
    return passes.apply(tf.data.experimental.assert_cardinality(steps))
