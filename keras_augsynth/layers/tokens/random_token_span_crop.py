from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.tokens import TokenAugmentation
from keras_augsynth.ops import tokens


class RandomTokenSpanCrop(TokenAugmentation):
    """Keeps a run of neighbouring tokens of each sample, from a random place on; they move up.

    Args:
        keep: which part of the tokens is kept, from 0 to 1; a pair (low, high) is drawn from for each sample. At least
            one token is kept.
        padding_id: the id of padding, which fills the freed places.
        special_ids: ids that are kept wherever they stand.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(steps,)` or `(batch, steps)`, integers.

    Output shape:
        As the input's; "lengths" become shorter.

    Raises:
        ValueError: for a part outside [0, 1].

    Example:

    >>> RandomTokenSpanCrop(0.5, special_ids=[1], seed=1)(np.array([[1, 7, 7, 0]])).numpy()
    array([[1, 7, 0, 0]])
    """

    fixed_arguments = ("rate",)
    shortens = moves_contents = True

    def __init__(self, keep: Any = (0.7, 1.0), padding_id: int = 0, **kwargs: Any):
        super().__init__(padding_id=padding_id, **kwargs)
        self.keep = check_range(self, keep, "keep", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        return {"share": rng.uniform(*self.keep), "start": rng.uniform()}

    def change(self, x, valid, params) -> tuple[Tensor, Tensor]:
        stays = tokens.span(self.is_free(x, valid), params["share"], params["start"])
        return tokens.kept(x, valid, stays, self.padding_id)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"keep": (1.0 - 0.7 * strength, 1.0)}
