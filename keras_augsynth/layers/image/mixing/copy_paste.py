from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_magnitude, wrong
from keras_augsynth.core.families.mixing import Mixing, fields_side_by_side, side_by_side, take_source
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops.random import threefry2x32
from keras_augsynth.ops.rows import expand


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

    def __init__(
        self,
        rate: float = 0.5,
        background: int | Sequence[int] = 0,
        *,
        num_classes: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(num_classes=num_classes, **kwargs)
        self.rate = check_magnitude(self, rate, "rate", 0.0, 1.0)
        listed = background if isinstance(background, (list, tuple)) else (background,)
        self.background = tuple(check_integer(self, number, "background") for number in listed)

    def draw(self, rng, view) -> Params:
        return {**self.identity_sources(view, 1), "sources": self.partners(rng, view, 1), "keys": rng.keys()}

    def identity_params(self, view) -> Params:
        return {**self.identity_sources(view, 1), "keys": ops.zeros((view.shape[0], 2), "uint32")}

    def mix(self, x, params, masks) -> Tensor:
        return ops.where(self._pasted(self._checked(masks), params), take_source(x, params, 1), x)

    def apply_masks(self, masks, params) -> Tensor:
        return ops.where(self._pasted(self._checked(masks), params), take_source(masks, params, 1), masks)

    def mix_boxes(self, boxes, fields, params, size, masks) -> tuple[Tensor, dict[str, Tensor]]:
        pasted = ops.cast(self._pasted(self._checked(masks), params)[..., 0], "float32")
        hidden = box_ops.total(pasted, boxes) / ops.maximum(box_ops.area(boxes), 1e-6)
        other, others = take_source(boxes, params, 1), take_source(fields, params, 1)
        numbers = next((others[name] for name in box_ops.NAMES_OF_CLASSES if name in others), None)
        own = self.seen(boxes, fields, 1.0 - hidden)
        if numbers is not None:
            others = self.seen(other, others, ops.cast(self._chosen(numbers, params), "float32"))
        return side_by_side([boxes, other]), fields_side_by_side([own, others])

    def _pasted(self, masks: Tensor, params: Params) -> Tensor:
        return self._chosen(take_source(masks, params, 1), params)

    def _chosen(self, numbers: Tensor, params: Params) -> Tensor:
        """Whether an object is pasted: a function of its number and the sample's key, the same in every pixel."""
        key = [expand(params["keys"][:, k], len(numbers.shape) - 1) for k in (0, 1)]
        word = threefry2x32(tuple(key), (ops.cast(ops.cast(numbers, "int32"), "uint32"), np.uint32(0)))[0]
        drawn = ops.cast(word, "float64") * 2.0**-32 < self.rate
        own = expand(ops.equal(params["sources"][:, 0], params["sources"][:, 1]), len(numbers.shape) - 1)
        for number in self.background:
            drawn = drawn & ops.not_equal(ops.cast(numbers, "int32"), number)
        return drawn & ops.logical_not(own)

    def _checked(self, masks: Tensor | None) -> Tensor:
        if masks is None or masks.shape[-1] != 1:
            received = None if masks is None else tuple(masks.shape)
            raise wrong(self, "segmentation_masks", "be given, with one channel of object numbers", received)
        return masks

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": strength, "num_classes": 10}
