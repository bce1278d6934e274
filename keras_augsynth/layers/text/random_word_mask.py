from typing import Any

import tensorflow as tf

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.ops.text.edits import chosen


class RandomWordMask(WordAugmentation):
    """Replaces words of each text at random by a mask.

    Args:
        rate: chance of each word to be masked, from 0 to 1; a pair (low, high) is drawn from for each text.
        mask: what stands in place of a masked word.
        **kwargs: as in `WordAugmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        TypeError: for a mask that is not a string.
        ValueError: for a rate outside [0, 1].

    Example:

    >>> RandomWordMask(1.0)("to and fro").numpy()
    b'[MASK] [MASK] [MASK]'

    Reference:
        Devlin, Chang, Lee, Toutanova: BERT: pre-training of deep bidirectional transformers. NAACL 2019.
    """

    def __init__(self, rate: Any = 0.1, mask: str = "[MASK]", **kwargs: Any):
        super().__init__(rate, **kwargs)
        if not isinstance(mask, str):
            raise wrong(self, "mask", "be a string", mask, TypeError)
        self.mask = mask

    def change(self, words, params) -> Tensor:
        places = chosen(words, params["words"], params["rate"])
        return words.edited(words.replaced(places, tf.fill(tf.shape(places), self.mask)), in_order=True)
