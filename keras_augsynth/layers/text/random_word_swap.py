from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.ops.text import runs
from keras_augsynth.ops.text.draws import picked, uniforms
from keras_augsynth.ops.text.edits import swapped


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
        keys, pairs = params["words"], words.free_sizes // 2
        number = runs.number_of(uniforms(keys, pairs, 2) < runs.repeated(params["rate"], pairs), pairs)
        ranks, (places,) = picked(words, keys, 2 * number, 4 * number)
        return words.edited(swapped(words, places, ranks))
