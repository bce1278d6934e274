from typing import Any

import tensorflow as tf

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.layers.text.synonym_table import SynonymTable, check_table, example_table
from keras_augsynth.ops.text import edits, runs
from keras_augsynth.ops.text.draws import picked, uniforms_of
from keras_augsynth.ops.text.runs import where
from keras_augsynth.ops.text.tables import looked_up
from keras_augsynth.ops.text.words import Edits

_REPLACE, _INSERT, _SWAP, _DELETE = range(4)


class EDA(WordAugmentation):
    """Easy data augmentation: does one of four things to each text, each as likely as the others.

    Of the n = max(1, rate * words) words of a text: n words that have synonyms are replaced by one; or one synonym of
    each of n such words is inserted at a random place; or n pairs of words change places. Or each word is left out
    with chance `rate`. The paper lets a swap take part in another one; here the n pairs are n different ones.

    Args:
        table: a `SynonymTable`.
        rate: the paper's alpha, from 0 to 1; a pair (low, high) is drawn from for each text. See `recommended_rate`.
        **kwargs: as in `WordAugmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        TypeError: for a table of another kind.
        ValueError: for a rate outside [0, 1].

    Example:

    >>> table = SynonymTable.from_dict({"small": ["little", "tiny"]})
    >>> EDA(table, EDA.recommended_rate(500), seed=1)(["a small step"] * 8).shape
    TensorShape([8])

    Reference:
        Wei, Zou: EDA: easy data augmentation techniques. EMNLP 2019.
    """

    def __init__(self, table: SynonymTable, rate: Any = 0.1, **kwargs: Any):
        super().__init__(rate, **kwargs)
        self.table = check_table(self, table)

    @staticmethod
    def recommended_rate(texts: int) -> float:
        """The paper's rate for a data set of so many texts.

        With it go 16 new texts from each one for 500 texts, 8 for 2,000, and 4 for 5,000 and more: so many
        epochs of a training in which each text is drawn anew.
        """
        check_integer("EDA", texts, "texts", 1)
        return 0.05 if texts < 5000 else 0.1

    def draw(self, rng, view) -> Params:
        return {**super().draw(rng, view), "operation": rng.integers(0, 4)}

    def change(self, words, params) -> Tensor:
        keys, operation, rate, table = params["words"], params["operation"], params["rate"], self.table.tensors
        number = tf.maximum(tf.cast(rate * tf.cast(words.free_sizes, tf.float32), tf.int32), 1)
        of_known = tf.where(operation <= _INSERT, number, 0)
        _, known = picked(words, keys, of_known, 4 * number, lambda which: looked_up(table, words, which))
        operations = runs.take(operation, runs.take(words.rows, known.words))
        replaces, inserts = (known.at(where(tf.equal(operations, each))) for each in (_REPLACE, _INSERT))
        luck = lambda entries, stream: uniforms_of(words, keys, entries.words, stream)
        ranks, (swaps,) = picked(words, keys, tf.where(tf.equal(operation, _SWAP), 2 * number, 0), 4 * number)
        deletes = edits.chosen(words, keys, tf.where(tf.equal(operation, _DELETE), rate, 0.0))
        return words.edited(
            Edits.of(
                edits.replaced(words, table, replaces, luck(replaces, 2)),
                edits.inserted(words, table, inserts, luck(inserts, 2), luck(inserts, 3)),
                edits.swapped(words, swaps, ranks),
                words.removed(edits.not_the_last(words, keys, deletes)),
            )
        )

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"table": example_table(), "rate": 0.5 * strength}
