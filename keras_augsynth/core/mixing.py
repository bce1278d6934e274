"""`Mixing`: augmentations that make a sample out of several of its batch."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_integer, check_number, wrong
from keras_augsynth.core.stages import MixingStage
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops.color import expand
from keras_augsynth.ops.random import Random


class Mixing(Augmentation, listed=False):
    """An augmentation that makes each sample out of several of its batch; their labels are mixed by their shares.

    `draw` returns, among what else `mix` needs, "sources" int32 `(N, k)`, the rows of the batch that enter
    sample i, itself first; and "weights" float32 `(N, k)`, their shares, which sum to 1.

    Args:
        num_classes: turns integer labels into mixed vectors of this length, in training and in inference.
            None for labels that are one-hot already.
        min_visibility: from 0 to 1, the part of a box's area that must be seen in the result; the labels of
            other boxes become -1.
        **kwargs: as in `Augmentation`.

    Labels come back as float32 `(N, classes)`. The boxes of all sources stand side by side, so there are more of
    them. Samples depend on who else is in the batch, with ids, too.
    """

    stage = MixingStage
    mixes = True

    def __init__(self, *, num_classes: int | None = None, min_visibility: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_classes = num_classes if num_classes is None else check_integer(self, num_classes, "num_classes", 2)
        self.min_visibility = check_number(self, min_visibility, "min_visibility", 0.0, 1.0)

    # What a layer's author writes, besides `draw`.

    def mix(self, x: Tensor, params: Params, masks: Tensor | None) -> Tensor:
        """The mixed images."""
        raise NotImplementedError(f"{type(self).__name__} must define `mix`.")

    def mix_boxes(
        self, boxes: Tensor, labels: Tensor | None, params: Params, size: Sequence[int], masks: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """The boxes `(N, k B, 4)`, "xyxy", and labels `(N, k B)` of all sources."""
        raise NotImplementedError(f"{type(self).__name__} must define `mix_boxes`.")

    def alone(self, shape: Sequence[int]) -> Params:
        """What stands in place of a draw for samples that stay as they are."""
        raise NotImplementedError(f"{type(self).__name__} must define `alone`.")

    # What they have in common.

    def others(self, rng: Random, shape: Sequence[int], count: int) -> Tensor:
        """int32 `(N, 1 + count)`: each row's own number and those of `count` others of the batch."""
        n = ops.cast(shape[0], "int32")
        own = ops.expand_dims(ops.arange(shape[0], dtype="int32"), 1)
        steps = rng.integers(1, ops.maximum(n, 2), (count,))
        return ops.concatenate([own, (own + steps) % ops.maximum(n, 1)], axis=1)

    def itself(self, shape: Sequence[int], count: int) -> Params:
        """Sources and weights of samples that stay as they are."""
        own = ops.expand_dims(ops.arange(shape[0], dtype="int32"), 1)
        first = ops.cast(ops.equal(ops.arange(1 + count), 0), "float32")
        sources = ops.broadcast_to(own, (shape[0], 1 + count))
        return {"sources": sources, "weights": ops.broadcast_to(first, (shape[0], 1 + count))}

    def encode(self, labels: Tensor) -> Tensor:
        """Labels as float32 `(N, classes)`."""
        if keras.tree.is_nested(labels):
            raise wrong(self, "labels", "be one tensor", type(labels).__name__, TypeError)
        sparse = len(labels.shape) == 1 or (labels.shape[-1] == 1 and len(labels.shape) == 2)
        if not sparse:
            return ops.cast(labels, "float32")
        if self.num_classes is None:
            needed = "be one-hot, (batch, classes), or `num_classes` be given to mix integers"
            raise wrong(self, "labels", needed, tuple(labels.shape))
        if "int" not in keras.backend.standardize_dtype(labels.dtype):
            raise wrong(self, "labels", "be integers or one-hot", labels.dtype, TypeError)
        return ops.one_hot(ops.reshape(labels, (-1,)), self.num_classes, dtype="float32")

    def apply_labels(self, labels: Tensor, params: Params) -> Tensor:
        labels, total = self.encode(labels), 0.0
        for k in range(params["sources"].shape[1]):
            source = ops.take(labels, params["sources"][:, k], axis=0)
            total = total + expand(params["weights"][:, k], len(labels.shape) - 1) * source
        return total

    def seen(self, boxes: Tensor, labels: Tensor | None, part: Tensor) -> Tensor | None:
        """Labels with -1 for boxes of which too little is seen: `part` `(N, B)` is the share of their area."""
        if labels is None:
            return None
        kept = (part > 0.0) & (part >= self.min_visibility) & (box_ops.area(boxes) > 0.0)
        return ops.where(kept, labels, ops.cast(-1, labels.dtype))


def beside(parts: Sequence[Tensor | None]) -> Tensor | None:
    """Boxes or labels of several sources in one row; None where there are none."""
    return None if parts[0] is None else ops.concatenate(list(parts), axis=1)


def take(t: Tensor | None, params: Params, k: int) -> Tensor | None:
    """What belongs to the k-th source of each sample."""
    return None if t is None else ops.take(t, params["sources"][:, k], axis=0)
