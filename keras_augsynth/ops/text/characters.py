"""Changes of single characters of words. Words that are not UTF-8 stay as they are."""

from typing import Any

import tensorflow as tf

from keras_augsynth.ops.text.tables import Table, drawn, table
from keras_augsynth.ops.text.words import part, rest

Tensor = Any

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def _keyboard() -> dict[str, list[str]]:
    """The keys around each key of a US keyboard: each row of keys stands half a key to the right of the one above."""
    places = {key: (2 * column + row, row) for row, keys in enumerate(_ROWS) for column, key in enumerate(keys)}

    def near(key: str, other: str) -> bool:
        (x, y), (x_other, y_other) = places[key], places[other]
        return key != other and abs(y - y_other) <= 1 and abs(x - x_other) <= (2 if y == y_other else 1)

    return {key: [other for other in places if near(key, other)] for key in places}


KEYBOARD = _keyboard()
"""Which keys lie beside which on a US keyboard."""

_ALIKE = ("0oOQD", "1lIi", "ij", "5sS", "8B", "2zZ", "6b", "9gq", "ceo", "CG", "uv", "UV", "nh", "ft", "EF", "PR", "VY")
LOOK_ALIKES = {
    character: sorted({other for group in _ALIKE if character in group for other in group} - {character})
    for character in sorted(set("".join(_ALIKE)))
}
"""Which characters a program that reads print takes for which."""


def tables() -> dict[str, Table]:
    """The tables that `noisy` reads."""
    return {"keyboard": table(KEYBOARD), "ocr": table(LOOK_ALIKES)}


KINDS = ("keyboard", "ocr", "swap", "drop", "double")


def noisy(words: Tensor, kinds: list[str], kind: Tensor, place_luck: Tensor, value_luck: Tensor, known: Any) -> Tensor:
    """Words `(M,)`, each with one of its characters changed.

    Args:
        words: strings.
        kinds: of `KINDS`.
        kind: int32 `(M,)`, a place in `kinds`.
        place_luck: float32 `(M,)` in [0, 1), which character.
        value_luck: float32 `(M,)` in [0, 1), what it becomes.
        known: of `tables`.
    """
    whole = is_text(words)
    words_or_blank = tf.where(whole, words, " ")
    length = tf.strings.length(words_or_blank, "UTF8_CHAR")
    place = tf.minimum(tf.cast(place_luck * tf.cast(length, tf.float32), tf.int32), length - 1)
    before = part(words_or_blank, 0, place, "UTF8_CHAR")
    here, behind = _first_and_rest(rest(words_or_blank, tf.strings.length(before)))
    following, end = _first_and_rest(behind)
    changed = {
        "keyboard": lambda: tf.strings.join([before, _beside(here, value_luck, known["keyboard"]), behind]),
        "ocr": lambda: tf.strings.join([before, _other(here, value_luck, known["ocr"]), behind]),
        "swap": lambda: tf.strings.join([before, following, here, end]),
        "drop": lambda: tf.where(length > 1, tf.strings.join([before, behind]), words),
        "double": lambda: tf.strings.join([before, here, here, behind]),
    }
    result = words
    for number, name in enumerate(kinds):
        result = tf.where(tf.logical_and(whole, tf.equal(kind, number)), changed[name](), result)
    return result


def cased(words: Tensor, kind: Tensor) -> Tensor:
    """Words `(M,)` in lower case (kind 0), in upper case (1), or with a capital letter before lower case (2)."""
    whole = is_text(words)
    lower, upper = (change(tf.where(whole, words, " "), "utf-8") for change in (tf.strings.lower, tf.strings.upper))
    first, _ = _first_and_rest(upper)
    _, others = _first_and_rest(lower)
    capital = tf.strings.join([first, others])
    changed = tf.where(tf.equal(kind, 0), lower, tf.where(tf.equal(kind, 1), upper, capital))
    return tf.where(whole, changed, words)


def is_text(words: Tensor) -> Tensor:
    """bool `(M,)`: whether a word is UTF-8 and not empty. (TensorFlow's change of case ends at a zero byte.)"""
    return tf.strings.regex_full_match(words, r"[^\x{0}]+")


def _first_and_rest(words: Tensor) -> tuple[Tensor, Tensor]:
    first = part(words, 0, 1, "UTF8_CHAR")
    return first, rest(words, tf.strings.length(first))


def _other(characters: Tensor, luck: Tensor, known: Table) -> Tensor:
    value, found = drawn(known, characters, luck)
    return tf.where(found, value, characters)


def _beside(characters: Tensor, luck: Tensor, known: Table) -> Tensor:
    """A key beside the one of each character; capital letters stay capital."""
    lower = tf.strings.lower(characters)
    key = _other(lower, luck, known)
    changed = tf.where(tf.equal(lower, characters), key, tf.strings.upper(key))
    return tf.where(tf.equal(key, lower), characters, changed)
