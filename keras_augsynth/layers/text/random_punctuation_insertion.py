from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.ops.text.draws import picked, uniforms_of


class RandomPunctuationInsertion(WordAugmentation):
    """Puts punctuation marks in front of some words of each text (AEDA). The words and their order stay.

    Before a `TextVectorization` that leaves punctuation out, as it does by default, this has no effect.

    Args:
        rate: how many marks are inserted in proportion to the number of words, from 0 to 1, and one more: drawn for
            each text from a pair (low, high). The paper's is up to 0.3.
        marks: from which each mark is drawn.
        **kwargs: as in `WordAugmentation`. No mark is put in front of a protected word.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        TypeError: for marks that are not strings.
        ValueError: for a rate outside [0, 1], or no mark.

    Example:

    >>> text = RandomPunctuationInsertion(seed=1)("to and fro").numpy().decode()
    >>> [word for word in text.split() if word not in ".;?:!,"]
    ['to', 'and', 'fro']

    Reference:
        Karimi, Rossi, Prati: AEDA: an easier data augmentation technique for text classification. EMNLP Findings 2021.
    """

    def __init__(self, rate: Any = (0.0, 0.3), marks: Sequence[str] = (".", ";", "?", ":", "!", ","), **kwargs: Any):
        super().__init__(rate, **kwargs)
        if not isinstance(marks, (list, tuple)) or not all(isinstance(mark, str) for mark in marks):
            raise wrong(self, "marks", "be a list of strings", marks, TypeError)
        if not len(marks):
            raise wrong(self, "marks", "hold at least one string", marks)
        self.marks = list(marks)

    def change(self, words, params) -> Tensor:
        keys = params["words"]
        number = 1 + tf.cast(tf.round(params["rate"] * tf.cast(words.free_sizes, tf.float32)), tf.int32)
        _, (places,) = picked(words, keys, number, 2 * number)
        mark = tf.cast(uniforms_of(words, keys, places, 2) * len(self.marks), tf.int32)
        return words.edited(words.inserted(places, tf.gather(self.marks, mark)))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": (0.0, 0.6 * strength)}
