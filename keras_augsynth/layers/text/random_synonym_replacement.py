from typing import Any

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.layers.text.synonym_table import SynonymTable, check_table, example_table
from keras_augsynth.ops.text.draws import uniforms_of
from keras_augsynth.ops.text.edits import chosen, replaced
from keras_augsynth.ops.text.tables import looked_up


class RandomSynonymReplacement(WordAugmentation):
    """Replaces words of each text at random by synonyms.

    Args:
        table: a `SynonymTable`. Words that it does not have stay as they are.
        rate: chance of each word to be replaced, from 0 to 1; a pair (low, high) is drawn from for each text.
        **kwargs: as in `WordAugmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        TypeError: for a table of another kind.
        ValueError: for a rate outside [0, 1].

    Example:

    >>> table = SynonymTable.from_dict({"quick": ["fast"], "dog": ["hound"]})
    >>> RandomSynonymReplacement(table, 1.0)(["Quick, quick!", "the dog"]).numpy().tolist()
    [b'Fast, fast!', b'the hound']

    Reference:
        Zhang, Zhao, LeCun: Character-level convolutional networks for text classification. NeurIPS 2015.
    """

    def __init__(self, table: SynonymTable, rate: Any = 0.1, **kwargs: Any):
        super().__init__(rate, **kwargs)
        self.table = check_table(self, table)

    def change(self, words, params) -> Tensor:
        places = chosen(words, params["words"], params["rate"])
        entries = looked_up(self.table.tensors, words, places)
        choice = uniforms_of(words, params["words"], entries.words, 1)
        return words.edited(replaced(words, self.table.tensors, entries, choice), in_order=True)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"table": example_table(), "rate": 0.5 * strength}
