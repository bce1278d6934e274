from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_number
from keras_augsynth.core.mixing import Mixing, beside, take
from keras_augsynth.ops.color import expand


class MixUp(Mixing):
    """Blends each image with another one of its batch, and their labels alike.

    Args:
        alpha: above 0; shares are drawn from Beta(alpha, alpha) for each image. Small values leave most images
            almost as they are.
        num_classes: for integer labels; see `Mixing`.
        **kwargs: as in `Mixing`.

    Input shape:
        `(batch, height, width, channels)`; a single image stays as it is.

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

    def __init__(self, alpha: float = 0.2, *, num_classes: int | None = None, **kwargs: Any):
        super().__init__(num_classes=num_classes, **kwargs)
        self.alpha = check_number(self, alpha, "alpha", 1e-3)

    def draw(self, rng, shape) -> Params:
        share = rng.beta(self.alpha, self.alpha)
        return {"sources": self.others(rng, shape, 1), "weights": ops.stack([share, 1.0 - share], axis=1)}

    def alone(self, shape) -> Params:
        return self.itself(shape, 1)

    def mix(self, x, params, masks) -> Tensor:
        share, other = expand(params["weights"][:, 0], 3), take(x, params, 1)
        same = expand(ops.equal(params["sources"][:, 0], params["sources"][:, 1]), 3)
        mixed = share * x + (1.0 - share) * other
        return ops.where(same | (share == 1.0), x, ops.where(share == 0.0, other, mixed))  # 0 * NaN would spread

    def apply_masks(self, masks, params) -> Tensor:
        if "float" in ops.dtype(masks):
            return ops.cast(self.mix(ops.cast(masks, "float32"), params, None), masks.dtype)
        return ops.where(expand(params["weights"][:, 0] >= 0.5, 3), masks, take(masks, params, 1))

    def mix_boxes(self, boxes, labels, params, size, masks) -> tuple[Tensor, Tensor | None]:
        every, names = beside([boxes, take(boxes, params, 1)]), None
        if labels is not None:
            shares = [ops.expand_dims(params["weights"][:, k], 1) > 0.0 for k in (0, 1)]
            nothing = ops.cast(-1, labels.dtype)
            names = beside([ops.where(s, take(labels, params, k), nothing) for k, s in enumerate(shares)])
        return every, names

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"alpha": 0.05 + 2.0 * strength, "num_classes": 10}
