from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_number, wrong
from keras_augsynth.core.mixing import Mixing, beside, take
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops.color import expand
from keras_augsynth.ops.random import threefry2x32


class CopyPaste(Mixing, listed=False):
    """Pastes the objects of another image of the batch onto each image, where the other's mask shows them.

    Needs a dictionary with "segmentation_masks", one channel of integers: the class of each pixel, or the number
    of its object. Boxes may come along; their labels are then the masks' numbers.

    Args:
        rate: chance of each of the other image's objects (mask numbers) to be pasted, from 0 to 1.
        background: the number in the mask that is no object.
        num_classes: for integer labels; see `Mixing`.
        **kwargs: as in `Mixing`.

    Input shape:
        `(batch, height, width, channels)`; a single image stays as it is.

    Output shape:
        As the input's; twice as many boxes, of which those that are hidden have label -1.

    Raises:
        ValueError: for images without masks.

    Example:

    >>> data = {"images": np.zeros((4, 8, 8, 3)), "segmentation_masks": np.ones((4, 8, 8, 1), int)}
    >>> CopyPaste(seed=1)(data, training=True)["images"].shape
    TensorShape([4, 8, 8, 3])

    Reference:
        Ghiasi et al.: Simple copy-paste is a strong data augmentation method for instance segmentation. CVPR 2021.
    """

    def __init__(self, rate: float = 0.5, background: int = 0, *, num_classes: int | None = None, **kwargs: Any):
        super().__init__(num_classes=num_classes, **kwargs)
        self.rate = check_number(self, rate, "rate", 0.0, 1.0)
        self.background = check_integer(self, background, "background")

    def draw(self, rng, shape) -> Params:
        return {**self.itself(shape, 1), "sources": self.others(rng, shape, 1), "keys": rng.keys()}

    def alone(self, shape) -> Params:
        return {**self.itself(shape, 1), "keys": ops.zeros((shape[0], 2), "uint32")}

    def mix(self, x, params, masks) -> Tensor:
        return ops.where(self._pasted(self._checked(masks), params), take(x, params, 1), x)

    def apply_masks(self, masks, params) -> Tensor:
        return ops.where(self._pasted(self._checked(masks), params), take(masks, params, 1), masks)

    def mix_boxes(self, boxes, labels, params, size, masks) -> tuple[Tensor, Tensor | None]:
        pasted = ops.cast(self._pasted(self._checked(masks), params)[..., 0], "float32")
        hidden = box_ops.total(pasted, boxes) / ops.maximum(box_ops.area(boxes), 1e-6)
        other, own_labels = take(boxes, params, 1), self.seen(boxes, labels, 1.0 - hidden)
        if labels is None:
            return beside([boxes, other]), None
        numbers = take(labels, params, 1)
        chosen = ops.cast(self._chosen(numbers, params), "float32")
        return beside([boxes, other]), beside([own_labels, self.seen(other, numbers, chosen)])

    def _pasted(self, masks: Tensor, params: Params) -> Tensor:
        return self._chosen(take(masks, params, 1), params)

    def _chosen(self, numbers: Tensor, params: Params) -> Tensor:
        """Whether an object is pasted: a function of its number and the sample's key, the same in every pixel."""
        key = [expand(params["keys"][:, k], len(numbers.shape) - 1) for k in (0, 1)]
        word = threefry2x32(tuple(key), (ops.cast(ops.cast(numbers, "int32"), "uint32"), np.uint32(0)))[0]
        drawn = ops.cast(word, "float64") * 2.0**-32 < self.rate
        own = expand(ops.equal(params["sources"][:, 0], params["sources"][:, 1]), len(numbers.shape) - 1)
        return drawn & ops.not_equal(ops.cast(numbers, "int32"), self.background) & ops.logical_not(own)

    def _checked(self, masks: Tensor | None) -> Tensor:
        if masks is None or masks.shape[-1] != 1:
            received = None if masks is None else tuple(masks.shape)
            raise wrong(self, "segmentation_masks", "be given, with one channel of object numbers", received)
        return masks

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": strength, "num_classes": 10}
