"""Seeds of samples: the same seed gives the same samples, whatever else has been drawn."""

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.ops.compiled import shared
from keras_augsynth.ops.random import Random, fold, streams, words

Tensor = Any


def random_for(seed: int | Tensor | None, count: int | Tensor) -> tuple[Tensor, Random]:
    """(the seed as a tensor, streams for `count` rows that depend on the seed and the row alone).

    A seed that is None is drawn anew each time, from TensorFlow's own source.
    """
    if seed is None:
        seed = tf.random.uniform((), maxval=2**31 - 1, dtype="int32")
    seed = ops.cast(seed, "int64")
    rows = words(ops.arange(count, dtype="int32"))
    keys, scalars = shared(streams)(ops.expand_dims(ops.stack(words(seed)), 0), words(0), rows)
    return seed, Random(keys[0], *((first[0], second[0]) for first, second in scalars))


def mixed(seed: int, *numbers: Tensor) -> Tensor:
    """A seed from a seed and numbers: int64 from 0 to 2**31 - 1, so that any random generator can take it."""
    key = words(seed)
    for number in numbers:
        key = fold(key, number)
    return ops.cast(ops.right_shift(key[0], np.uint32(1)), "int64")


def normal(seed: Tensor, count: int | Tensor, size: int) -> Tensor:
    """float32 `(count, size)`, standard normal; row i depends on the seed and i alone."""
    return shared(_normal)(random_for(seed, count)[1].keys(), size)


def _normal(keys: Tensor, size: int) -> Tensor:
    return Random(keys).normal(shape=(size,))
