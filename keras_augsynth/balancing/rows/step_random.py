"""Random numbers of a training: those of a step by TensorFlow's own generator, one operation, since steps are short."""

import itertools
from typing import Any

import tensorflow as tf

from keras_augsynth.ops.random import SCALARS, Random
from keras_augsynth.synthesis.seeds import mixed

Tensor = Any


def epoch_seed(seed: int, epoch: int) -> int:
    """Another one for each epoch, from 0 to 2**30 - 1."""
    return int(mixed(seed, tf.constant(epoch, "int64"))) // 2


def step_seed(seed: int, draw: Tensor, replica: Tensor | int) -> Tensor:
    """int64 from 0 to 2**31 - 1, another one for each draw and replica.

    Args:
        seed: of the training.
        draw: scalar int64 below 2**56.
        replica: scalar int64, its number.
    """
    words = tf.stack([tf.constant(seed % 2**63, "int64"), draw + tf.cast(replica, "int64") * 2**56])
    return tf.random.stateless_uniform((), words, 0, 2**31 - 1, "int64", alg="philox")


def step_random(seed: Tensor, count: Tensor) -> Random:
    """Streams for `count` rows. Row i depends on the seed and i alone.

    Args:
        seed: scalar int64.
        count: scalar int32.
    """
    order = sorted(itertools.chain(*SCALARS))
    shape = tf.stack([count, 1 + len(order), 2])
    words = tf.random.stateless_uniform(shape, tf.stack([seed, tf.zeros_like(seed)]), None, None, "uint32", "philox")
    words = tf.ensure_shape(words, (None, 1 + len(order), 2))
    places = [[1 + order.index(stream) for stream in group] for group in SCALARS]
    first, second = tf.unstack(tf.transpose(words, (2, 1, 0)))
    return Random(words[:, 0], *((tf.gather(first, group), tf.gather(second, group)) for group in places))
