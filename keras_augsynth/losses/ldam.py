from collections.abc import Sequence
from typing import Any

import keras

from keras_augsynth.core.checks import check_number, wrong
from keras_augsynth.losses.counted import CountedLoss, Tensor, cross_entropy


@keras.saving.register_keras_serializable(package="keras_augsynth")
class LDAM(CountedLoss):
    """Cross-entropy in which a row's own class must lead by a margin, the wider the rarer the class.

    The margin of a class of n rows goes with `n**-0.25`; the rarest class has `max_margin`.

    It takes the logits of any last layer. In the paper they are cosines, for which margin and scale are made:
    `UnitNormalization()` and then `Dense(C, use_bias=False, kernel_constraint=keras.constraints.UnitNorm())`. For
    logits without bounds `scale` is but the unit of the margins, and 1 is a good start.

    Args:
        class_counts: training rows of each class, all above 0. A class without rows has no finite margin.
        max_margin: the rarest class's margin, in logits, at least 0.
        scale: the factor of the logits after the margin, above 0.
        from_logits: whether the model gives logits. Probabilities are taken by their logarithm, clipped below at
            `keras.config.epsilon()`.
        **kwargs: `name` and `reduction`.

    Input shape:
        Labels: integers `(N,)` or `(N, 1)`, one-hot or shares `(N, C)`, where each class has its share of its margin.
        A label outside 0 … C - 1 has a loss of 0.
        Predictions: `(N, C)`. Axes between these are kept: `(N, H, W, C)`.

    Raises:
        TypeError: for counts that are no numbers.
        ValueError: for a count that is not above 0, fewer than two classes, a `max_margin` or `scale` out of its
            range, or shapes that do not fit the counts.

    Example:

    >>> loss = LDAM([10_000, 625, 16])
    >>> loss.margins.round(3)
    array([0.1, 0.2, 0.5])
    >>> model.compile("sgd", loss)

    Reference:
        Cao et al.: Learning imbalanced datasets with label-distribution-aware margin loss. NeurIPS 2019.
    """

    def __init__(
        self,
        class_counts: Sequence[float],
        max_margin: float = 0.5,
        scale: float = 30.0,
        from_logits: bool = True,
        **kwargs: Any,
    ):
        super().__init__(class_counts, from_logits, **kwargs)
        self.max_margin = check_number(self, max_margin, "max_margin", 0.0)
        self.scale = check_number(self, scale, "scale", 0.0)
        if self.scale == 0.0:
            raise wrong(self, "scale", "be above 0", scale)
        self.margins = self.max_margin * (self._counts.min() / self._counts) ** 0.25

    def losses(self, targets: Tensor, logits: Tensor) -> Tensor:
        return cross_entropy(targets, self.scale * (logits - targets * self.margins.astype("float32")))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_margin": self.max_margin, "scale": self.scale}
