"""Words as numbers of eight bytes each: no string is made of a word that is only looked up."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_augsynth.ops.text import runs
from keras_augsynth.ops.text.runs import where

Tensor = Any

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_LOWEST = np.array([2 ** (8 * count) - 1 for count in range(9)], "uint64")  # bits, of so many bytes


def by_eight(data: Tensor) -> Tensor:
    """uint64, cells: the bytes of `data`, uint8, eight by eight, with as many zeros behind them, or more."""
    padded = tf.concat([data, tf.zeros([16 - tf.size(data) % 8], tf.uint8)], 0)
    return tf.bitcast(tf.reshape(padded, (-1, 8)), tf.uint64)


def hashed(cells: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
    """int64 `(K,)`: hashes of the bytes from `starts` to `stops`, int32 `(K,)`, in `cells`.

    Two words of one length, of at most eight bytes, have different hashes; others the same by a chance of 1 in 2**64.
    """
    sizes = stops - starts
    hashes = _mixed(tf.cast(sizes, tf.uint64) * _FACTOR, _eight(cells, starts, sizes))

    def longer(hashes: Tensor, done: Tensor, which: Tensor) -> tuple[Tensor, ...]:
        own, left = runs.take(starts, which) + done, runs.take(sizes, which) - done
        mixed = _mixed(runs.take(hashes, which), _eight(cells, own, left))
        hashes = tf.tensor_scatter_nd_update(hashes, which[:, None], mixed)
        return hashes, done + 8, runs.masked(which, left > 8)

    shapes = hashes.shape, tf.TensorShape(()), tf.TensorShape([None])
    first = hashes, tf.constant(8), where(sizes > 8)
    hashes, *_ = tf.while_loop(lambda _, __, which: tf.size(which) > 0, longer, first, shapes)
    return tf.bitcast(hashes, tf.int64)


def are_small_letters(cells: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
    """bool `(K,)`: which words are of no more than eight letters from a to z, and nothing else."""
    sizes = stops - starts
    letters = _eight(cells, starts, sizes) - _each(ord("a"))  # one below "a" takes from those behind it, too
    letters = tf.bitwise.bitwise_and(letters, runs.take(_LOWEST, tf.minimum(sizes, 8)))
    beyond = tf.bitwise.bitwise_and(tf.bitwise.bitwise_or(letters, letters + _each(128 - 26)), _each(128))
    return tf.equal(beyond, np.uint64(0)) & (sizes <= 8)


def _eight(cells: Tensor, starts: Tensor, sizes: Tensor) -> Tensor:
    """uint64 `(K,)`: the bytes from each start on, of which there are `sizes`; those beyond are zeros or left out."""
    cell, shift = starts // 8, tf.cast(starts % 8 * 8, tf.uint64)
    low = tf.bitwise.right_shift(runs.take(cells, cell), shift)
    # In two steps, since to shift by all 64 bits is no operation of a processor.
    high = tf.bitwise.left_shift(tf.bitwise.left_shift(runs.take(cells, cell + 1), np.uint64(1)), np.uint64(63) - shift)
    return tf.bitwise.bitwise_and(tf.bitwise.bitwise_or(low, high), runs.take(_LOWEST, tf.minimum(sizes, 8)))


def _mixed(hashes: Tensor, eight: Tensor) -> Tensor:
    product = tf.bitwise.bitwise_xor(hashes, eight) * _FACTOR
    return tf.bitwise.bitwise_xor(product, tf.bitwise.right_shift(product, np.uint64(32)))


def _each(byte: int) -> np.uint64:
    """Eight times the same byte."""
    return np.uint64(byte * 0x0101010101010101)
