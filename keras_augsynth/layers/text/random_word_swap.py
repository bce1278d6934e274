from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.ops.text.draws import shuffled, uniforms
from keras_augsynth.ops.text.edits import swapped
from keras_augsynth.ops.text.runs import repeated, where


class RandomWordSwap(WordAugmentation):
    """Lets words of a text change places with others of the same text.

    Args:
        rate: chance of each word to change places with another one, from 0 to 1; a pair (low, high) is drawn from for
            each text. One word of an odd number, each time another, has no partner and stays.
        **kwargs: as in `WordAugmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside [0, 1].

    Example:

    >>> swapped = RandomWordSwap(1.0, seed=1)("to and fro")
    >>> sorted(swapped.numpy().decode().split())
    ['and', 'fro', 'to']

    Reference:
        Wei, Zou: EDA: easy data augmentation techniques. EMNLP 2019.
    """

    def change(self, words, params) -> Tensor:
        order = shuffled(words, uniforms(params["words"], words.sizes), where(words.free))
        pairs = uniforms(params["words"], order.sizes, 1) < repeated(params["rate"], order.sizes)
        return words.edited(swapped(words, order, pairs))
