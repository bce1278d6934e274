"""Tables of words: each has some values, of which one is drawn. Plain tensors, so they go wherever a graph goes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_augsynth.ops.text.words import part, rest

Tensor = Any

_NUMBERS = 2**62
_EDGE = r"[^\p{L}\p{N}]+"


class Table(NamedTuple):
    """Words and their values.

    Attributes:
        hashes: int64 `(K,)`, in ascending order: of 62 bits, so that two words have the same by a chance of 1 in 2**62.
        starts: int32 `(K + 1,)`, where the values of each word begin.
        values: strings, of all words.
    """

    hashes: Tensor
    starts: Tensor
    values: Tensor


def table(entries: Mapping[str, Sequence[str]]) -> Table:
    """A table of words that have at least one value each."""
    with tf.init_scope():
        hashes = tf.strings.to_hash_bucket_fast(tf.constant(list(entries)), _NUMBERS).numpy()
        order = np.argsort(hashes)
        lists = list(entries.values())
        lists = [lists[place] for place in order]
        starts = np.cumsum([0, *(len(values) for values in lists)])
        values = [value for values in lists for value in values]
        return Table(tf.constant(hashes[order]), tf.constant(starts, tf.int32), tf.constant(values))


def drawn(table: Table, words: Tensor, luck: Tensor) -> tuple[Tensor, Tensor]:
    """(a value of each word, whether it has any), strings and bool `(M,)`.

    Args:
        table: what is looked up.
        words: strings `(M,)`.
        luck: float32 `(M,)` in [0, 1), which of the values it is.
    """
    place, found = _look_up(table, words)
    return _value(table, place, luck), found


def synonyms(table: Table, words: Tensor, luck: Tensor, dressed: bool = True) -> tuple[Tensor, Tensor]:
    """`drawn`, for words as they stand in a text: first as they are, then in lower case without punctuation around.

    Args:
        table: what is looked up.
        words: strings `(M,)`.
        luck: float32 `(M,)` in [0, 1), which of the values it is.
        dressed: whether the value gets the word's punctuation, and its capital letters: the first or all of them.
    """
    place, found = _look_up(table, words)
    value = _value(table, place, luck)
    places, core, dress = _undressed(words, found)
    place, also = _look_up(table, tf.strings.lower(core, "utf-8"))
    other = _value(table, place, tf.gather(luck, places))
    other = dress(other) if dressed else other
    value = tf.tensor_scatter_nd_update(value, places[:, None], other)
    return value, tf.tensor_scatter_nd_update(found, places[:, None], also)


def has_synonyms(table: Table, words: Tensor) -> Tensor:
    """bool `(M,)`: whether `synonyms` finds one."""
    _, found = _look_up(table, words)
    places, core, _ = _undressed(words, found)
    _, also = _look_up(table, tf.strings.lower(core, "utf-8"))
    return tf.tensor_scatter_nd_update(found, places[:, None], also)


def _undressed(words: Tensor, found: Tensor) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]:
    """Of the words that were not found, those with punctuation around them or capital letters in them.

    Returns:
        Their places, `(K,)`; the words without the punctuation; and what gives other words that punctuation, and the
        first letter or all of them in upper case as these have it.
    """
    bare = tf.logical_or(found, tf.strings.regex_full_match(words, r"[\p{Ll}\p{Lo}\p{N}]*"))
    places = tf.where(tf.logical_not(bare))[:, 0]
    whole = tf.gather(words, places)
    trimmed = tf.strings.regex_replace(whole, f"^{_EDGE}", "")
    core = tf.strings.regex_replace(trimmed, f"{_EDGE}$", "")

    def dress(values: Tensor) -> Tensor:
        before = part(whole, 0, tf.strings.length(whole) - tf.strings.length(trimmed))
        return tf.strings.join([before, _in_the_case_of(core, values), rest(trimmed, tf.strings.length(core))])

    return places, core, dress


def _look_up(table: Table, words: Tensor) -> tuple[Tensor, Tensor]:
    hashes = tf.strings.to_hash_bucket_fast(words, _NUMBERS)
    place = tf.minimum(tf.searchsorted(table.hashes, hashes), tf.size(table.hashes) - 1)
    return place, tf.equal(tf.gather(table.hashes, place), hashes)


def _value(table: Table, place: Tensor, luck: Tensor) -> Tensor:
    start, stop = tf.gather(table.starts, place), tf.gather(table.starts, place + 1)
    offset = tf.cast(luck * tf.cast(stop - start, tf.float32), tf.int32)
    return tf.gather(table.values, start + tf.minimum(offset, stop - start - 1))


def _in_the_case_of(words: Tensor, values: Tensor) -> Tensor:
    first = part(values, 0, 1, "UTF8_CHAR")
    capital = tf.strings.join([tf.strings.upper(first, "utf-8"), rest(values, tf.strings.length(first))])
    values = tf.where(tf.strings.regex_full_match(words, r"\p{Lu}\C*"), capital, values)
    all_capital = tf.strings.regex_full_match(words, r"\p{Lu}[\p{Lu}\p{N}]+")
    return tf.where(all_capital, tf.strings.upper(values, "utf-8"), values)
