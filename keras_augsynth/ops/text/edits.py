"""What can be done with the words of texts. A `rate` is float32 `(N,)`, `which` and `luck` belong to words, `(M,)`."""

from typing import Any

import tensorflow as tf

from keras_augsynth.ops.text.tables import Table, synonyms
from keras_augsynth.ops.text.words import Words, shuffled

Tensor = Any


def chosen(words: Words, luck: Tensor, rate: Tensor) -> Tensor:
    """bool `(M,)`: the free words whose luck is below the rate of their text."""
    return tf.logical_and(words.free, luck < words.of_text(rate))


def without(words: Words, luck: Tensor, rate: Tensor) -> Tensor:
    """bool `(M,)`: False for free words whose luck is below the rate; the luckiest of each text always stays."""
    free = tf.where(words.free, luck, -1.0)
    best = tf.math.unsorted_segment_max(free, words.rows, words.count)
    return tf.logical_or(tf.logical_not(chosen(words, luck, rate)), luck >= words.of_text(best))


def swapped(words: Words, order: Tensor, pairs: Tensor) -> Tensor:
    """The words, `(M,)`, of which pairs have changed places: the first and the second in the order, and so on.

    Args:
        words: N texts.
        order: of `shuffled`, the free words first. One word of an odd number has no partner.
        pairs: bool `(M,)`, whether the pair at this place of its text changes places: the first of its two says it.
    """
    places, starts = words.places, words.of_text(words.starts)
    partner = tf.bitwise.bitwise_xor(places, 1)
    moved = tf.gather(pairs, starts + places - places % 2)
    moved = tf.logical_and(moved, tf.maximum(places, partner) < words.of_text(words.counted(words.free)))
    source = tf.gather(order, starts + tf.where(moved, partner, places))
    return tf.gather(words.words, tf.scatter_nd(order[:, None], source, tf.shape(order)))


def permuted(words: Words, luck: Tensor) -> Tensor:
    """The words, `(M,)`: those that are free change places at random within their text, the others stay."""
    order = shuffled(words, luck, words.free)
    target = shuffled(words, tf.zeros_like(luck), words.free)
    return tf.gather(words.words, tf.scatter_nd(target[:, None], order, tf.shape(order)))


def replaced(words: Words, places: Tensor, table: Table, luck: Tensor) -> Tensor:
    """The words, `(M,)`, with synonyms at the places `(K,)` of those of them that the table has; `luck` is `(K,)`."""
    old = tf.gather(words.words, places)
    new, found = synonyms(table, old, luck)
    return tf.tensor_scatter_nd_update(words.words, places[:, None], tf.where(found, new, old))


def inserted(words: Words, places: Tensor, table: Table, luck: Tensor, place_luck: Tensor) -> Tensor:
    """The words, `(M,)`, with synonyms of those at `places` `(K,)` in front of words anywhere in the same text."""
    row = tf.gather(words.rows, places)
    new, found = synonyms(table, tf.gather(words.words, places), luck, dressed=False)
    start, length = tf.gather(words.starts, row), tf.gather(words.ends - words.starts, row)
    new, target = tf.boolean_mask(new, found), tf.boolean_mask(start + _below(place_luck, length), found)
    targets, number = tf.unique(target)  # several can come to stand in front of the same word
    together = tf.strings.unsorted_segment_join(new, number, tf.size(targets), words.separator)
    changed = tf.strings.join([together, tf.gather(words.words, targets)], words.separator)
    return tf.tensor_scatter_nd_update(words.words, targets[:, None], changed)


def in_front(words: Words, which: Tensor, new: Tensor) -> Tensor:
    """The words, `(M,)`, where `which` is True with another one, of `new`, in front of it."""
    return tf.where(which, tf.strings.join([new, words.words], words.separator), words.words)


def span(words: Words, share: Tensor, luck: Tensor) -> Tensor:
    """bool `(M,)`: True for a run of free words that is `share` of them long, `(N,)`, at least one; and for others.

    Args:
        words: N texts.
        share: float32 `(N,)`, from 0 to 1.
        luck: float32 `(N,)`, where the run begins, from 0 (at the first word) to 1.
    """
    count = words.counted(words.free)
    length = tf.clip_by_value(tf.cast(tf.round(share * tf.cast(count, tf.float32)), tf.int32), 1, tf.maximum(count, 1))
    start = _below(luck, count - length + 1)
    number = tf.cumsum(tf.cast(words.free, tf.int32), exclusive=True)
    number = number - words.of_text(tf.gather(number, words.starts))  # of each free word in its text
    start, stop = words.of_text(start), words.of_text(start + length)
    return tf.logical_or(tf.logical_not(words.free), tf.logical_and(number >= start, number < stop))


def _below(luck: Tensor, count: Tensor) -> Tensor:
    """int32: a number from 0 to `count` - 1, for a luck in [0, 1); 0 where there is none."""
    place = tf.cast(luck * tf.cast(count, tf.float32), tf.int32)
    return tf.maximum(tf.minimum(place, count - 1), 0)
