"""`WordAugmentation`: layers that change texts word by word."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_range, wrong
from keras_augsynth.core.draws import Params, View
from keras_augsynth.core.modalities import TEXT
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.text import words as text
from keras_augsynth.ops.text.words import Words

Tensor = Any


class WordAugmentation(Augmentation, listed=False):
    """An augmentation that changes texts word by word; what stands between the words stays as it is, to the byte.

    A text in which no word changes comes out as it went in. A text that is not UTF-8 is never damaged: one that has the
    byte 0xFF, which no UTF-8 text has, is not changed at all.

    Args:
        rate: chance of each word to be changed, from 0 to 1; a pair (low, high) is drawn from for each text.
        split: "whitespace"; "characters", for languages without spaces, each of which but white space is a word; or a
            regular expression (RE2) of what stands between words.
        protected: words that are never touched: a list of them, as they are written, with or without punctuation around
            them in the text; or a regular expression (RE2) of a whole word.
        **kwargs: as in `Augmentation`.
    """

    modalities = (TEXT,)

    def __init__(
        self,
        rate: Any = 0.1,
        *,
        split: str = "whitespace",
        protected: str | Sequence[str] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if "rate" not in self.fixed_arguments:
            self.rate = check_range(self, rate, "rate", 0.0, 1.0)
        self.split = self._checked_pattern(split, "split")
        if protected is not None and not isinstance(protected, str):
            if not isinstance(protected, Sequence) or not all(isinstance(word, str) for word in protected):
                raise wrong(self, "protected", "be a list of words or a regular expression", protected, TypeError)
            protected = list(protected)
        self.protected = protected
        self._protection = text.protection(protected)
        if self._protection is not None:
            self._checked_pattern(self._protection, "protected")

    # What a layer's author writes.

    def change(self, words: Words, params: Params) -> Tensor:
        """The changed texts `(N,)`.

        Args:
            words: the texts, cut into words.
            params: of `draw`: "words", the keys of the texts, for `uniforms`; and "rate", float32 `(N,)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `change`.")

    # What they have in common.

    def draw(self, rng: Random, view: View) -> Params:
        return {"words": rng.keys(), "rate": rng.uniform(*self.rate)}

    def apply(self, x: Tensor, params: Params) -> Tensor:
        return self.change(text.split(x, self.split, self._protection), params)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": 0.5 * strength}

    def _checked_pattern(self, pattern: Any, name: str) -> str:
        if not isinstance(pattern, str):
            raise wrong(self, name, "be a string", pattern, TypeError)
        try:
            with tf.init_scope():
                empty = bool(tf.strings.regex_full_match("", pattern))
        except tf.errors.InvalidArgumentError as error:
            raise wrong(self, name, "be a regular expression as RE2 reads it", pattern) from error
        if empty and name == "split":
            raise wrong(self, name, "not match the empty string", pattern)
        return pattern
