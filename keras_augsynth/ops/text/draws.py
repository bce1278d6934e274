"""Random numbers of words, and random orders of them.

A text draws numbers for many words, most of which say no more than that nothing is done. So they come from SplitMix64,
which takes a fifth of the time of `Random`; a text begins to count at its own key, which is of Threefry's making.
"""

from collections.abc import Callable
from typing import Any

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
    rows = runs.take(words.rows, which)
    places = which - runs.take(words.firsts, rows)
    return _fractions(runs.take(_starts(keys, stream), rows) + tf.cast(places, tf.int64))


def _starts(keys: Tensor, stream: int) -> Tensor:
    """int64 `(N,)`, from where each text counts."""
    return tf.bitwise.bitwise_and(tf.bitcast(keys, tf.int64), _LOWEST) + stream * 2**32


def _fractions(counts: Tensor) -> Tensor:
    """float32, of 24 bits."""
    upper = tf.bitwise.right_shift(splitmix64(tf.bitcast(counts, tf.uint64)), np.uint64(40))
    return tf.cast(tf.bitcast(upper, tf.int64), tf.float32) * 2.0**-24


def below(luck: Tensor, count: Tensor) -> Tensor:
    """int32: a number from 0 to `count` - 1, for a luck in [0, 1); 0 where there is none."""
    place = tf.cast(luck * tf.cast(count, tf.float32), tf.int32)
    return tf.maximum(tf.minimum(place, count - 1), 0)


def shuffled(words: Words, keys: Tensor, texts: Tensor, stream: int = 0) -> Tensor:
    """int32: all free words of the texts that are True in `texts`, bool `(N,)`, each text's in a random order."""
    sizes = tf.where(texts, words.sizes, 0)
    rows = tf.cast(runs.repeated(tf.range(words.count), sizes), tf.int64)
    luck = tf.bitcast(uniforms(keys, sizes, stream), tf.int32)  # in the order of the numbers themselves
    order = tf.argsort(tf.bitwise.bitwise_or(tf.bitwise.left_shift(rows, np.int64(32)), tf.cast(luck, tf.int64)))
    found = runs.take(runs.counted(words.firsts, sizes), order)
    return runs.masked(found, runs.take(words.free, found))


def tried(words: Words, keys: Tensor, tries: Tensor, stream: int = 0) -> Tensor:
    """int32: the free words of each text that so many `tries`, int32 `(N,)`, come upon, in that order."""
    size, first = (runs.repeated(t, tries) for t in (words.sizes, words.firsts))
    found = first + below(uniforms(keys, tries, stream), size)
    number = tf.range(tf.size(found))
    earliest = tf.math.unsorted_segment_min(number, found, tf.size(words.starts))
    is_new = tf.equal(runs.take(earliest, found), number)
    return runs.masked(found, is_new & runs.take(words.free, found))


def picked(
    words: Words, keys: Tensor, counts: Tensor, tries: Tensor, find: Callable[[Tensor], Any] = lambda which: (which,)
) -> tuple[Tensor, Any]:
    """Some words of each text at random, one text behind the other. Of most texts few words are looked at.

    Args:
        words: N texts.
        keys: uint32 `(N, 2)`, whose streams 0 and 1 are read.
        counts: int32 `(N,)`, how many words of each text are picked, if it has as many.
        tries: int32 `(N,)`, after how many of them all words of a text are looked at instead.
        find: what belongs to those of the words `(K,)` that can be picked, in their order; first the words themselves.

    Returns:
        int32 `(K,)`, which one of its text each word is, from 0 on; and what was found of the words.
    """
    some = find(tried(words, keys, tf.where((counts > 0) & (tries < words.sizes), tries, 0)))
    short = words.sizes_of(some[0]) < counts
    every = tf.cond(
        tf.reduce_any(short),
        lambda: find(shuffled(words, keys, short, 1)),
        lambda: tf.nest.map_structure(lambda t: t[:0], some),
    )

    def first(found: Any, counts: Tensor) -> tuple[Tensor, Any]:
        ranks = words.ranks(found[0])
        these = runs.where(ranks < runs.take(counts, runs.take(words.rows, found[0])))
        return tf.nest.map_structure(lambda t: runs.take(t, these), (ranks, found))

    parts = first(some, tf.where(short, 0, counts)), first(every, counts)
    return tf.nest.map_structure(lambda *of_parts: tf.concat(of_parts, 0), *parts)
