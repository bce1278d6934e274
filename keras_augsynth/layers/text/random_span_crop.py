from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.words import WordAugmentation
from keras_augsynth.ops.text.edits import outside


class RandomSpanCrop(WordAugmentation):
    """Keeps a run of neighbouring words of each text, from a random place on.

    Args:
        keep: which part of the words is kept, from 0 to 1; a pair (low, high) is drawn from for each text. At least
            one word is kept. Protected words outside of the run are kept, too.
        **kwargs: as in `WordAugmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a part outside [0, 1].

    Example:

    >>> len(RandomSpanCrop(0.5, seed=1)("one two three four").numpy().split())
    2
    """

    fixed_arguments = ("rate",)

    def __init__(self, keep: Any = (0.7, 1.0), **kwargs: Any):
        super().__init__(**kwargs)
        self.keep = check_range(self, keep, "keep", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        return {"share": rng.uniform(*self.keep), "start": rng.uniform()}

    def change(self, words, params) -> Tensor:
        return words.edited(words.removed(outside(words, params["share"], params["start"])), in_order=True)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"keep": (1.0 - 0.7 * strength, 1.0)}
