"""Borderline-SMOTE: SMOTE that starts near the border of a class."""

from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_choice, check_integer
from keras_augsynth.ops.neighbors import neighbors
from keras_augsynth.synthesis.smote import SMOTE

KINDS = ("borderline-1", "borderline-2")


@keras.saving.register_keras_serializable(package="keras_augsynth")
class BorderlineSMOTE(SMOTE):
    """Starts SMOTE near the border: where half or more, but not all, of the neighbours are of other classes.

    Such a row is in danger. A class that has none is sampled like in `SMOTE`; for few rows its rules hold, too.

    Args:
        k_neighbors: how many nearest neighbours are drawn from, at least 1.
        m_neighbors: how many neighbours among all the data decide about the danger, at least 1.
        kind: "borderline-1" goes towards neighbours of the same class; "borderline-2" towards those of any
            class, up to half the way where it is another one.

    Raises:
        ValueError: for another `kind`; in `fit`, for NaN or infinity in the data.

    Example:

    >>> smote = BorderlineSMOTE(k_neighbors=3, m_neighbors=4).fit(x, y)
    >>> smote.sample([2, 2, 0], seed=1).shape
    TensorShape([3, 8, 8, 3])

    Reference:
        Han, Wang, Mao: Borderline-SMOTE: a new over-sampling method in imbalanced data sets learning. ICIC 2005.
    """

    def __init__(self, k_neighbors: int = 5, m_neighbors: int = 10, kind: str = "borderline-1"):
        super().__init__(k_neighbors)
        self.m_neighbors = check_integer(self, m_neighbors, "m_neighbors", 1)
        self.kind = check_choice(self, kind, "kind", KINDS)

    def _nearest(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        if self.kind == "borderline-1":
            return super()._nearest(points, rows)
        return neighbors(points[rows], points, min(self.k_neighbors, len(points) - 1), own=rows)[1]

    def _weights(self, points: np.ndarray, label: int, rows: np.ndarray) -> np.ndarray:
        strangers = self._strangers(points, label, rows, self.m_neighbors)
        danger = (strangers >= 0.5) & (strangers < 1.0)
        return danger.astype("float64") if danger.any() else np.ones(len(rows))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "m_neighbors": self.m_neighbors, "kind": self.kind}
