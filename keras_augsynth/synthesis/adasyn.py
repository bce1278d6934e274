"""ADASYN: SMOTE that starts more often where a class is hard to learn."""

from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_integer
from keras_augsynth.synthesis.smote import SMOTE


@keras.saving.register_keras_serializable(package="keras_augsynth")
class ADASYN(SMOTE):
    """Starts SMOTE from each row in proportion to the part of its neighbours that is of other classes.

    A class none of whose rows has such a neighbour is sampled like in `SMOTE`; for few rows its rules hold, too.

    Args:
        n_neighbors: how many nearest neighbours are looked at, among all the data, and are drawn from, in the
            class; at least 1.

    Raises:
        ValueError: in `fit`, for NaN or infinity in the data.

    Example:

    >>> adasyn = ADASYN(n_neighbors=3).fit(x, y)
    >>> adasyn.sample([2, 2, 0], seed=1).shape
    TensorShape([3, 8, 8, 3])

    Reference:
        He, Bai, Garcia, Li: ADASYN: adaptive synthetic sampling approach for imbalanced learning. IJCNN 2008.
    """

    def __init__(self, n_neighbors: int = 5):
        self.n_neighbors = check_integer(self, n_neighbors, "n_neighbors", 1)
        super().__init__(n_neighbors)

    def _weights(self, points: np.ndarray, label: int, rows: np.ndarray) -> np.ndarray:
        strangers = self._strangers(points, label, rows, self.n_neighbors)
        return strangers if strangers.any() else np.ones(len(rows))

    def get_config(self) -> dict[str, Any]:
        return {"n_neighbors": self.n_neighbors}
