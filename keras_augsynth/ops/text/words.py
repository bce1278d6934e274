"""Texts as words: cut, draw for each word, change some. TensorFlow only, since no other backend has strings.

All words of all texts stand in one row, so the longest text costs the others nothing. Words are places in the texts'
bytes; only those that are looked at or changed become strings, and all other bytes stay as they are.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_augsynth.ops.text import bytes as text_bytes
from keras_augsynth.ops.text import runs
from keras_augsynth.ops.text.bytes import MARK
from keras_augsynth.ops.text.hashes import by_eight
from keras_augsynth.ops.text.runs import where

Tensor = Any

# What Python's str.split takes for white space: of ASCII, and beyond.
_WIDE_SPACE = r"\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_ASCII_SPACE = bytes([*range(0x9, 0xE), *range(0x1C, 0x21)])
_SPACE = rf"\t-\r\x{{1c}}-\x{{20}}{_WIDE_SPACE}"


class Edits(NamedTuple):
    """What is changed in the bytes of texts.

    Attributes:
        starts: int32 `(K,)`, where bytes are taken out.
        stops: int32 `(K,)`, where that ends.
        new: uint8, what comes there, all in a row.
        ends: int32 `(K,)`, where each of these pieces ends.
    """

    starts: Tensor
    stops: Tensor
    new: Tensor
    ends: Tensor

    @classmethod
    def of(cls, *edits: "Edits") -> "Edits":
        """All of these."""
        before = tf.unstack(tf.cumsum(tf.stack([tf.size(each.new) for each in edits]), exclusive=True))
        shifted = [each._replace(ends=each.ends + size) for each, size in zip(edits, before, strict=True)]
        return cls(*(tf.concat(parts, 0) for parts in zip(*shifted, strict=True)))


@dataclass(frozen=True)
class Words:
    """N texts, cut into M words.

    A text that begins or ends with what stands between words has an empty word there.

    Attributes:
        texts: `(N,)`, as they were.
        data: uint8, the bytes of the texts in a row, see `text_bytes.of_texts`; of those that are cut.
        starts: int32 `(M,)`, ascending, where each word begins in the data.
        stops: int32 `(M,)`, where it ends.
        splits: int32 `(N + 1,)`, where the words of each text begin, and the last one's end.
        uncut: bool `(N,)`, texts that cannot be cut, since they have the byte 0xFF; they stay as they are.
        by_bytes: bool, whether there is white space of ASCII between words, and nothing else.
        separator: what is put between a word and one that is inserted.
        free: bool `(M,)`, which words may be changed: those that are neither empty nor protected.
    """

    texts: Tensor
    data: Tensor
    starts: Tensor
    stops: Tensor
    splits: Tensor
    uncut: Tensor
    by_bytes: Tensor
    separator: str
    free: Tensor

    @property
    def count(self) -> Tensor:
        """int32, N."""
        return tf.size(self.texts)

    @property
    def firsts(self) -> Tensor:
        """int32 `(N,)`, where the words of each text begin."""
        return self.splits[:-1]

    @functools.cached_property
    def sizes(self) -> Tensor:
        """int32 `(N,)`, how many words each text has."""
        return self.splits[1:] - self.splits[:-1]

    @functools.cached_property
    def cells(self) -> Tensor:
        """The data, eight bytes by eight."""
        return by_eight(self.data)

    @functools.cached_property
    def rows(self) -> Tensor:
        """int32 `(M,)`, the text of each word."""
        return runs.repeated(tf.range(self.count), self.sizes)

    @functools.cached_property
    def places(self) -> Tensor:
        """int32 `(M,)`, the place of each word in its text, from 0 on."""
        return runs.counted(tf.zeros_like(self.sizes), self.sizes)

    @functools.cached_property
    def free_sizes(self) -> Tensor:
        """int32 `(N,)`, how many free words each text has."""
        return self.sizes - self.sizes_of(where(tf.logical_not(self.free)))  # of which there are few

    def sizes_of(self, places: Tensor) -> Tensor:
        """int32 `(N,)`: how many of some words, `places`, int32 `(K,)`, each text has."""
        rows = runs.take(self.rows, places)
        return tf.math.unsorted_segment_sum(tf.ones_like(rows), rows, self.count)

    def ranks(self, places: Tensor) -> Tensor:
        """int32 `(K,)`: which one in its text each of some words is, `places`, int32 `(K,)`, text by text."""
        sizes = self.sizes_of(places)
        return runs.counted(tf.zeros_like(sizes), sizes)

    def of_text(self, t: Tensor) -> Tensor:
        """What belongs to a text, int32 or float32 `(N,)`, for each of its words, `(M,)`."""
        return runs.repeated(t, self.sizes)

    def strings(self, places: Tensor) -> Tensor:
        """The words at `places`, int32 `(K,)`, as strings."""
        return text_bytes.parts(self.data, *self.span(places))

    def replaced(self, places: Tensor, new: Tensor) -> Edits:
        """Strings `(K,)` in place of the words at `places`, int32 `(K,)`."""
        return Edits(*self.span(places), text_bytes.row(new), tf.cumsum(tf.strings.length(new)))

    def moved(self, places: Tensor, sources: Tensor) -> Edits:
        """The words that stand at `sources` in place of those at `places`, int32 `(K,)`."""
        found, splits = text_bytes.places(*self.span(sources))
        return Edits(*self.span(places), runs.take(self.data, found), splits[1:])

    def inserted(self, places: Tensor, new: Tensor) -> Edits:
        """Strings `(K,)` in front of the words at `places`, int32 `(K,)`; of the same word in their order."""
        edits = self.replaced(places, tf.strings.join([new, self.separator]))
        return edits._replace(stops=edits.starts)

    def removed(self, places: Tensor) -> Edits:
        """Nothing in place of the words at `places`, int32 `(K,)`, ascending, which are not empty.

        A word goes with the gap before it. The first word that is left takes the gap of the first that was there.
        """
        rows = runs.take(self.rows, places)
        starts, stops = self.span(places)
        before, behind = tf.maximum(places - 1, 0), tf.minimum(places + 1, tf.size(self.starts) - 1)
        first = runs.take(self.firsts, rows)
        is_empty = tf.cast(tf.equal(runs.take(self.starts, first), runs.take(self.stops, first)), tf.int32)
        leads = tf.equal(self.ranks(places), places - first - is_empty)  # all words before it are removed, too
        has_next = tf.logical_and(leads, behind < runs.take(self.splits, rows + 1))
        starts = tf.where(leads, starts, runs.take(self.stops, before))
        stops = tf.where(has_next, runs.take(self.starts, behind), stops)
        return Edits(starts, stops, self.data[:0], tf.zeros_like(starts))

    def edited(self, edits: Edits, in_order: bool = False) -> Tensor:
        """The texts `(N,)` with what is changed.

        Args:
            edits: no two of the same bytes.
            in_order: whether their starts are ascending.
        """
        starts, stops, new, ends = edits
        pieces = tf.range(tf.size(starts)) if in_order else tf.argsort(starts, stable=True)
        if not in_order:
            starts, stops = runs.take(starts, pieces), runs.take(stops, pieces)
        data = text_bytes.edited(self.data, starts, stops, pieces, new, ends)
        changed = tf.ensure_shape(text_bytes.texts(data[:-1], self.count), self.texts.shape)
        return tf.cond(self.by_bytes, lambda: changed, lambda: tf.where(self.uncut, self.texts, changed))

    def kept(self, stays: Tensor) -> Tensor:
        """The texts without the words where `stays`, bool `(M,)`, is False; empty ones stay in any case."""
        goes = tf.logical_and(tf.logical_not(stays), self.starts < self.stops)
        return self.edited(self.removed(where(goes)), in_order=True)

    def span(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Where the words at `places`, int32 `(K,)`, begin and end in the data."""
        return runs.take(self.starts, places), runs.take(self.stops, places)


