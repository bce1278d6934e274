"""What the metrics of a classifier share: a confusion matrix, a batch at a time."""

from typing import Any

import keras
from keras import ops

from keras_augsynth.core.checks import check_integer, check_number, wrong

Tensor = Any


class ConfusionMetric(keras.metrics.Metric):
    """A metric that follows from how often each class was taken for each.

    `confusion[i, j]` is the weight of the rows of class i that were taken for j, in float64 whatever the dtype of the
    result: so the batches' sizes and order make no difference, and long epochs none to the counts.
    """

    def __init__(self, num_classes: int, threshold: float = 0.5, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **{"dtype": "float64", **kwargs})
        self._direction = "up"  # where callbacks look for what is better
        self.num_classes = check_integer(self, num_classes, "num_classes", 2)
        self.threshold = check_number(self, threshold, "threshold")
        self.confusion = self.add_variable((num_classes, num_classes), "zeros", dtype="float64", name="confusion")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Takes in labels and predictions, and their weights `(N,)` or `(N, 1)` if they have any."""
        predicted = self._predicted(ops.convert_to_tensor(y_pred))
        true = self._true(ops.convert_to_tensor(y_true))
        weights = ops.cast(1.0 if sample_weight is None else sample_weight, "float64")
        weights = ops.broadcast_to(ops.reshape(weights, (-1,)), ops.shape(true))
        valid = ops.logical_and(true >= 0, true < self.num_classes)
        cells = ops.where(valid, true * self.num_classes + predicted, 0)
        counts = ops.segment_sum(ops.where(valid, weights, 0.0), cells, self.num_classes**2)
        self.confusion.assign_add(ops.reshape(counts, self.confusion.shape))

    def _true(self, labels: Tensor) -> Tensor:
        shape, classes = labels.shape, self.num_classes
        if len(shape) == 2 and shape[1] == classes:
            return ops.argmax(labels, axis=1)
        if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
            return ops.cast(ops.reshape(labels, (-1,)), "int32")
        requirement = f"be integers (N,) or (N, 1), or one-hot (N, {classes}), where `num_classes` is {classes}"
        raise wrong(self, "y_true", requirement, tuple(shape))

    def _predicted(self, predictions: Tensor) -> Tensor:
        shape, classes = predictions.shape, self.num_classes
        if len(shape) == 2 and shape[1] == classes:
            return ops.argmax(predictions, axis=1)
        if classes == 2 and (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)):
            return ops.cast(ops.reshape(predictions, (-1,)) > self.threshold, "int32")
        binary = ", or (N,) or (N, 1) for the second class" if classes == 2 else ""
        requirement = f"have the shape (N, {classes}){binary}, where `num_classes` is {classes}"
        raise wrong(self, "y_pred", requirement, tuple(shape))

    def result(self) -> Tensor:
        return ops.cast(self._value(), self.dtype)

    def _value(self) -> Tensor:
        """The metric, in float64."""
        raise NotImplementedError

    def recalls(self) -> tuple[Tensor, Tensor]:
        """Each class's recall, and whether it has rows; without, its recall is 0."""
        support = ops.sum(self.confusion, axis=1)
        return ops.divide_no_nan(ops.diagonal(self.confusion), support), support > 0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_classes": self.num_classes, "threshold": self.threshold}


def mean_where(values: Tensor, seen: Tensor) -> Tensor:
    """The mean of those values that are seen; 0 where none is."""
    return ops.divide_no_nan(ops.sum(ops.where(seen, values, 0.0)), ops.sum(ops.cast(seen, values.dtype)))
