"""What can be done with the words of texts. A `rate` is float32 `(N,)`, a `luck` belongs to words, `(M,)`."""

from typing import Any

import tensorflow as tf

from keras_augsynth.ops.text.draws import Order, shuffled
from keras_augsynth.ops.text.runs import where
from keras_augsynth.ops.text.tables import Entries, Table, plain_synonyms, synonyms
from keras_augsynth.ops.text.words import Edits, Words

Tensor = Any


def chosen(words: Words, luck: Tensor, rate: Tensor) -> Tensor:
    """int32 `(K,)`: the free words whose luck is below the rate of their text."""
    return where(tf.logical_and(words.free, luck < words.of_text(rate)))


def not_the_last(words: Words, luck: Tensor, places: Tensor) -> Tensor:
    """The places, int32 `(K,)`, ascending, of free words; but of a text of which all are there, not the luckiest."""
    rows, luck = tf.gather(words.rows, places), tf.gather(luck, places)
    best = tf.math.unsorted_segment_max(luck, rows, words.count)
    is_last = tf.equal(words.sizes_of(places), words.free_sizes)
    return tf.boolean_mask(places, ~(tf.gather(is_last, rows) & (luck >= tf.gather(best, rows))))


def swapped(words: Words, order: Order, pairs: Tensor) -> Edits:
    """Pairs of words that change places: the first and the second in the order, and so on.

    Args:
        words: N texts.
        order: one word of an odd number has no partner.
        pairs: bool `(K,)`, for the first of each pair, whether it changes places.
    """
    has_next = tf.concat([order.ranks[1:] > 0, [False]], 0)
    first = where(pairs & has_next & tf.equal(order.ranks % 2, 0))
    one, other = order.at(first), order.at(first + 1)
    return words.moved(tf.concat([one, other], 0), tf.concat([other, one], 0))


def permuted(words: Words, luck: Tensor) -> Edits:
    """The free words change places at random within their text, the others stay."""
    free = where(words.free)
    return words.moved(free, tf.gather(free, shuffled(words, luck, free).numbers))


def replaced(words: Words, table: Table, entries: Entries, luck: Tensor) -> Edits:
    """Synonyms in place of the words that the table has, see `tables.synonyms`."""
    return words.replaced(entries.words, synonyms(table, words, entries, luck))


def inserted(words: Words, table: Table, entries: Entries, luck: Tensor, place_luck: Tensor) -> Edits:
    """Synonyms of the words that the table has, as they stand there, in front of words anywhere in the same text."""
    row = tf.gather(words.rows, entries.words)
    target = tf.gather(words.firsts, row) + _below(place_luck, tf.gather(words.sizes, row))
    return words.inserted(target, plain_synonyms(table, entries, luck))


def outside(words: Words, share: Tensor, luck: Tensor) -> Tensor:
    """int32 `(K,)`: the free words but a run of them that is `share` of them long, `(N,)`, at least one.

    Args:
        words: N texts.
        share: float32 `(N,)`, from 0 to 1.
        luck: float32 `(N,)`, where the run begins, from 0 (at the first word) to 1.
    """
    count, free = words.free_sizes, where(words.free)
    length = tf.clip_by_value(tf.cast(tf.round(share * tf.cast(count, tf.float32)), tf.int32), 1, tf.maximum(count, 1))
    start = _below(luck, count - length + 1)
    rows = tf.gather(words.rows, free)
    number = words.ranks(free)
    return tf.boolean_mask(free, (number < tf.gather(start, rows)) | (number >= tf.gather(start + length, rows)))


def _below(luck: Tensor, count: Tensor) -> Tensor:
    """int32: a number from 0 to `count` - 1, for a luck in [0, 1); 0 where there is none."""
    place = tf.cast(luck * tf.cast(count, tf.float32), tf.int32)
    return tf.maximum(tf.minimum(place, count - 1), 0)
