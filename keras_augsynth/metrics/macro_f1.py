from typing import Any

import keras
from keras import ops

from keras_augsynth.metrics.confusion import ConfusionMetric, Tensor, mean_where


@keras.saving.register_keras_serializable(package="keras_augsynth")
class MacroF1(ConfusionMetric):
    """The mean of the classes' F1 scores, each the harmonic mean of a class's precision and recall.

    A class that is neither among the labels nor among the predictions is left out of the mean, and one that is only
    predicted has an F1 of 0, as by `sklearn.metrics.f1_score(average="macro")`. Before any is seen the result is 0.
    `keras.metrics.F1Score(average="macro")` takes one-hot labels only, and counts classes that never occur as 0.

    Args:
        num_classes: number of classes, at least 2.
        threshold: above which a binary prediction is the second class: 0.5 for probabilities, 0 for logits.
        **kwargs: `name`; None is "macro_f1".

    Input shape:
        Labels: integers `(N,)` or `(N, 1)`, or `(N, C)`, whose largest counts. One outside 0 … C - 1 does not count.
        Predictions: logits or probabilities `(N, C)`; with two classes also `(N,)` or `(N, 1)`.

    Raises:
        TypeError: for a `num_classes` that is no integer.
        ValueError: for fewer than two classes, or shapes that do not fit them.

    Example:

    >>> metric = MacroF1(2)
    >>> round(float(metric([0, 0, 0, 1], [0.1, 0.2, 0.9, 0.9])), 3)  # 0.8 and 2/3
    0.733
    """

    def __init__(self, num_classes: int, threshold: float = 0.5, name: str | None = "macro_f1", **kwargs: Any):
        super().__init__(num_classes, threshold, name, **kwargs)

    def _value(self) -> Tensor:
        either = ops.sum(self.confusion, axis=0) + ops.sum(self.confusion, axis=1)
        return mean_where(ops.divide_no_nan(2.0 * ops.diagonal(self.confusion), either), either > 0)
