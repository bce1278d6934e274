from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, wrong
from keras_augsynth.core.mixing import Mixing, beside, take
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops import regions


class CutMix(Mixing):
    """Puts a rectangle of another image of the batch into each image; labels are mixed by their areas.

    Args:
        factor: the parameter a of Beta(a, a), from which the share of the image that stays is drawn; from 0 to
            1, drawn for each image from a pair; a number f means (0, f).
        num_classes: for integer labels; see `Mixing`.
        **kwargs: as in `Mixing`.

    Input shape:
        `(batch, height, width, channels)`; a single image stays as it is.

    Output shape:
        As the input's. Masks are cut with their images. Boxes of both images are kept as far as they are seen.

    Raises:
        ValueError: for a factor outside [0, 1], or integer labels without `num_classes`.

    Example:

    >>> images, labels = CutMix(num_classes=3, seed=1)(np.zeros((4, 8, 8, 3)), np.array([0, 1, 2, 1]), training=True)
    >>> labels.shape
    TensorShape([4, 3])

    Reference:
        Yun et al.: CutMix: regularization strategy to train strong classifiers with localizable features. ICCV 2019.
    """

    def __init__(self, factor: float | tuple[float, float] = 1.0, *, num_classes: int | None = None, **kwargs: Any):
        super().__init__(num_classes=num_classes, **kwargs)
        self.factor = check_factor(self, factor, low=0.0)
        if not self.factor[1]:
            raise wrong(self, "factor", "be above 0; `p=0` turns the layer off", factor)

    def draw(self, rng, shape) -> Params:
        alpha = ops.maximum(rng.uniform(*self.factor), 1e-3)
        side = ops.sqrt(1.0 - rng.beta(alpha, alpha))
        window = {}
        for name, length in (("y", shape[1]), ("x", shape[2])):
            half = ops.cast(ops.round(side * ops.cast(length, "float32") / 2.0), "int32")
            middle = rng.integers(0, length)
            window[f"{name}0"] = ops.clip(middle - half, 0, length)
            window[f"{name}1"] = ops.clip(middle + half, 0, length)
        inside = (window["y1"] - window["y0"]) * (window["x1"] - window["x0"])
        share = ops.cast(inside, "float32") / ops.cast(shape[1] * shape[2], "float32")
        return {"sources": self.others(rng, shape, 1), "weights": ops.stack([1.0 - share, share], axis=1), **window}

    def alone(self, shape) -> Params:
        nowhere = ops.zeros(shape[:1], "int32")
        return {**self.itself(shape, 1), "y0": nowhere, "y1": nowhere, "x0": nowhere, "x1": nowhere}

    def mix(self, x, params, masks) -> Tensor:
        column = lambda name: ops.expand_dims(params[name], 1)
        start = column("y0"), column("x0")
        inside = regions.rectangles(*start, column("y1") - start[0], column("x1") - start[1], ops.shape(x)[1:3])
        return ops.where(ops.expand_dims(inside, -1), take(x, params, 1), x)

    def apply_masks(self, masks, params) -> Tensor:
        return self.mix(masks, params, None)

    def mix_boxes(self, boxes, labels, params, size, masks) -> tuple[Tensor, Tensor | None]:
        window = ops.stack([ops.cast(params[name], "float32") for name in ("x0", "y0", "x1", "y1")], axis=-1)
        window = ops.expand_dims(window, 1)
        other = take(boxes, params, 1)
        cut = lambda t: ops.concatenate(
            [ops.maximum(t[..., :2], window[..., :2]), ops.minimum(t[..., 2:], window[..., 2:])], axis=-1
        )
        hidden = box_ops.area(cut(boxes)) / ops.maximum(box_ops.area(boxes), 1e-6)
        shown = box_ops.area(cut(other)) / ops.maximum(box_ops.area(other), 1e-6)
        inner = ops.where(ops.expand_dims(shown > 0.0, -1), cut(other), 0.0)
        own_labels = self.seen(boxes, labels, 1.0 - hidden)
        return beside([boxes, inner]), beside([own_labels, self.seen(other, take(labels, params, 1), shown)])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": 0.05 + 0.95 * strength, "num_classes": 10}
