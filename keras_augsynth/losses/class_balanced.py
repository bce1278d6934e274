import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_number, wrong
from keras_augsynth.losses.counted import CountedLoss, Tensor, cross_entropy


@keras.saving.register_keras_serializable(package="keras_augsynth")
class ClassBalanced(CountedLoss):
    """Cross-entropy that weighs each class by the inverse of its effective number of rows, focal if wanted.

    Rows of a class overlap, so that n of them count as `(1 - beta**n) / (1 - beta)`: between no weights (`beta=0`) and
    the inverse of the count (`beta` near 1). The weights sum to the number of classes.

    With `gamma` it is `keras.losses.CategoricalFocalCrossentropy` with the weights for its `alpha`; where one has
    weights of one's own and one-hot labels, that loss is enough.

    Args:
        class_counts: training rows of each class, all above 0. A class without rows has no finite weight.
        beta: from 0 to below 1; 1 - 1 / N takes a class to have N different rows at most.
        gamma: how much less the rows count that are predicted well, at least 0; 0 is cross-entropy.
        from_logits: whether the model gives logits. Probabilities are taken by their logarithm, clipped below at
            `keras.config.epsilon()`.
        **kwargs: `name` and `reduction`.

    Input shape:
        Labels: integers `(N,)` or `(N, 1)`, one-hot or shares `(N, C)`. A label outside 0 … C - 1 has a loss of 0.
        Predictions: `(N, C)`. Axes between these are kept: `(N, H, W, C)`.

    Raises:
        TypeError: for counts that are no numbers.
        ValueError: for a count that is not above 0, fewer than two classes, a `beta` or `gamma` out of its range, or
            shapes that do not fit the counts.

    Example:

    >>> loss = ClassBalanced([1000, 100, 10], beta=0.99)
    >>> loss.class_weights.round(2)
    array([0.23, 0.36, 2.41])
    >>> model.compile("sgd", loss)

    Reference:
        Cui et al.: Class-balanced loss based on effective number of samples. CVPR 2019.
    """

    def __init__(
        self,
        class_counts: Sequence[float],
        beta: float = 0.9999,
        gamma: float = 0.0,
        from_logits: bool = True,
        **kwargs: Any,
    ):
        super().__init__(class_counts, from_logits, **kwargs)
        self.beta = check_number(self, beta, "beta", 0.0, 1.0)
        if self.beta == 1.0:
            raise wrong(self, "beta", "be below 1", beta)
        self.gamma = check_number(self, gamma, "gamma", 0.0)
        weights = 1.0 / effective_numbers(self._counts, self.beta)
        self.class_weights = weights * len(weights) / weights.sum()

    def losses(self, targets: Tensor, logits: Tensor) -> Tensor:
        weights = self.class_weights.astype("float32")
        if not self.gamma:  # Keras's focal loss clips probabilities, and has no gradient beyond
            return cross_entropy(targets * weights, logits)
        return keras.losses.categorical_focal_crossentropy(targets, logits, weights, self.gamma, from_logits=True)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta": self.beta, "gamma": self.gamma}


def effective_numbers(rows: np.ndarray, beta: float) -> np.ndarray:
    """Effective numbers of rows, `(1 - beta**n) / (1 - beta)`, all by the same factor `1 - beta` too small."""
    return -np.expm1(rows * (math.log(beta) if beta else -math.inf))
