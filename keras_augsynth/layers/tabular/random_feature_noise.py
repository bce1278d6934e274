from typing import Any

import numpy as np

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_range, wrong
from keras_augsynth.core.modalities import TABULAR


class RandomFeatureNoise(Augmentation):
    """Adds normal noise to every feature, in proportion to the feature's own spread. NaN stays NaN.

    Args:
        stddev: standard deviation of the noise as a fraction of the column's, 0 or more; a pair (low, high)
            draws one for each row. Before `adapt` every column's is taken to be 1.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(features,)` or `(batch, features)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a negative standard deviation.

    Example:

    >>> layer = RandomFeatureNoise(0.1, seed=1)
    >>> layer.adapt(np.random.default_rng(0).normal(0.0, [1.0, 100.0], (500, 2)))
    >>> layer(np.zeros((4, 2))).shape
    TensorShape([4, 2])
    """

    modalities = (TABULAR,)
    draws_pixels = True

    def __init__(self, stddev: float | tuple[float, float] = 0.1, **kwargs: Any):
        super().__init__(**kwargs)
        self.stddev = check_range(self, stddev, "stddev")

    def build(self, input_shape: Any) -> None:
        shape = input_shape["features"] if isinstance(input_shape, dict) else input_shape
        if shape[-1] is None:
            raise wrong(self, "features", "have a known number of columns", tuple(shape))
        self._scale = self.add_weight(
            name="scale", shape=(shape[-1],), initializer="ones", dtype="float32", trainable=False, autocast=False
        )
        self.built = True

    def adapt(self, data: Any) -> None:
        """Learns each column's standard deviation from an array `(rows, features)`, leaving out NaN."""
        data = np.asarray(data, "float64")
        if data.ndim != 2 or not len(data):
            raise wrong(self, "data", "be an array (rows, features) with at least one row", data.shape)
        if not self.built:
            self.build(data.shape)
        known = np.isfinite(data)
        count = np.maximum(known.sum(0), 1)
        mean = np.where(known, data, 0.0).sum(0) / count
        self._scale.assign(np.sqrt((np.where(known, data - mean, 0.0) ** 2).sum(0) / count))

    def draw(self, rng, view) -> Params:
        return {"noise": rng.normal(0.0, rng.uniform(*self.stddev), view.shape[1:])}

    def apply(self, x, params) -> Tensor:
        return x + params["noise"] * self._scale.value

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"stddev": strength}