def split(texts: Tensor, how: str = "whitespace", protected: str | None = None) -> Words:
    """Texts `(N,)` as words.

    Args:
        texts: strings `(N,)`.
        how: "whitespace"; "characters", each of which but white space is a word; or a regular expression (RE2) of what
            stands between words.
        protected: a regular expression of words that must not be changed, or None.
    """
    if how == "characters":
        return _words(texts, _by_marks(texts, f"[^{_SPACE}]", _MARKED, b""), "", protected)
    if how == "whitespace":
        return _words(texts, _by_white_space(texts), " ", protected)
    return _words(texts, _by_marks(texts, f"(?:{how})+"), " ", protected)


def sentences(texts: Tensor) -> Words:
    """Texts `(N,)` as sentences, in the form of words: what stands between them is white space."""
    pattern = rf"([.!?…][\"'”’»)\]]*)([{_SPACE}]+)|([。！？][」』”]?)([{_SPACE}]*)"
    return _words(texts, _by_marks(texts, pattern, rb"\1\3" + _MARK + rb"\2\4" + _MARK), " ", None)


_Cut = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]  # of `Words`: data, starts, stops, splits, uncut, by_bytes
_MARK = bytes([MARK])
_MARKED = _MARK + rb"\0" + _MARK


def _words(texts: Tensor, cut: _Cut, separator: str, protected: str | None) -> Words:
    _, starts, stops, *_ = cut
    words = Words(texts, *cut, separator, free=starts < stops)
    if protected is None:
        return words
    places = where(words.free)
    strings = tf.cond(words.by_bytes, lambda: text_bytes.between(texts, _ASCII_SPACE), lambda: words.strings(places))
    is_free = tf.logical_not(tf.strings.regex_full_match(strings, protected))
    return replace(words, free=tf.scatter_nd(places[:, None], is_free, tf.shape(starts)))


