from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.ops.text.edits import chosen, not_the_last


class RandomWordDeletion(WordAugmentation):
    """Leaves words out of each text at random, but never all of them.

    A word goes together with the white space in front of it.

    Args:
        rate: chance of each word to be left out, from 0 to 1; a pair (low, high) is drawn from for each text.
        **kwargs: as in `WordAugmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside [0, 1].

    Example:

    >>> RandomWordDeletion(0.3, seed=1)(["a small step for a layer"]).shape
    TensorShape([1])

    Reference:
        Wei, Zou: EDA: easy data augmentation techniques. EMNLP 2019.
    """

    def change(self, words, params) -> Tensor:
        places = not_the_last(words, params["words"], chosen(words, params["words"], params["rate"]))
        return words.edited(words.removed(places), in_order=True)
