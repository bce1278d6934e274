"""`FrechetDistance`: the Fréchet distance as a Keras metric, a batch at a time."""

from typing import Any

import keras
from keras import ops

from keras_augsynth.core.checks import check_integer

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class FrechetDistance(keras.metrics.Metric):
    """The Fréchet distance of all real and generated features seen so far, in the graph and in constant memory.

    Sums and products are kept in float64, so the batches' sizes and order make no difference. The kernel distance
    has no such form: a mean over batches would depend on both.

    Args:
        width: number of features, at least 1.
        **kwargs: `name`; None is "frechet_distance".

    Input shape:
        Two tensors `(N, width)` and `(M, width)`.

    Raises:
        TypeError: for a `width` that is no integer.

    Example:

    >>> metric = FrechetDistance(4)
    >>> real, fake = np.random.default_rng(0).normal(size=(2, 500, 4))
    >>> metric.update_state(real, fake + 1.0)
    >>> 3.5 < float(metric.result()) < 4.5
    True
    """

    def __init__(self, width: int, name: str = "frechet_distance", **kwargs: Any):
        super().__init__(name=name, **{"dtype": "float64", **kwargs})
        self.width = check_integer(self, width, "width", 1)
        zeros = lambda part, shape: self.add_variable(shape, "zeros", dtype="float64", name=part)
        self._sides = [
            (zeros(f"{side}_count", ()), zeros(f"{side}_sum", (width,)), zeros(f"{side}_products", (width, width)))
            for side in ("real", "fake")
        ]

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Takes in real features and generated ones; they need not be equally many, and have no weights."""
        for rows, (count, total, products) in zip((y_true, y_pred), self._sides, strict=True):
            rows = ops.cast(rows, "float64")
            count.assign_add(ops.cast(ops.shape(rows)[0], "float64"))
            total.assign_add(ops.sum(rows, axis=0))
            products.assign_add(ops.matmul(ops.transpose(rows), rows))

    def result(self) -> Tensor:
        (mean, covariance), (other_mean, other) = (self._moments(*side) for side in self._sides)
        values, vectors = ops.eigh(covariance)
        root = vectors * ops.sqrt(ops.maximum(values, 0.0))
        middle = ops.eigh(ops.matmul(ops.matmul(ops.transpose(root), other), root))[0]
        overlap = ops.sum(ops.sqrt(ops.maximum(middle, 0.0)))
        apart = ops.sum(ops.square(mean - other_mean))
        return apart + ops.trace(covariance) + ops.trace(other) - 2.0 * overlap

    @staticmethod
    def _moments(count: Tensor, total: Tensor, products: Tensor) -> tuple[Tensor, Tensor]:
        mean = total / ops.maximum(count, 1.0)
        covariance = products - ops.expand_dims(total, 1) * ops.expand_dims(mean, 0)
        return mean, covariance / ops.maximum(count - 1.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}
