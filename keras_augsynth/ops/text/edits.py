"""What can be done with the words of texts. `keys` are those of the texts, uint32 `(N, 2)`."""

from typing import Any

import tensorflow as tf

from keras_augsynth.ops.text import runs
from keras_augsynth.ops.text.draws import below, shuffled, uniforms, uniforms_of
from keras_augsynth.ops.text.runs import where
from keras_augsynth.ops.text.tables import Entries, Table, plain_synonyms, synonyms
from keras_augsynth.ops.text.words import Edits, Words

Tensor = Any


def chosen(words: Words, keys: Tensor, rate: Tensor) -> Tensor:
    """int32 `(K,)`, ascending: each free word with a chance of `rate`, float32 `(N,)`."""
    sizes = tf.where(rate > 0.0, words.sizes, 0)
    lucky = where(uniforms(keys, sizes) < runs.repeated(rate, sizes))
    places = runs.take(runs.counted(words.firsts, sizes), lucky)
    return runs.masked(places, runs.take(words.free, places))


def not_the_last(words: Words, keys: Tensor, places: Tensor) -> Tensor:
    """The places, int32 `(K,)`, that were chosen; but of a text of which all free words are there, not the luckiest."""
    is_whole = tf.equal(words.sizes_of(places), words.free_sizes)

    def others() -> Tensor:
        rows, luck = runs.take(words.rows, places), uniforms_of(words, keys, places)
        best = tf.math.unsorted_segment_max(luck, rows, words.count)
        return runs.masked(places, ~(runs.take(is_whole, rows) & (luck >= runs.take(best, rows))))

    return tf.cond(tf.reduce_any(is_whole & (words.free_sizes > 0)), others, lambda: places)


def swapped(words: Words, places: Tensor, ranks: Tensor) -> Edits:
    """Pairs of words that change places: the first and the second of a text, and so on.

    Args:
        words: N texts.
        places: int32 `(K,)`, words text by text; one of an odd number has no partner.
        ranks: int32 `(K,)`, which one of its text each of them is, from 0 on.
    """
    has_next = tf.concat([ranks[1:] > 0, [False]], 0)
    first = where(has_next & tf.equal(ranks % 2, 0))
    one, other = runs.take(places, first), runs.take(places, first + 1)
    return words.moved(tf.concat([one, other], 0), tf.concat([other, one], 0))


def permuted(words: Words, keys: Tensor) -> Edits:
    """The free words change places at random within their text, the others stay."""
    return words.moved(where(words.free), shuffled(words, keys, tf.ones_like(words.uncut)))


def replaced(words: Words, table: Table, entries: Entries, luck: Tensor) -> Edits:
    """Synonyms in place of the words that the table has, see `tables.synonyms`."""
    return words.replaced(entries.words, synonyms(table, words, entries, luck))


def inserted(words: Words, table: Table, entries: Entries, luck: Tensor, place_luck: Tensor) -> Edits:
    """Synonyms of the words that the table has, as they stand there, in front of words anywhere in the same text."""
    row = runs.take(words.rows, entries.words)
    target = runs.take(words.firsts, row) + below(place_luck, runs.take(words.sizes, row))
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
    start = below(luck, count - length + 1)
    rows = runs.take(words.rows, free)
    number = words.ranks(free)
    return runs.masked(free, (number < runs.take(start, rows)) | (number >= runs.take(start + length, rows)))
