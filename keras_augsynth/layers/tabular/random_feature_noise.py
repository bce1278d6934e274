import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range, wrong
from keras_augsynth.core.families.columns import Columns


class RandomFeatureNoise(Columns):
    """Adds normal noise to every feature, in proportion to the feature's own spread. NaN stays NaN.

    Args:
        stddev: standard deviation of the noise as a fraction of the column's, 0 or more; a pair (low, high)
            draws one for each row.
        scale: the columns' standard deviations, one number (1 for standardized columns) or one for each; None: `adapt`
            learns them. Without it they are taken to be 1, and a warning says so.
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

    draws_pixels = True

    def __init__(
        self,
        stddev: float | tuple[float, float] = 0.1,
        scale: float | Sequence[float] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.stddev = check_range(self, stddev, "stddev")
        self.scale = scale
        if scale is not None:
            values = np.asarray(scale, "float64")
            if values.ndim > 1 or not np.all(np.isfinite(values) & (values >= 0.0)):
                raise wrong(self, "scale", "be a number of 0 or more, or one for each column", scale)
            self.scale = values.tolist()

    def given(self, columns: int) -> dict[str, np.ndarray]:
        if self.scale is None:
            message = "every column is taken to have a standard deviation of 1: call `adapt`, or say scale=1.0"
            warnings.warn(f"RandomFeatureNoise: {message}.", stacklevel=2)
        scale = np.asarray(1.0 if self.scale is None else self.scale)
        if scale.shape not in ((), (1,), (columns,)):
            raise wrong(self, "scale", f"be one number or one for each of {columns} columns", self.scale)
        return {"scale": np.broadcast_to(scale, (columns,))}

    def learn(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        if self.scale is not None:
            raise wrong(self, "scale", "be None for `adapt`", self.scale)
        return {"scale": np.nanstd(rows, axis=0)}

    def strays(self, x, mean, spread) -> Tensor:
        scale = self.table("scale")
        return (scale > 0.0) & ((scale > 100.0 * spread) | (spread > 100.0 * scale))

    def draw(self, rng, view) -> Params:
        return {"noise": rng.normal(0.0, rng.uniform(*self.stddev), view.shape[1:])}

    def apply(self, x, params) -> Tensor:
        return x + params["noise"] * ops.cast(self.table("scale"), x.dtype)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"stddev": strength, "scale": 1.0}
