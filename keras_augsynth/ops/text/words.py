"""Texts as words: cut, draw for each word, join. TensorFlow only, since no other backend has strings.

All words of all texts stand in one row, so the longest text costs the others nothing. What stands between the words is
kept, so a text in which no word changes comes out as it was, to the byte.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from keras_augsynth.ops.compiled import traced
from keras_augsynth.ops.random import threefry2x32

Tensor = Any

_MARK = b"\xff"  # no UTF-8 text has this byte
_SPACE = r"\s\x{b}\x{1c}-\x{1f}\x{85}\p{Z}"  # what Python's str.split takes for white space
_MARKED = _MARK + rb"\0" + _MARK


@dataclass(frozen=True)
class Words:
    """N texts, cut into M words.

    Every text has one more word behind its last one, which is empty: what stands in front of that is the text's end.

    Attributes:
        texts: `(N,)`, as they were.
        words: `(M,)`, all words of all texts in a row.
        gaps: `(M,)`, what stands in front of each word.
        rows: int32 `(M,)`, the text of each word.
        starts: int32 `(N,)`, where the words of each text begin.
        free: bool `(M,)`, which words may be changed: those that are neither empty nor protected.
        separator: what is put between a word and one that is inserted.
        uncut: bool `(N,)`, texts that cannot be cut, since they have the byte 0xFF; they stay as they are.
    """

    texts: Tensor
    words: Tensor
    gaps: Tensor
    rows: Tensor
    starts: Tensor
    free: Tensor
    separator: str
    uncut: Tensor

    @property
    def count(self) -> Tensor:
        """int32, N."""
        return tf.size(self.texts)

    @property
    def places(self) -> Tensor:
        """int32 `(M,)`, the place of each word in its text, from 0 on."""
        return tf.range(tf.size(self.words)) - tf.gather(self.starts, self.rows)

    @property
    def ends(self) -> Tensor:
        """int32 `(N,)`, where the empty word at the end of each text stands."""
        return tf.concat([self.starts[1:], [tf.size(self.words)]], 0)[: self.count] - 1

    def of_text(self, t: Tensor) -> Tensor:
        """What belongs to a text, `(N,)`, for each of its words, `(M,)`."""
        return tf.gather(t, self.rows)

    def counted(self, which: Tensor) -> Tensor:
        """int32 `(N,)`: how many words of each text are True in `which`, bool `(M,)`."""
        return tf.math.unsorted_segment_sum(tf.cast(which, tf.int32), self.rows, self.count)

    def with_words(self, words: Tensor) -> "Words":
        """The same with other words in the places of these."""
        return replace(self, words=words)

    def joined(self, words: Tensor) -> Tensor:
        """The texts with other words in the places of theirs."""
        whole = tf.strings.unsorted_segment_join(tf.strings.join([self.gaps, words]), self.rows, self.count)
        return tf.where(self.uncut, self.texts, whole)

    def kept(self, stays: Tensor) -> Tensor:
        """The texts without the words where `stays`, bool `(M,)`, is False. A word goes with the gap before it.

        The first word that is left takes the gap of the first that was there.
        """
        real = tf.not_equal(self.words, "")
        stays = tf.logical_or(stays, tf.logical_not(real))
        first, first_kept = (self._first(which) for which in (real, tf.logical_and(real, stays)))
        gaps = tf.tensor_scatter_nd_update(self.gaps, first_kept[:, None], tf.gather(self.gaps, first))
        left = tf.boolean_mask(tf.strings.join([gaps, self.words]), stays)
        whole = tf.strings.unsorted_segment_join(left, tf.boolean_mask(self.rows, stays), self.count)
        return tf.where(self.uncut, self.texts, whole)

    def _first(self, which: Tensor) -> Tensor:
        """Where the first word of each text stands that is True in `which`; without one the word at its end."""
        here = tf.where(which, tf.range(tf.size(self.words)), self.of_text(self.ends))
        return tf.math.unsorted_segment_min(here, self.rows, self.count)


def split(texts: Tensor, how: str = "whitespace", protected: str | None = None) -> Words:
    """Texts `(N,)` as words.

    Args:
        texts: strings `(N,)`.
        how: "whitespace"; "characters", each of which but white space is a word; or a regular expression (RE2) of what
            stands between words.
        protected: a regular expression of words that must not be changed, or None.
    """
    if how == "characters":
        return _cut(texts, f"[^{_SPACE}]", _MARKED, b"", "", protected)
    between = f"[{_SPACE}]+" if how == "whitespace" else f"(?:{how})+"
    return _cut(texts, between, _MARKED, _MARK, " ", protected)


def sentences(texts: Tensor) -> Words:
    """Texts `(N,)` as sentences, in the form of words: what stands between them is white space."""
    pattern = rf"([.!?…][\"'”’»)\]]*)([{_SPACE}]+)|([。！？][」』”]?)([{_SPACE}]*)"
    return _cut(texts, pattern, rb"\1\3" + _MARK + rb"\2\4" + _MARK, _MARK, " ", None)


def _cut(texts: Tensor, pattern: str, rewrite: bytes, edge: bytes, separator: str, protected: str | None) -> Words:
    """Texts as words.

    Args:
        texts: strings `(N,)`.
        pattern: of what is rewritten.
        rewrite: with marks where words begin and end.
        edge: the mark, if a text begins and ends with a word; nothing if it does so with what stands between words.
        separator: see `Words`.
        protected: see `split`.
    """
    uncut = tf.strings.split(texts, _MARK).row_lengths() > 1
    marked = tf.strings.regex_replace(tf.where(uncut, "", texts), pattern, rewrite)
    pieces = tf.strings.split(tf.strings.join([edge, marked, edge, _MARK]), _MARK)
    pairs = tf.reshape(pieces.flat_values, (-1, 2))  # (gap, word)
    words = pairs[:, 1]
    free = tf.not_equal(words, "")
    if protected is not None:
        free = tf.logical_and(free, tf.logical_not(tf.strings.regex_full_match(words, protected)))
    starts = tf.cast(pieces.row_starts() // 2, tf.int32)
    rows = tf.repeat(tf.range(tf.size(texts)), tf.cast(pieces.row_lengths() // 2, tf.int32))
    return Words(texts, words, pairs[:, 0], rows, starts, free, separator, uncut)


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


def uniforms(words: Words, keys: Tensor) -> tuple[Tensor, Tensor]:
    """Two independent numbers in [0, 1) for each word, float32 `(M,)`.

    They depend on the key of the word's text, uint32 `(N, 2)`, and on its place alone: as `Random(keys).uniform` has
    them at the row and the place.
    """
    own = tf.gather(keys, words.rows)
    return _fractions(own[:, 0], own[:, 1], tf.cast(words.places, tf.uint32))


@functools.partial(traced, any_size=True)
def _fractions(first: Tensor, second: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    bits = threefry2x32((first, second), (places, np.uint32(0)), rounds=13)
    one, two = (tf.cast(tf.cast(tf.bitwise.right_shift(word, np.uint32(8)), tf.int32), tf.float32) for word in bits)
    return one * 2.0**-24, two * 2.0**-24


def shuffled(words: Words, luck: Tensor, candidates: Tensor) -> Tensor:
    """int32 `(M,)`: the words of each text in a random order, candidates first, one text behind the other."""
    key = tf.cast(luck, tf.float64) + tf.where(candidates, tf.zeros((), tf.float64), 1.0)
    return tf.argsort(2.0 * tf.cast(words.rows, tf.float64) + key, stable=True)


def first_of(words: Words, order: Tensor, candidates: Tensor, number: Tensor) -> Tensor:
    """bool `(M,)`: True for the first `number`, int32 `(N,)`, of the candidates of each text, in an order."""
    places = tf.scatter_nd(order[:, None], words.places, tf.shape(order))
    return tf.logical_and(candidates, places < words.of_text(number))
