from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.tokens import TokenAugmentation
from keras_augsynth.ops import tokens
from keras_augsynth.ops.random import Random


class RandomTokenDeletion(TokenAugmentation):
    """Leaves tokens out of each sample at random, but never all of them; the others move up.

    Args:
        rate: chance of each token to be left out, from 0 to 1; a pair (low, high) is drawn from for each sample.
        padding_id: the id of padding, which fills the freed places.
        special_ids: ids that are never left out.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(steps,)` or `(batch, steps)`, integers.

    Output shape:
        As the input's; "lengths" become shorter.

    Raises:
        ValueError: for a rate outside [0, 1].

    Example:

    >>> RandomTokenDeletion(1.0, special_ids=[1], seed=1)(np.array([[1, 7, 7, 0]])).numpy()
    array([[1, 7, 0, 0]])

    Reference:
        Wei, Zou: EDA: easy data augmentation techniques. EMNLP 2019.
    """

    shortens = moves_contents = True

    def __init__(self, rate: Any = 0.1, padding_id: int = 0, **kwargs: Any):
        super().__init__(rate, padding_id=padding_id, **kwargs)

    def change(self, x, valid, params) -> tuple[Tensor, Tensor]:
        luck = Random(params["tokens"]).uniform(shape=(ops.shape(x)[1],))
        stays = tokens.without(self.is_free(x, valid), luck, params["rate"])
        return tokens.kept(x, valid, stays, self.padding_id)
