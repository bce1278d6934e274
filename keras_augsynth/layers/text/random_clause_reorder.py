from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_range, wrong
from keras_augsynth.core.modalities import TEXT
from keras_augsynth.ops.text.clauses import CONJUNCTIONS, reordered
from keras_augsynth.ops.text.edits import chosen
from keras_augsynth.ops.text.words import sentences


class RandomClauseReorder(Augmentation):
    """Lets the two clauses of sentences change places at random: "A, because B." becomes "Because B, A." and back.

    Only sentences of two clauses with one comma between them change. A capital letter at the start is taken back from
    articles and pronouns alone, since it may be a part of any other word.

    Args:
        rate: chance of each such sentence to be changed, from 0 to 1; a pair (low, high) is drawn from for each text.
        conjunctions: with which the second clause, or the first, begins, in lower case. The usual ones are English.
        **kwargs: as in `Augmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Raises:
        TypeError: for conjunctions that are not strings.
        ValueError: for a rate outside [0, 1], or no conjunction.

    Example:

    >>> RandomClauseReorder(1.0)("We stay, because it rains. Good.").numpy()
    b'Because it rains, we stay. Good.'
    """

    modalities = (TEXT,)

    def __init__(self, rate: Any = 0.5, conjunctions: Sequence[str] = CONJUNCTIONS, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = check_range(self, rate, "rate", 0.0, 1.0)
        if not isinstance(conjunctions, (list, tuple)) or not all(isinstance(word, str) for word in conjunctions):
            raise wrong(self, "conjunctions", "be a list of strings", conjunctions, TypeError)
        if not len(conjunctions):
            raise wrong(self, "conjunctions", "hold at least one word", conjunctions)
        self.conjunctions = list(conjunctions)

    def draw(self, rng, view) -> Params:
        return {"sentences": rng.keys(), "rate": rng.uniform(*self.rate)}

    def apply(self, x, params) -> Tensor:
        found = sentences(x)
        places = chosen(found, params["sentences"], params["rate"])
        return found.edited(found.replaced(places, reordered(found.strings(places), self.conjunctions)), in_order=True)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": strength}
