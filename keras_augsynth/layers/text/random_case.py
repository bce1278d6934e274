import tensorflow as tf

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.ops.text.characters import cased
from keras_augsynth.ops.text.draws import uniforms_of
from keras_augsynth.ops.text.edits import chosen


class RandomCase(WordAugmentation):
    """Writes words of each text at random in lower case, in upper case, or with a capital letter.

    Args:
        rate: chance of each word to be written anew, from 0 to 1, in one of the three ways; a pair (low, high) is drawn
            from for each text.
        **kwargs: as in `WordAugmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside [0, 1].

    Example:

    >>> RandomCase(1.0, seed=1)("öl").numpy().decode() in ("öl", "ÖL", "Öl")
    True
    """

    def change(self, words, params) -> Tensor:
        places = chosen(words, params["words"], params["rate"])
        kind = uniforms_of(words, params["words"], places, 1)
        new = cased(words.strings(places), tf.cast(3.0 * kind, tf.int32))
        return words.edited(words.replaced(places, new), in_order=True)
