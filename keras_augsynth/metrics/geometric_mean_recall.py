from typing import Any

import keras
from keras import ops

from keras_augsynth.metrics.confusion import ConfusionMetric, Tensor, mean_where


@keras.saving.register_keras_serializable(package="keras_augsynth")
class GeometricMeanRecall(ConfusionMetric):
    """The geometric mean of the classes' recalls: 0 as soon as one class is never found.

    A class whose label was not seen is left out of the mean. (`imblearn.metrics.geometric_mean_score` does so too,
    unless something was taken for that class, which makes it 0.) Before any is seen the result is 0.

    Args:
        num_classes: number of classes, at least 2.
        threshold: above which a binary prediction is the second class: 0.5 for probabilities, 0 for logits.
        **kwargs: `name`; None is "geometric_mean_recall".

    Input shape:
        Labels: integers `(N,)` or `(N, 1)`, or `(N, C)`, whose largest counts. One outside 0 … C - 1 does not count.
        Predictions: logits or probabilities `(N, C)`; with two classes also `(N,)` or `(N, 1)`.

    Raises:
        TypeError: for a `num_classes` that is no integer.
        ValueError: for fewer than two classes, or shapes that do not fit them.

    Example:

    >>> metric = GeometricMeanRecall(2)
    >>> round(float(metric([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9])), 4)  # recalls of 1 and 0.5
    0.7071

    Reference:
        Kubat, Matwin: Addressing the curse of imbalanced training sets. ICML 1997.
    """

    def __init__(
        self, num_classes: int, threshold: float = 0.5, name: str | None = "geometric_mean_recall", **kwargs: Any
    ):
        super().__init__(num_classes, threshold, name, **kwargs)

    def _value(self) -> Tensor:
        recalls, seen = self.recalls()
        # A recall of 0 is minus infinity here and 0 again behind the exponential.
        return ops.where(ops.any(seen), ops.exp(mean_where(ops.log(recalls), seen)), 0.0)
