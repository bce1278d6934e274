from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_number, wrong
from keras_augsynth.core.families.columns import Columns


class OutlierClip(Columns):
    """Clips each column to the quantiles of the rows it has seen, in training and in inference. NaN stays NaN.

    Args:
        quantile: of each column, from 0 to below 0.5: values below this quantile or above its opposite are outliers.
            `adapt` learns the limits.
        limits: (low, high), each a number or one for each column, in place of learned ones.
        **kwargs: as in `Augmentation`, but for `p`.

    Input shape:
        `(features,)` or `(batch, features)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a quantile outside of the range, limits that are not finite or in the wrong order.
        RuntimeError: in the first call, if there are no limits yet.

    Example:

    >>> layer = OutlierClip(0.25)
    >>> layer.adapt([[0.0], [1.0], [2.0], [3.0], [1000.0]])
    >>> layer(np.array([[-7.0], [2.5], [99.0]])).numpy().ravel().tolist()
    [1.0, 2.5, 3.0]
    """

    def __init__(self, quantile: float = 0.01, limits: Sequence[Any] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.quantile = check_number(self, quantile, "quantile", 0.0, 0.5 - 1e-9)
        self.limits = limits
        if limits is not None:
            is_list = isinstance(limits, (list, tuple)) or getattr(limits, "ndim", 0)
            if not is_list or len(limits) != 2:
                raise wrong(self, "limits", "be a pair (low, high)", limits)
            low, high = (np.asarray(each, "float64") for each in limits)
            if not (np.isfinite(low).all() and np.isfinite(high).all() and np.all(low <= high)):
                raise wrong(self, "limits", "be finite, low not above high", limits)
            self.limits = (low.tolist(), high.tolist())

    def given(self, columns: int) -> dict[str, np.ndarray] | None:
        if self.limits is None:
            return None
        return {
            name: np.broadcast_to(each, (columns,)) for name, each in zip(("low", "high"), self.limits, strict=True)
        }

    def learn(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        if self.limits is not None:
            raise wrong(self, "limits", "be None for `adapt`", self.limits)
        low, high = np.nanquantile(rows, [self.quantile, 1.0 - self.quantile], axis=0)
        return {"low": low, "high": high}

    def strays(self, x, mean, spread) -> Tensor:
        return ops.logical_not(ops.any((x >= self.table("low")) & (x <= self.table("high")), axis=0))

    def inference_params(self, view) -> Params:
        return {}

    def apply(self, x, params) -> Tensor:
        low, high = (ops.cast(self.table(name), x.dtype) for name in ("low", "high"))
        if x.shape[-1] != low.shape[0]:
            raise wrong(self, "features", f"have {low.shape[0]} columns, as in `adapt`", tuple(x.shape))
        return ops.where(x < low, low, ops.where(x > high, high, x))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"limits": (-1.0, 2.0 - strength)}
