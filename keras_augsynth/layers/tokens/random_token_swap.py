from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.tokens import TokenAugmentation
from keras_augsynth.ops import tokens
from keras_augsynth.ops.random import Random


class RandomTokenSwap(TokenAugmentation):
    """Lets tokens of a sample change places with others of the same sample.

    Args:
        rate: chance of each token to change places with another one, from 0 to 1; a pair (low, high) is drawn from for
            each sample. One token of an odd number, each time another, has no partner and stays.
        padding_id: the id of padding, which is never touched.
        special_ids: ids that are never touched.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(steps,)` or `(batch, steps)`, integers.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside [0, 1].

    Example:

    >>> RandomTokenSwap(1.0)(np.array([[5, 6, 0]])).numpy()
    array([[6, 5, 0]])

    Reference:
        Wei, Zou: EDA: easy data augmentation techniques. EMNLP 2019.
    """

    moves_contents = True

    def __init__(self, rate: Any = 0.1, padding_id: int = 0, **kwargs: Any):
        super().__init__(rate, padding_id=padding_id, **kwargs)

    def change(self, x, valid, params) -> tuple[Tensor, Tensor]:
        rng, shape = Random(params["tokens"]), (ops.shape(x)[1],)
        luck, pair_luck = rng.uniform(shape=shape), rng.uniform(shape=shape)
        changed = tokens.swapped(x, self.is_free(x, valid), luck, pair_luck, params["rate"])
        return changed, tokens.count(valid)
