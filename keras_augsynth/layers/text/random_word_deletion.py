from typing import Any

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_magnitude
from keras_augsynth.core.modalities import TEXT
from keras_augsynth.ops import text


class RandomWordDeletion(Augmentation):
    """Leaves words out of each text at random, but never all of them.

    Words are what stands between white space. A text that loses a word has single spaces between the others;
    a text that loses none stays as it is, to the byte.

    Args:
        rate: chance of each word to be left out, from 0 to 1.
        **kwargs: as in `Augmentation`.

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

    modalities = (TEXT,)

    def __init__(self, rate: float = 0.1, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = check_magnitude(self, rate, "rate", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        return {"words": rng.keys()}

    def apply(self, x, params) -> Tensor:
        words = text.split(x)
        luck = text.uniform(words, params["words"])
        return text.keep(x, words, luck, self.rate)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": 0.5 * strength}
