from typing import Any

import keras

from keras_augsynth.metrics.confusion import ConfusionMetric, Tensor, mean_where


@keras.saving.register_keras_serializable(package="keras_augsynth")
class BalancedAccuracy(ConfusionMetric):
    """The accuracy that a classifier would have if each class had as many rows: the mean of the classes' recalls.

    A class whose label was not seen is left out of the mean, as by `sklearn.metrics.balanced_accuracy_score`. Before
    any is seen the result is 0.

    Args:
        num_classes: number of classes, at least 2.
        threshold: above which a binary prediction is the second class: 0.5 for probabilities, 0 for logits.
        **kwargs: `name`; None is "balanced_accuracy".

    Input shape:
        Labels: integers `(N,)` or `(N, 1)`, or `(N, C)`, whose largest counts. One outside 0 … C - 1 does not count.
        Predictions: logits or probabilities `(N, C)`; with two classes also `(N,)` or `(N, 1)`.

    Raises:
        TypeError: for a `num_classes` that is no integer.
        ValueError: for fewer than two classes, or shapes that do not fit them.

    Example:

    >>> metric = BalancedAccuracy(2)
    >>> float(metric([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.4]))  # all four taken for class 0
    0.5
    >>> model.compile("sgd", "mse", metrics=[BalancedAccuracy(3)])

    Reference:
        Brodersen et al.: The balanced accuracy and its posterior distribution. ICPR 2010.
    """

    def __init__(self, num_classes: int, threshold: float = 0.5, name: str | None = "balanced_accuracy", **kwargs: Any):
        super().__init__(num_classes, threshold, name, **kwargs)

    def _value(self) -> Tensor:
        return mean_where(*self.recalls())
