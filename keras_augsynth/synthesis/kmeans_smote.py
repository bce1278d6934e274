"""`KMeansSMOTE`: SMOTE inside of clusters, and more often where a class is sparse."""

from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_integer, check_number
from keras_augsynth.ops.cells import kmeans
from keras_augsynth.ops.neighbors import among_themselves, neighbors
from keras_augsynth.synthesis.smote import SMOTE


@keras.saving.register_keras_serializable(package="keras_augsynth")
class KMeansSMOTE(SMOTE):
    """Splits all data into clusters, and runs SMOTE inside of those in which the class asked for is at home.

    So no sample lies between two clusters. A cluster is the class's home if the class has at least the share in it that
    it has in all the data, and two rows or more; where there is none, it is like `SMOTE`. The sparser the class is in a
    cluster, the more samples start there.

    Args:
        k_neighbors: how many nearest neighbours are drawn from, at least 1.
        clusters: how many, at least 1.
        density_exponent: of the mean distance of a cluster's rows, 0 or more: what counts as sparse. None: the number
            of columns, as in the paper.
        seed: of the clusters.

    Raises:
        ValueError: in `fit`, for NaN or infinity in the data.

    Example:

    >>> smote = KMeansSMOTE(k_neighbors=3, clusters=2).fit(x, y)
    >>> smote.sample([2, 2, 0], seed=1).shape
    TensorShape([3, 8, 8, 3])

    Reference:
        Douzas, Bacao, Last: Improving imbalanced learning through a heuristic oversampling method based on k-means and
        SMOTE. Information Sciences 465, 2018.
    """

    def __init__(self, k_neighbors: int = 5, clusters: int = 8, density_exponent: float | None = None, seed: int = 0):
        super().__init__(k_neighbors)
        self.clusters = check_integer(self, clusters, "clusters", 1)
        exponent = density_exponent
        self.density_exponent = None if exponent is None else check_number(self, exponent, "density_exponent", 0.0)
        self.seed = check_integer(self, seed, "seed", 0, 2**31 - 1)

    def _homes(self, points: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
        """The rows of the class, as places among them, in each cluster that is its home."""
        centers = kmeans(points.astype("float64"), min(self.clusters, len(points)), np.random.default_rng(self.seed))
        owner = neighbors(points, centers)[1][:, 0]
        total = np.bincount(owner, minlength=len(centers))
        own = np.bincount(owner[rows], minlength=len(centers))
        at_home = (own >= 2) & (own * len(points) >= len(rows) * total)
        return [np.flatnonzero(owner[rows] == cell) for cell in np.flatnonzero(at_home)]

    def _nearest(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        found = super()._nearest(points, rows)
        for members in self._homes(points, rows):
            k = min(self.k_neighbors, len(members) - 1)
            near = rows[members][among_themselves(points[rows[members]], k)[1]]
            # Where there are fewer, they come up again, each as often as can be.
            found[members] = near[:, np.arange(found.shape[1]) % k]
        return found

    def _weights(self, points: np.ndarray, label: int, rows: np.ndarray) -> np.ndarray:
        homes = self._homes(points, rows)
        if not homes:
            return np.ones(len(rows))
        exponent = points.shape[1] if self.density_exponent is None else self.density_exponent
        sparsity = []
        for members in homes:
            apart = among_themselves(points[rows[members]], len(members) - 1)[0]
            sparsity.append(exponent * np.log(np.sqrt(apart).mean() + 1e-300) - np.log(len(members)))
        shares = np.exp(np.array(sparsity) - np.max(sparsity))  # images have more columns than powers have room
        weights = np.zeros(len(rows))
        for members, share in zip(homes, shares, strict=True):
            weights[members] = share / len(members)
        return weights

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("clusters", "density_exponent", "seed")}
        return {**super().get_config(), **own}
