from typing import Any

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.layers.text.synonym_table import SynonymTable, check_table, example_table
from keras_augsynth.ops.text.draws import uniforms_of
from keras_augsynth.ops.text.edits import chosen, inserted
from keras_augsynth.ops.text.tables import looked_up


class RandomSynonymInsertion(WordAugmentation):
    """Inserts synonyms of words of each text, each at a random place of the same text.

    Args:
        table: a `SynonymTable`. Of words that it does not have nothing is inserted.
        rate: chance of each word that a synonym of it is inserted, from 0 to 1; a pair (low, high) is drawn from for
            each text.
        **kwargs: as in `WordAugmentation`. Of protected words nothing is inserted.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        TypeError: for a table of another kind.
        ValueError: for a rate outside [0, 1].

    Example:

    >>> table = SynonymTable.from_dict({"dog": ["hound"]})
    >>> RandomSynonymInsertion(table, 1.0, seed=1)("the dog").numpy() in (b"hound the dog", b"the hound dog")
    True

    Reference:
        Wei, Zou: EDA: easy data augmentation techniques. EMNLP 2019.
    """

    def __init__(self, table: SynonymTable, rate: Any = 0.1, **kwargs: Any):
        super().__init__(rate, **kwargs)
        self.table = check_table(self, table)

    def change(self, words, params) -> Tensor:
        places = chosen(words, params["words"], params["rate"])
        entries = looked_up(self.table.tensors, words, places)
        choice, target = (uniforms_of(words, params["words"], entries.words, stream) for stream in (1, 2))
        return words.edited(inserted(words, self.table.tensors, entries, choice, target))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"table": example_table(), "rate": 0.5 * strength}
