"""Sentences whose clauses change places: "A, because B." and "Because B, A."."""

import re
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_augsynth.ops.text.words import part, rest

Tensor = Any

CONJUNCTIONS = ("because", "although", "though", "while", "when", "if", "unless", "until", "since", "before", "after")
# A capital letter at the start of a sentence is the word's own in all other words, as far as one can know.
_OPENERS = "the|a|an|this|that|these|those|my|your|his|her|its|our|their|he|she|it|we|you|they|there|all|some|no"
_END = r"([.!?…]*)"


def reordered(sentences: Tensor, conjunctions: Sequence[str]) -> Tensor:
    """Sentences `(M,)` with their clauses in the other order, where they have two; the others as they are.

    Args:
        sentences: strings `(M,)`.
        conjunctions: words with which a clause begins that can stand first or last, in lower case.
    """
    words = "|".join(re.escape(word) for word in conjunctions)
    last = rf"([^,]*[^,\s]),\s+({words})\s+([^,]*[^,\s.!?…]){_END}"
    first = rf"((?i:{words}))\s+([^,]*[^,\s]),\s+([^,]*[^,\s.!?…]){_END}"
    is_last, is_first = (tf.strings.regex_full_match(sentences, pattern) for pattern in (last, first))
    group = lambda pattern, number: tf.strings.regex_replace(sentences, f"^{pattern}$", rf"\{number}")
    forward = [_capital(group(last, 2)), " ", group(last, 3), ", ", _lower(group(last, 1)), group(last, 4)]
    back = [_capital(group(first, 3)), ", ", tf.strings.lower(group(first, 1)), " ", group(first, 2), group(first, 4)]
    changed = tf.where(is_last, tf.strings.join(forward), tf.strings.join(back))
    return tf.where(tf.logical_or(is_last, is_first), changed, sentences)


def _capital(words: Tensor) -> Tensor:
    first = tf.strings.upper(part(words, 0, 1))
    return tf.strings.join([first, rest(words, 1)])


def _lower(words: Tensor) -> Tensor:
    """In lower case at the start, where the first word has a capital letter for standing there alone."""
    opens = tf.strings.regex_full_match(words, rf"(?i:{_OPENERS})(?:\s.*)?")
    first = tf.strings.lower(part(words, 0, 1))
    small = tf.strings.join([first, rest(words, 1)])
    return tf.where(opens, small, words)
