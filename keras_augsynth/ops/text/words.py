"""Texts as words: cut, draw for each word, join. TensorFlow only, since no other backend has strings.

All words of all texts stand in one row, so the longest text costs the others nothing. What stands between the words is
kept, so a text in which no word changes comes out as it was, to the byte.
"""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_augsynth.ops.compiled import traced
from keras_augsynth.ops.random import threefry2x32

Tensor = Any

_MARK = b"\xff"  # no UTF-8 text has this byte
_SPACE = r"\s\x{b}\x{1c}-\x{1f}\x{85}\p{Z}"  # what Python's str.split takes for white space
# No byte 0xFF either, since what is no UTF-8 does not match.
_PLAIN = f"(?:[^{_SPACE}]+(?: [^{_SPACE}]+)*)?"
_MARKED = _MARK + rb"\0" + _MARK


@dataclass(frozen=True)
class Words:
    """N texts, cut into M words.

    Every text has one more word behind its last one, which is empty: what stands in front of that is the text's end.

    Attributes:
        texts: `(N,)`, as they were.
        words: `(M,)`, all words of all texts in a row.
        plain: bool, whether there is a single space between all words, and nothing at the start and the end.
        gaps: `(M,)`, what stands in front of each word; empty, `(0,)`, if it is plain.
        rows: int32 `(M,)`, the text of each word.
        starts: int32 `(N,)`, where the words of each text begin.
        free: bool `(M,)`, which words may be changed: those that are neither empty nor protected.
        separator: what is put between a word and one that is inserted.
        uncut: bool `(N,)`, texts that cannot be cut, since they have the byte 0xFF; they stay as they are.
    """

    texts: Tensor
    words: Tensor
    plain: Tensor
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
        return self._together(
            lambda: self._spaced(words, self.rows), lambda: self._segments(self.gaps, words, self.rows)
        )

    def kept(self, stays: Tensor) -> Tensor:
        """The texts without the words where `stays`, bool `(M,)`, is False. A word goes with the gap before it.

        The first word that is left takes the gap of the first that was there.
        """
        real = tf.not_equal(self.words, "")
        stays = tf.logical_or(stays, tf.logical_not(real))
        rows = tf.where(stays, self.rows, self.count)

        def with_gaps() -> Tensor:
            first, first_kept = (self._first(which) for which in (real, tf.logical_and(real, stays)))
            gaps = tf.tensor_scatter_nd_update(self.gaps, first_kept[:, None], tf.gather(self.gaps, first))
            return self._segments(gaps, self.words, rows)

        return self._together(lambda: self._spaced(self.words, rows), with_gaps)

    def _together(self, plain: Callable[[], Tensor], with_gaps: Callable[[], Tensor]) -> Tensor:
        return tf.where(self.uncut, self.texts, tf.cond(self.plain, plain, with_gaps))

    def _segments(self, gaps: Tensor, words: Tensor, rows: Tensor) -> Tensor:
        """The words of each text in a row; row N is for those that are left out."""
        return tf.strings.unsorted_segment_join(tf.strings.join([gaps, words]), rows, self.count + 1)[:-1]

    def _spaced(self, words: Tensor, rows: Tensor) -> Tensor:
        spaced = tf.strings.unsorted_segment_join(words, rows, self.count + 1, " ")[:-1]
        return part(spaced, 0, tf.strings.length(spaced) - 1)  # the empty word at the end

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
        return _cut(texts, _Marks(f"[^{_SPACE}]", _MARKED, b"", ""), protected)
    if how == "whitespace":
        return _cut(texts, _Marks(f"[{_SPACE}]+", _MARKED, _MARK, " "), protected, _PLAIN)
    return _cut(texts, _Marks(f"(?:{how})+", _MARKED, _MARK, " "), protected)


def sentences(texts: Tensor) -> Words:
    """Texts `(N,)` as sentences, in the form of words: what stands between them is white space."""
    pattern = rf"([.!?…][\"'”’»)\]]*)([{_SPACE}]+)|([。！？][」』”]?)([{_SPACE}]*)"
    return _cut(texts, _Marks(pattern, rb"\1\3" + _MARK + rb"\2\4" + _MARK, _MARK, " "), None)


class _Marks(NamedTuple):
    """How words are found in texts.

    Attributes:
        pattern: of what is rewritten.
        rewrite: with marks where words begin and end.
        edge: the mark, if a text begins and ends with a word; nothing if it does so with what stands between words.
        separator: see `Words`.
    """

    pattern: str
    rewrite: bytes
    edge: bytes
    separator: str


def _cut(texts: Tensor, marks: _Marks, protected: str | None, plain_pattern: str | None = None) -> Words:
    """Texts as words; if all of them are plain, of this pattern, by a way that is twice as fast."""

    def plainly() -> tuple[Tensor, ...]:
        words = tf.strings.split(tf.strings.join([texts, " "]), " ")
        nothing = tf.zeros((0,), tf.string)
        return words.flat_values, nothing, words.row_lengths(), words.row_starts(), tf.zeros(tf.shape(texts), tf.bool)

    def by_marks() -> tuple[Tensor, ...]:
        uncut = tf.strings.split(texts, _MARK).row_lengths() > 1
        marked = tf.strings.regex_replace(tf.where(uncut, "", texts), marks.pattern, marks.rewrite)
        pieces = tf.strings.split(tf.strings.join([marks.edge, marked, marks.edge, _MARK]), _MARK)
        pairs = tf.reshape(pieces.flat_values, (-1, 2))  # (gap, word)
        return pairs[:, 1], pairs[:, 0], pieces.row_lengths() // 2, pieces.row_starts() // 2, uncut

    if plain_pattern is None:
        plain, found = tf.constant(False), by_marks()
    else:
        plain = tf.reduce_all(tf.strings.regex_full_match(texts, plain_pattern))
        found = tf.cond(plain, plainly, by_marks)
    words, gaps, lengths, starts, uncut = found
    free = tf.not_equal(words, "")
    if protected is not None:
        free = tf.logical_and(free, tf.logical_not(tf.strings.regex_full_match(words, protected)))
    rows = tf.repeat(tf.range(tf.size(texts)), tf.cast(lengths, tf.int32))
    return Words(texts, words, plain, gaps, rows, tf.cast(starts, tf.int32), free, marks.separator, uncut)


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


def uniforms(words: Words, keys: Tensor, which: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Two independent numbers in [0, 1) for each word, float32 `(M,)`, or for those words whose numbers are `which`.

    They depend on the key of the word's text, uint32 `(N, 2)`, and on its place alone: as `Random(keys).uniform` has
    them at the row and the place.
    """
    rows, places = words.rows, words.places
    if which is not None:
        rows, places = tf.gather(rows, which), tf.gather(places, which)
    own = tf.gather(keys, rows)
    return _fractions(own[:, 0], own[:, 1], tf.cast(places, tf.uint32))


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
