from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.checks import check_integer
from keras_augsynth.core.families.tokens import TokenAugmentation, Vocabulary
from keras_augsynth.ops import tokens
from keras_augsynth.ops.random import Random


class RandomTokenMask(TokenAugmentation):
    """Replaces tokens of each sample at random by a mask.

    Args:
        rate: chance of each token to be masked, from 0 to 1; a pair (low, high) is drawn from for each sample.
        mask_id: the id of the mask.
        padding_id: the id of padding, which is never touched.
        vocabulary_size: if it is given, it is done as for BERT: of the tokens that are drawn 80 % become the mask,
            10 % an id from 0 to `vocabulary_size` - 1 (but none of padding, mask and special ids), and 10 % stay.
        special_ids: ids that are never touched.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(steps,)` or `(batch, steps)`, integers.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside [0, 1], or a vocabulary without an id to draw.

    Example:

    >>> RandomTokenMask(1.0, mask_id=3, special_ids=[1])(np.array([[1, 7, 8, 0]])).numpy()
    array([[1, 3, 3, 0]])

    Reference:
        Devlin, Chang, Lee, Toutanova: BERT: pre-training of deep bidirectional transformers. NAACL 2019.
    """

    def __init__(
        self, rate: Any = 0.15, mask_id: int = 1, padding_id: int = 0, vocabulary_size: int | None = None, **kwargs: Any
    ):
        super().__init__(rate, padding_id=padding_id, **kwargs)
        self.mask_id = check_integer(self, mask_id, "mask_id")
        self._ids["mask_id"] = [self.mask_id]
        self.vocabulary_size = vocabulary_size
        if vocabulary_size is not None:
            size = check_integer(self, vocabulary_size, "vocabulary_size", 1)
            self._ids["vocabulary_size"] = [size - 1]
            never = [self.mask_id, self.padding_id, *self.special_ids]
            self._vocabulary = Vocabulary(self, "vocabulary_size", np.ones(size), never)

    def change(self, x, valid, params) -> tuple[Tensor, Tensor]:
        rng, shape = Random(params["tokens"]), (ops.shape(x)[1],)
        luck, kind = rng.uniform(shape=shape), rng.uniform(shape=shape)
        new = ops.full_like(x, self.mask_id)
        if self.vocabulary_size is not None:
            other = self._vocabulary.drawn(rng, shape[0], x.dtype)
            new = ops.where(kind < 0.8, new, ops.where(kind < 0.9, other, x))
        changed = ops.where(tokens.chosen(self.is_free(x, valid), luck, params["rate"]), new, x)
        return changed, tokens.count(valid)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": 0.5 * strength, "mask_id": 1}
