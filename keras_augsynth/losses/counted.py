"""What the losses share: class counts, labels of either form, logits or probabilities."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.checks import check_flag, wrong

Tensor = Any


def check_shares(owner: Any, value: Any, name: str) -> np.ndarray:
    """Counts or shares of two classes or more, all above 0, as float64."""
    try:
        shares = np.asarray(value)
    except ValueError:  # ragged
        shares = np.asarray(None)
    if shares.dtype.kind not in "iuf":
        raise wrong(owner, name, "be a sequence of numbers, one for each class", value, TypeError)
    if shares.ndim != 1 or len(shares) < 2:
        raise wrong(owner, name, "be one-dimensional, with a number for each of two classes or more", value)
    if not (np.isfinite(shares).all() and (shares > 0).all()):
        raise wrong(owner, name, "be finite and above 0 for each class (leave out a class that has no rows)", value)
    return shares.astype("float64")


class CountedLoss(keras.losses.Loss):
    """A loss of labels and of one prediction for each class, with the training rows of each class known.

    It is always computed in float32: bfloat16 has no labels above 256.
    """

    def __init__(
        self,
        class_counts: Sequence[float],
        from_logits: bool = True,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
    ):
        super().__init__(name=name, reduction=reduction, dtype="float32")
        self._counts = check_shares(self, class_counts, "class_counts")
        self.class_counts = np.asarray(class_counts).tolist()
        self.from_logits = check_flag(self, from_logits, "from_logits")

    def losses(self, targets: Tensor, logits: Tensor) -> Tensor:
        """`(N,)` of targets and logits `(N, C)`, which are the same for a shift of all logits."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_pred = ops.cast(y_pred, "float32")
        classes = len(self.class_counts)
        if tuple(y_pred.shape[-1:]) != (classes,):
            requirement = f"have {classes} values in its last axis, one for each of `class_counts`"
            raise wrong(self, "y_pred", requirement, tuple(y_pred.shape))
        logits = y_pred if self.from_logits else ops.log(ops.maximum(y_pred, keras.config.epsilon()))
        return self.losses(self._targets(y_true, len(logits.shape)), logits)

    def _targets(self, y_true: Tensor, rank: int) -> Tensor:
        y_true = ops.convert_to_tensor(y_true)
        classes = len(self.class_counts)
        width = y_true.shape[-1] if len(y_true.shape) == rank else 1
        if len(y_true.shape) not in (rank - 1, rank) or width not in (1, classes):
            requirement = f"hold integers (N,) or (N, 1), or shares (N, {classes}) as `class_counts` has classes"
            raise wrong(self, "y_true", requirement, tuple(y_true.shape))
        if width == classes:
            return ops.cast(y_true, "float32")
        labels = y_true if len(y_true.shape) < rank else ops.squeeze(y_true, -1)
        return ops.one_hot(ops.cast(labels, "int32"), classes, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "class_counts": self.class_counts, "from_logits": self.from_logits}


def cross_entropy(targets: Tensor, logits: Tensor) -> Tensor:
    return -ops.sum(targets * ops.log_softmax(logits), axis=-1)
