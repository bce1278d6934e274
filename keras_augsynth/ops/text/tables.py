"""Tables of words: each has some values, of which one is drawn. Plain tensors, so they go wherever a graph goes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_augsynth.ops.text import bytes as text_bytes
from keras_augsynth.ops.text import runs
from keras_augsynth.ops.text.hashes import are_small_letters, by_eight, hashed
from keras_augsynth.ops.text.runs import where
from keras_augsynth.ops.text.words import Words, part, rest

Tensor = Any

_EDGE = r"[^\p{L}\p{N}]+"


class Table(NamedTuple):
    """Words and their values.

    Attributes:
        hashes: int64 `(K,)`, in ascending order.
        starts: int32 `(K + 1,)`, where the values of each word begin.
        values: strings, of all words.
        longest: int32, how many bytes a word has at most.
    """

    hashes: Tensor
    starts: Tensor
    values: Tensor
    longest: Tensor


class Entries(NamedTuple):
    """Words of texts that a table has.

    Attributes:
        words: int32 `(K,)`, ascending.
        places: int32 `(K,)`, where each of them stands in the table.
        dressed: bool `(K,)`, whether they do so in lower case and without punctuation around them only.
    """

    words: Tensor
    places: Tensor
    dressed: Tensor

    def at(self, which: Tensor) -> "Entries":
        """Those whose numbers are `which`, int32, ascending."""
        return Entries(*(runs.take(t, which) for t in self))


def table(entries: Mapping[str, Sequence[str]]) -> Table:
    """A table of words that have at least one value each."""
    with tf.init_scope():
        hashes = _hashed(tf.constant(list(entries))).numpy()
        order = np.argsort(hashes)
        lists = list(entries.values())
        lists = [lists[place] for place in order]
        starts = np.cumsum([0, *(len(values) for values in lists)])
        values = [value for values in lists for value in values]
        longest = max(len(word.encode()) for word in entries)
        return Table(*(tf.constant(t) for t in (hashes[order], starts.astype("int32"), values, longest)))


def drawn(table: Table, words: Tensor, luck: Tensor) -> tuple[Tensor, Tensor]:
    """(a value of each word, whether it has any), strings and bool `(M,)`.

    Args:
        table: what is looked up.
        words: strings `(M,)`.
        luck: float32 `(M,)` in [0, 1), which of the values it is.
    """
    place, found = _look_up(table, _hashed(words))
    return _value(table, place, luck), found


def looked_up(table: Table, words: Words, which: Tensor) -> Entries:
    """The words `which`, int32 `(K,)`, ascending, that the table has: as they are, or else undressed.

    That is in lower case and without punctuation around them.
    """
    starts, stops = words.span(which)
    place, found = _look_up(table, hashed(words.cells, starts, tf.minimum(stops, starts + table.longest + 1)))
    others = where(tf.logical_not(found))
    plain = are_small_letters(words.cells, runs.take(starts, others), runs.take(stops, others))
    others = runs.masked(others, tf.logical_not(plain))
    strings = words.strings(runs.take(which, others))
    # The others have neither punctuation around them nor capital letters in them.
    can_be = tf.logical_not(tf.strings.regex_full_match(strings, r"[\p{Ll}\p{Lo}\p{N}]*"))
    others, strings = runs.masked(others, can_be), runs.masked(strings, can_be)
    core, _ = _undressed(strings)
    other_place, dressed = _look_up(table, _hashed(tf.strings.lower(core, "utf-8")))
    place = tf.tensor_scatter_nd_update(place, others[:, None], other_place)
    dressed = tf.scatter_nd(others[:, None], dressed, tf.shape(found))
    return Entries(which, place, dressed).at(where(tf.logical_or(found, dressed)))


def synonyms(table: Table, words: Words, entries: Entries, luck: Tensor) -> Tensor:
    """Strings `(K,)`: a value of each entry, with the word's punctuation, and its capital letters: the first or all.

    Args:
        table: what the entries are of.
        words: what the entries are words of.
        entries: K words.
        luck: float32 `(K,)` in [0, 1), which of the values it is.
    """
    values, dressed = _value(table, entries.places, luck), where(entries.dressed)
    whole = words.strings(runs.take(entries.words, dressed))
    core, trimmed = _undressed(whole)
    before = part(whole, 0, tf.strings.length(whole) - tf.strings.length(trimmed))
    others = _in_the_case_of(core, runs.take(values, dressed))
    others = tf.strings.join([before, others, rest(trimmed, tf.strings.length(core))])
    return tf.tensor_scatter_nd_update(values, dressed[:, None], others)


def plain_synonyms(table: Table, entries: Entries, luck: Tensor) -> Tensor:
    """`synonyms` as they stand in the table."""
    return _value(table, entries.places, luck)


def _undressed(words: Tensor) -> tuple[Tensor, Tensor]:
    """(the words without punctuation around them, and without that before them alone)."""
    trimmed = tf.strings.regex_replace(words, f"^{_EDGE}", "")
    return tf.strings.regex_replace(trimmed, f"{_EDGE}$", ""), trimmed


def _hashed(words: Tensor) -> Tensor:
    sizes = tf.strings.length(words)
    stops = tf.cumsum(sizes)
    return hashed(by_eight(text_bytes.row(words)), stops - sizes, stops)


def _look_up(table: Table, hashes: Tensor) -> tuple[Tensor, Tensor]:
    place = tf.minimum(tf.searchsorted(table.hashes, hashes), tf.size(table.hashes) - 1)
    return place, tf.equal(runs.take(table.hashes, place), hashes)


def _value(table: Table, place: Tensor, luck: Tensor) -> Tensor:
    start, stop = runs.take(table.starts, place), runs.take(table.starts, place + 1)
    offset = tf.cast(luck * tf.cast(stop - start, tf.float32), tf.int32)
    return runs.take(table.values, start + tf.minimum(offset, stop - start - 1))


def _in_the_case_of(words: Tensor, values: Tensor) -> Tensor:
    first = part(values, 0, 1, "UTF8_CHAR")
    capital = tf.strings.join([tf.strings.upper(first, "utf-8"), rest(values, tf.strings.length(first))])
    values = tf.where(tf.strings.regex_full_match(words, r"\p{Lu}\C*"), capital, values)
    all_capital = tf.strings.regex_full_match(words, r"\p{Lu}[\p{Lu}\p{N}]+")
    return tf.where(all_capital, tf.strings.upper(values, "utf-8"), values)
