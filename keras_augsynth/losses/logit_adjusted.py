from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_number
from keras_augsynth.losses.counted import CountedLoss, Tensor, cross_entropy


@keras.saving.register_keras_serializable(package="keras_augsynth")
class LogitAdjusted(CountedLoss):
    """Cross-entropy of logits to which the classes' log shares are added, so that the logits need not hold them.

    The model is trained with `logits + tau * log(share)` and used with its plain logits. With `tau=1` these favor no
    class: their largest is the choice with the best balanced accuracy, where cross-entropy has the best accuracy.

    Args:
        class_counts: training rows of each class, all above 0. A class without rows has no share that could be added.
        tau: strength, at least 0; 0 is cross-entropy.
        from_logits: whether the model gives logits. Probabilities are taken by their logarithm, clipped below at
            `keras.config.epsilon()`.
        **kwargs: `name` and `reduction`.

    Input shape:
        Labels: integers `(N,)` or `(N, 1)`, one-hot or shares `(N, C)`. A label outside 0 … C - 1 has a loss of 0.
        Predictions: `(N, C)`. Axes between these are kept: `(N, H, W, C)`.

    Raises:
        TypeError: for counts that are no numbers.
        ValueError: for a count that is not above 0, fewer than two classes, a negative `tau`, or shapes that do not
            fit the counts.

    Example:

    >>> loss = LogitAdjusted(np.bincount(y))
    >>> np.round(loss.call([0, 1, 2], np.zeros((3, 3))), 3)  # no opinion: wrong about rare classes
    array([0.693, 1.099, 1.792], dtype=float32)
    >>> model.compile("sgd", loss)

    Reference:
        Menon et al.: Long-tail learning via logit adjustment. ICLR 2021.
    """

    def __init__(self, class_counts: Sequence[float], tau: float = 1.0, from_logits: bool = True, **kwargs: Any):
        super().__init__(class_counts, from_logits, **kwargs)
        self.tau = check_number(self, tau, "tau", 0.0)
        self._shift = (self.tau * np.log(self._counts / self._counts.sum())).astype("float32")

    def losses(self, targets: Tensor, logits: Tensor) -> Tensor:
        return cross_entropy(targets, logits + self._shift)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "tau": self.tau}
