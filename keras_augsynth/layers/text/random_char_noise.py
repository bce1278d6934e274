from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.checks import check_choice, wrong
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.ops.text.characters import KINDS, noisy, tables
from keras_augsynth.ops.text.draws import uniforms_of
from keras_augsynth.ops.text.edits import chosen


class RandomCharNoise(WordAugmentation):
    """Makes a typing or reading error in words of each text at random.

    Args:
        rate: chance of each word to get an error, from 0 to 1; a pair (low, high) is drawn from for each text. A word
            stays as it is where the error that was drawn is impossible, such as a drop in a word of one character.
        kinds: which errors there are, each as likely as the others: "keyboard", a key beside the right one on a US
            keyboard; "ocr", a character that looks alike in print; "swap", with the character behind it; "drop" and
            "double".
        **kwargs: as in `WordAugmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside [0, 1], or an unknown kind.

    Example:

    >>> RandomCharNoise(1.0, ["double"], seed=1)("ab").numpy() in (b"aab", b"abb")
    True
    """

    def __init__(self, rate: Any = 0.1, kinds: Sequence[str] = KINDS, **kwargs: Any):
        super().__init__(rate, **kwargs)
        if isinstance(kinds, str) or not len(kinds):
            raise wrong(self, "kinds", f"be a list of at least one of {list(KINDS)}", kinds)
        self.kinds = [check_choice(self, kind, "kinds", KINDS) for kind in kinds]
        self._tables = tables()

    def change(self, words, params) -> Tensor:
        places = chosen(words, params["words"], params["rate"])
        kind, place, value = (uniforms_of(words, params["words"], places, stream) for stream in (1, 2, 3))
        new = noisy(
            words.strings(places), self.kinds, tf.cast(kind * len(self.kinds), tf.int32), place, value, self._tables
        )
        return words.edited(words.replaced(places, new), in_order=True)
