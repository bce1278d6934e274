"""What can be done with the words of texts. A `rate` is float32 `(N,)`, a `luck` belongs to words, `(M,)`."""

from typing import Any

import tensorflow as tf

from keras_augsynth.ops.text.tables import Table, synonyms
from keras_augsynth.ops.text.words import Edits, Words, shuffled, where

Tensor = Any


def chosen(words: Words, luck: Tensor, rate: Tensor) -> Tensor:
    """int32 `(K,)`: the free words whose luck is below the rate of their text."""
    return where(tf.logical_and(words.free, luck < words.of_text(rate)))


def not_the_last(words: Words, luck: Tensor, places: Tensor) -> Tensor:
    """The places, int32 `(K,)`, ascending, of free words; but of a text of which all are there, not the luckiest."""
    rows, luck = tf.gather(words.rows, places), tf.gather(luck, places)
    number = tf.math.unsorted_segment_sum(tf.ones_like(rows), rows, words.count)
    best = tf.math.unsorted_segment_max(luck, rows, words.count)
    is_last = tf.equal(number, words.counted(words.free))
    return tf.boolean_mask(places, ~(tf.gather(is_last, rows) & (luck >= tf.gather(best, rows))))


def swapped(words: Words, order: Tensor, ranks: Tensor, pairs: Tensor) -> Edits:
    """Pairs of words that change places: the first and the second in the order, and so on.

    Args:
        words: N texts.
        order: of `shuffled`. One word of an odd number has no partner.
        ranks: of `shuffled`.
        pairs: bool `(K,)`, whether a word changes places: alike for both of a pair.
    """
    own = tf.range(tf.size(order))
    partner = tf.minimum(own + 1 - 2 * (ranks % 2), tf.size(order) - 1)
    rows = tf.gather(words.rows, order)
    moved = where(pairs & tf.equal(tf.gather(rows, partner), rows))
    return words.moved(tf.gather(order, moved), tf.gather(order, tf.gather(partner, moved)))


def permuted(words: Words, luck: Tensor) -> Edits:
    """The free words change places at random within their text, the others stay."""
    free = where(words.free)
    order, _ = shuffled(words, luck, free)
    return words.moved(free, order)


def replaced(words: Words, places: Tensor, table: Table, luck: Tensor) -> Edits:
    """Synonyms in place of the words at `places`, int32 `(K,)`, that the table has; `luck` is `(K,)`."""
    old = words.strings(places)
    new, found = synonyms(table, old, luck)
    return words.replaced(places, tf.where(found, new, old))


def inserted(words: Words, places: Tensor, table: Table, luck: Tensor, place_luck: Tensor) -> Edits:
    """Synonyms of the words at `places`, int32 `(K,)`, in front of words anywhere in the same text."""
    row = tf.gather(words.rows, places)
    new, found = synonyms(table, words.strings(places), luck, dressed=False)
    length = words.counted(tf.ones_like(words.free))
    target = tf.gather(words.firsts, row) + _below(place_luck, tf.gather(length, row))
    return words.inserted(tf.boolean_mask(target, found), tf.boolean_mask(new, found))


def first_of(words: Words, order: Tensor, ranks: Tensor, number: Tensor) -> Tensor:
    """int32 `(K,)`, ascending: the first `number`, int32 `(N,)`, of each text in the order; see `swapped`."""
    return tf.sort(tf.boolean_mask(order, ranks < tf.gather(number, tf.gather(words.rows, order))))


def outside(words: Words, share: Tensor, luck: Tensor) -> Tensor:
    """int32 `(K,)`: the free words but a run of them that is `share` of them long, `(N,)`, at least one.

    Args:
        words: N texts.
        share: float32 `(N,)`, from 0 to 1.
        luck: float32 `(N,)`, where the run begins, from 0 (at the first word) to 1.
    """
    count, free = words.counted(words.free), where(words.free)
    length = tf.clip_by_value(tf.cast(tf.round(share * tf.cast(count, tf.float32)), tf.int32), 1, tf.maximum(count, 1))
    start = _below(luck, count - length + 1)
    rows = tf.gather(words.rows, free)
    number = words.ranks(rows)
    return tf.boolean_mask(free, (number < tf.gather(start, rows)) | (number >= tf.gather(start + length, rows)))


def _below(luck: Tensor, count: Tensor) -> Tensor:
    """int32: a number from 0 to `count` - 1, for a luck in [0, 1); 0 where there is none."""
    place = tf.cast(luck * tf.cast(count, tf.float32), tf.int32)
    return tf.maximum(tf.minimum(place, count - 1), 0)
