"""Training batches that are a function of a seed and the step, so that a resumed training sees the same."""

from collections.abc import Callable, Sequence
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


def in_blocks(make: Callable, noise: Any, labels: list[Any], sample_shape: Sequence[int], block: int) -> Any:
    """`make(noise, labels)` for at most `block` rows at a time: memory is that of the result and of one block's layers.

    Args:
        make: samples `(N, *sample_shape)` from noise and a list of the labels, if there are any.
        noise: `(N, ...)`.
        labels: a list of tensors `(N,)`.
        sample_shape: of one sample.
        block: rows at a time.
    """
    count = noise.shape[0]
    if count is not None and 0 < count <= block:
        return make(noise, labels)
    # TensorFlow's convolutions on a CPU get the shape of an empty batch wrong: there is always one row.
    count = tf.shape(noise)[0]
    blocks = tf.maximum((count + block - 1) // block, 1)
    rows = tf.maximum((count + blocks - 1) // blocks, 1)

    def split(t: tf.Tensor) -> tf.Tensor:
        t = tf.pad(t, [[0, blocks * rows - count], *([0, 0] for _ in t.shape[1:])])
        return tf.reshape(t, [blocks, rows, *t.shape[1:]])

    samples = tf.map_fn(
        lambda block: make(*block),
        tf.nest.map_structure(split, (noise, labels)),
        fn_output_signature=tf.TensorSpec([None, *sample_shape], tf.float32),
        parallel_iterations=1,
    )
    return tf.reshape(samples, [-1, *sample_shape])[:count]
