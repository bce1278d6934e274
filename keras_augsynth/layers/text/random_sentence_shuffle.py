from typing import Any

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.modalities import TEXT
from keras_augsynth.ops.text.edits import permuted
from keras_augsynth.ops.text.words import sentences


class RandomSentenceShuffle(Augmentation):
    """Puts the sentences of each text into a random order; a text of one sentence stays as it is.

    A sentence ends with ".", "!", "?" or "…" before white space, or with "。", "！" or "？". Abbreviations count as
    ends. What stands between the sentences stays in its place.

    Args:
        **kwargs: as in `Augmentation`.

    Input shape:
        `()`, `(batch,)` or `(batch, 1)`, strings.

    Output shape:
        As the input's.

    Example:

    >>> RandomSentenceShuffle(seed=1)("It rains. I stay.").numpy() in (b"It rains. I stay.", b"I stay. It rains.")
    True
    """

    modalities = (TEXT,)

    def draw(self, rng, view) -> Params:
        return {"sentences": rng.keys()}

    def apply(self, x, params) -> Tensor:
        found = sentences(x)
        return found.edited(permuted(found, params["sentences"]), in_order=True)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {}
