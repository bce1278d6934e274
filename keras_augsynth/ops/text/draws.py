"""Random numbers of words, and random orders of them.

A text draws a number for each of its words, most of which are used for no more than to say that nothing is done. So
they come from SplitMix64, which takes a fifth of the time of `Random`; a text begins to count at its own key, which is
of Threefry's making.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_augsynth.ops.random import splitmix64
from keras_augsynth.ops.text import runs
from keras_augsynth.ops.text.words import Words

Tensor = Any

_LOWEST = np.int64(2**62 - 1)  # bits; behind their numbers there are others to count on


def uniforms(keys: Tensor, sizes: Tensor, stream: int = 0) -> Tensor:
    """Numbers in [0, 1), in a row: as many for each text as `sizes`, int32 `(N,)`, says.

    They depend on the key of the text, uint32 `(N, 2)`, the stream, from 0 to 2**29, and their place alone.
    """
    return _fractions(runs.counted(_starts(keys, stream), sizes))


def uniforms_of(words: Words, keys: Tensor, which: Tensor, stream: int = 0) -> Tensor:
    """Those of the numbers `uniforms(keys, words.sizes, stream)` that belong to the words `which`, int32 `(K,)`."""
    rows = tf.gather(words.rows, which)
    places = which - tf.gather(words.firsts, rows)
    return _fractions(tf.gather(_starts(keys, stream), rows) + tf.cast(places, tf.int64))


def _starts(keys: Tensor, stream: int) -> Tensor:
    """int64 `(N,)`, from where each text counts."""
    return tf.bitwise.bitwise_and(tf.bitcast(keys, tf.int64), _LOWEST) + stream * 2**32


def _fractions(counts: Tensor) -> Tensor:
    """float32, of 24 bits."""
    upper = tf.bitwise.right_shift(splitmix64(tf.bitcast(counts, tf.uint64)), np.uint64(40))
    return tf.cast(tf.bitcast(upper, tf.int64), tf.float32) * 2.0**-24


class Order(NamedTuple):
    """Words of each text in an order, one text behind the other.

    Attributes:
        words: int32 `(K,)`, ascending.
        numbers: int32 `(K,)`, the numbers of these words in the order.
        ranks: int32 `(K,)`, which one of its text each of them is, from 0 on.
        sizes: int32 `(N,)`, how many words of each text there are.
    """

    words: Tensor
    numbers: Tensor
    ranks: Tensor
    sizes: Tensor

    def at(self, which: Tensor) -> Tensor:
        """The words that stand in the order at `which`."""
        return tf.gather(self.words, tf.gather(self.numbers, which))

    def among_first(self, counts: Tensor) -> Tensor:
        """bool `(K,)`: what in the order is among the first of its text, as many as `counts`, int32 `(N,)`, says."""
        return self.ranks < runs.repeated(counts, self.sizes)

    def first(self, counts: Tensor) -> Tensor:
        """int32: the numbers of those, ascending."""
        return tf.sort(tf.boolean_mask(self.numbers, self.among_first(counts)))


def shuffled(words: Words, luck: Tensor, candidates: Tensor) -> Order:
    """The words `candidates`, int32 `(K,)`, ascending, in the order of their luck, float32 `(M,)` in [0, 1)."""
    sizes = words.sizes_of(candidates)
    rows = runs.repeated(tf.range(words.count), sizes)
    own = tf.bitcast(tf.gather(luck, candidates), tf.int32)  # in the order of the numbers themselves
    key = tf.bitwise.bitwise_or(tf.bitwise.left_shift(tf.cast(rows, tf.int64), np.int64(32)), tf.cast(own, tf.int64))
    numbers = tf.argsort(key, stable=True)
    return Order(candidates, numbers, runs.counted(tf.zeros_like(sizes), sizes), sizes)
