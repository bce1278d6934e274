from typing import Any

import keras

from keras_augsynth.core.checks import check_integer
from keras_augsynth.metrics.confusion import ConfusionMetric, Tensor


@keras.saving.register_keras_serializable(package="keras_augsynth")
class PerClassRecall(ConfusionMetric):
    """The share of each class's rows that was found, or that of one class.

    A class whose label was not seen has 0, as by `sklearn.metrics.recall_score(average=None, zero_division=0)`.

    Args:
        num_classes: number of classes, at least 2.
        class_id: the class wanted, from 0 to `num_classes - 1`; None is all of them. In `compile`, Keras writes a
            number into the logs for one class and a tensor for all; its progress bar shows the mean.
        threshold: above which a binary prediction is the second class: 0.5 for probabilities, 0 for logits.
        **kwargs: `name`; None is "per_class_recall", or "recall_2" for class 2.

    Input shape:
        Labels: integers `(N,)` or `(N, 1)`, or `(N, C)`, whose largest counts. One outside 0 … C - 1 does not count.
        Predictions: logits or probabilities `(N, C)`; with two classes also `(N,)` or `(N, 1)`.

    Output shape:
        `(C,)`, or a scalar for one class.

    Raises:
        TypeError: for a `num_classes` or `class_id` that is no integer.
        ValueError: for fewer than two classes, a `class_id` that is none of them, or shapes that do not fit them.

    Example:

    >>> metric = PerClassRecall(2)
    >>> np.asarray(metric([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9]))
    array([1. , 0.5])
    """

    def __init__(
        self,
        num_classes: int,
        class_id: int | None = None,
        threshold: float = 0.5,
        name: str | None = None,
        **kwargs: Any,
    ):
        name = name or ("per_class_recall" if class_id is None else f"recall_{class_id}")
        super().__init__(num_classes, threshold, name, **kwargs)
        self.class_id = None if class_id is None else check_integer(self, class_id, "class_id", 0, num_classes - 1)

    def _value(self) -> Tensor:
        recalls = self.recalls()[0]
        return recalls if self.class_id is None else recalls[self.class_id]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "class_id": self.class_id}
