from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.arrivals import Arrival
from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_magnitude
from keras_augsynth.core.families.mixing import Mixing, take_source
from keras_augsynth.core.families.tokens import about_ids, check_held, check_ids
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.core.modalities import TOKENS
from keras_augsynth.core.notices import Advice
from keras_augsynth.ops import tokens


class TokenCutMix(Mixing):
    """Replaces a run of tokens of each sample by those of another one of its batch, and mixes their labels alike.

    Only places where both samples have a token that may be touched are replaced; so lengths, padding and special ids
    stay. The label's share of the other sample is the share of tokens that came from it.

    Args:
        alpha: above 0; shares are drawn from Beta(alpha, alpha) for each sample.
        padding_id: the id of padding.
        special_ids: ids that are never touched.
        num_classes: for integer labels; see `Mixing`.
        **kwargs: as in `Mixing`.

    Input shape:
        `(batch, steps)`, integers; a single sample stays as it is.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an alpha of 0 or less, or integer labels without `num_classes`.

    Example:

    >>> tokens, labels = np.array([[5, 6, 7, 0], [8, 9, 8, 9]]), np.array([0, 1])
    >>> mixed, shares = TokenCutMix(num_classes=2, seed=1)(tokens, labels, training=True)
    >>> np.allclose(shares, [[np.mean(row[:n] < 8), np.mean(row[:n] >= 8)] for row, n in zip(mixed.numpy(), (3, 4))])
    True

    Reference:
        Yun, Han, Oh, Chun, Choe, Yoo: CutMix: regularization strategy to train strong classifiers. ICCV 2019.
    """

    modalities = (TOKENS,)
    apply_dtype = None

    def __init__(self, alpha: float = 1.0, *, padding_id: int = 0, special_ids: Sequence[int] = (), **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = check_magnitude(self, alpha, "alpha", 1e-3)
        self.padding_id = check_integer(self, padding_id, "padding_id")
        self.special_ids = check_ids(self, special_ids, "special_ids")

    def doubts(self, arrival: Arrival) -> Advice:
        return about_ids(arrival, self.padding_id, self.special_ids)

    def draw(self, rng, view) -> Params:
        share = rng.beta(self.alpha, self.alpha)
        weights = ops.stack([share, 1.0 - share], axis=1)
        return {"sources": self.partners(rng, view, 1), "weights": weights, "start": rng.uniform()}

    def identity_params(self, view) -> Params:
        return {**self.identity_sources(view, 1), "start": ops.zeros((view.shape[0],))}

    def settled(self, x, params) -> Params:
        check_held(self, {"padding_id": [self.padding_id], "special_ids": self.special_ids}, ops.dtype(x))
        free = tokens.free(x, tokens.valid(x, current_view().lengths, self.padding_id), self.special_ids)
        both = ops.logical_and(free, take_source(free, params, 1))
        common, own = tokens.count(both), tokens.count(free)
        length = ops.cast(ops.round(params["weights"][:, 1] * ops.cast(common, "float32")), "int32")
        start = tokens.below(params["start"], common - length + 1)
        number = ops.cumsum(ops.cast(both, "int32"), axis=1) - 1
        inside = ops.logical_and(number >= start[:, None], number < (start + length)[:, None])
        share = ops.cast(length, "float32") / ops.cast(ops.maximum(own, 1), "float32")
        weights = ops.stack([1.0 - share, share], axis=1)
        return {**params, "weights": weights, "inside": ops.logical_and(inside, both)}

    def mix(self, x, params, masks) -> Tensor:
        return ops.where(params["inside"], take_source(x, params, 1), x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"alpha": 0.05 + 2.0 * strength, "num_classes": 10}
