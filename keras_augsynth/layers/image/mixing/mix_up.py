from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_magnitude
from keras_augsynth.core.families.mixing import Mixing, fields_side_by_side, side_by_side, take_source
from keras_augsynth.core.modalities import NUMERIC
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops.rows import per_sample


class MixUp(Mixing):
    """Blends each sample with another one of its batch, and their labels alike.

    Args:
        alpha: above 0; shares are drawn from Beta(alpha, alpha) for each image. Small values leave most images
            almost as they are.
        num_classes: for integer labels; see `Mixing`.
        **kwargs: as in `Mixing`.

    Input shape:
        A batch of images, videos, volumes, sounds, spectrograms or rows; a single sample stays as it is.

    Output shape:
        As the input's. Masks of floats are blended; of integer masks that of the stronger image stays. The
        boxes of both images are kept.

    Raises:
        ValueError: for an alpha of 0 or less, or integer labels without `num_classes`.

    Example:

    >>> images, labels = MixUp(num_classes=3, seed=1)(np.zeros((4, 8, 8, 3)), np.array([0, 1, 2, 1]), training=True)
    >>> labels.shape
    TensorShape([4, 3])

    Reference:
        Zhang, Cisse, Dauphin, Lopez-Paz: mixup: beyond empirical risk minimization. ICLR 2018.
    """

    modalities = NUMERIC

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: str | None = None,
        seed: int | None = None,
        *,
        num_classes: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(num_classes=num_classes, data_format=data_format, seed=seed, **kwargs)
        self.alpha = check_magnitude(self, alpha, "alpha", 1e-3)

    def draw(self, rng, view) -> Params:
        share = rng.beta(self.alpha, self.alpha)
        return {"sources": self.partners(rng, view, 1), "weights": ops.stack([share, 1.0 - share], axis=1)}

    def identity_params(self, view) -> Params:
        return self.identity_sources(view, 1)

    def mix(self, x, params, masks) -> Tensor:
        share, other = per_sample(params["weights"][:, 0], x), take_source(x, params, 1)
        same = per_sample(ops.equal(params["sources"][:, 0], params["sources"][:, 1]), x)
        mixed = share * x + (1.0 - share) * other
        return ops.where(same | (share == 1.0), x, ops.where(share == 0.0, other, mixed))  # 0 * NaN would spread

    def apply_masks(self, masks, params) -> Tensor:
        if "float" in ops.dtype(masks):
            return ops.cast(self.mix(ops.cast(masks, "float32"), params, None), masks.dtype)
        own = per_sample(params["weights"][:, 0] >= 0.5, masks)
        return ops.where(own, masks, take_source(masks, params, 1))

    def mix_boxes(self, boxes, fields, params, size, masks) -> tuple[Tensor, dict[str, Tensor]]:
        both = [box_ops.marked(take_source(fields, params, k), params["weights"][:, k, None] > 0.0) for k in (0, 1)]
        return side_by_side([boxes, take_source(boxes, params, 1)]), fields_side_by_side(both)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"alpha": 0.05 + 2.0 * strength, "num_classes": 10}