def _by_white_space(texts: Tensor) -> _Cut:
    """Texts cut at white space, by their bytes alone if none has control characters or white space beyond ASCII."""
    data = text_bytes.of_texts(texts)
    above = data + np.uint8(1)  # marks are 0, what is not ASCII lies above 128
    found = where(above <= 33)
    here = runs.take(data, found)
    is_mark, is_space = tf.equal(here, MARK), tf.logical_or(here - np.uint8(9) < 5, here - np.uint8(28) < 5)
    has_wide_space = tf.cond(
        tf.reduce_any(above > 128),
        lambda: tf.reduce_any(tf.strings.regex_full_match(texts, rf"\C*[{_WIDE_SPACE}]\C*")),
        lambda: tf.constant(False),
    )
    known = tf.reduce_all(tf.logical_or(is_mark, is_space)) & tf.equal(_number(is_mark[1:]), tf.size(texts))

    def by_bytes() -> _Cut:
        starts, stops, ends = found[:-1] + 1, found[1:], is_mark[1:]
        inside = is_space[:-1] & is_space[1:] & tf.equal(starts, stops)  # of a run of white space
        starts, stops, ends = tf.cond(
            tf.reduce_any(inside),
            lambda: [runs.masked(t, tf.logical_not(inside)) for t in (starts, stops, ends)],
            lambda: [starts, stops, ends],
        )
        splits = tf.concat([[0], where(ends) + 1], 0)
        return data, starts, stops, splits, tf.zeros(tf.shape(texts), tf.bool), tf.constant(True)

    return tf.cond(known & ~has_wide_space, by_bytes, lambda: _by_marks(texts, f"[{_SPACE}]+"))


def _by_marks(texts: Tensor, pattern: str, rewrite: bytes = _MARKED, edge: bytes = _MARK) -> _Cut:
    """Texts cut by a regular expression.

    Args:
        texts: strings `(N,)`.
        pattern: of what is rewritten.
        rewrite: with marks where words begin and end.
        edge: the mark, if a text begins and ends with a word; nothing if it does so with what stands between words.
    """
    uncut = tf.strings.split(texts, _MARK).row_lengths() > 1
    texts = tf.where(uncut, "", texts)
    marked = tf.strings.join([edge, tf.strings.regex_replace(texts, pattern, rewrite), edge])
    marks = tf.reshape(where(tf.equal(text_bytes.row(marked), MARK)), (-1, 2))
    splits = tf.searchsorted(marks[:, 0], runs.splits(tf.strings.length(marked)))
    rows = runs.repeated(tf.range(tf.size(texts)), splits[1:] - splits[:-1])
    # In the data there are no marks but those around each text.
    starts = marks[:, 0] - 2 * tf.range(tf.size(rows)) + rows + 1
    stops = starts + marks[:, 1] - marks[:, 0] - 1
    return text_bytes.of_texts(texts), starts, stops, splits, uncut, tf.constant(False)


def _number(which: Tensor) -> Tensor:
    return tf.reduce_sum(tf.cast(which, tf.int32))


def part(words: Tensor, start: Tensor | int, length: Tensor | int, unit: str = "BYTE") -> Tensor:
    """`tf.strings.substr`, which wants one start and one length for each word."""
    zeros = tf.zeros(tf.shape(words), tf.int32)
    return tf.strings.substr(words, start + zeros, length + zeros, unit)


def rest(words: Tensor, start: Tensor | int) -> Tensor:
    """All from the byte `start` on."""
    return part(words, start, tf.strings.length(words))


def protection(words: str | Sequence[str] | None) -> str | None:
    """The regular expression of the words that are protected: itself, or that of a list.

    The words of a list are protected with punctuation around them, too.
    """
    if words is None or isinstance(words, str):
        return words or None
    edge = r"[^\p{L}\p{N}]*"
    return f"{edge}(?:{'|'.join(re.escape(word) for word in words)}){edge}" if len(words) else None
