import math
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.checks import check_integer, check_number, check_range, wrong
from keras_augsynth.core.families.columns import Columns


class RandomMissing(Columns):
    """Makes values missing at random, so that a model learns to do without them.

    Either completely at random (MCAR): each value with the same chance. Or at random given another column (MAR): only
    in rows in which the column `by` is above its quantile, and never in that column itself.

    Args:
        rate: chance that a value goes missing, from 0 to 1; a pair (low, high) draws one for each row.
        by: the number of the column that decides, or None for values that are missing completely at random. It needs
            `adapt`, which learns the column's quantile.
        quantile: of the column `by`, from 0 to 1.
        fill_value: what stands where a value is missing: NaN, which an `Imputation` behind it fills in, or a number.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(features,)` or `(batch, features)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate or a quantile outside of [0, 1].
        RuntimeError: in the first call, for `by` without `adapt`.

    Example:

    >>> bool(np.isnan(RandomMissing(0.5, seed=1)(np.ones((20, 3)))).numpy().any())
    True

    Reference:
        Rubin: Inference and missing data. Biometrika 63, 1976.
    """

    draws_pixels = True

    def __init__(
        self,
        rate: float | tuple[float, float] = 0.1,
        by: int | None = None,
        quantile: float = 0.5,
        fill_value: float = math.nan,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.rate = check_range(self, rate, "rate", 0.0, 1.0)
        self.by = None if by is None else check_integer(self, by, "by", 0)
        self.quantile = check_number(self, quantile, "quantile", 0.0, 1.0)
        missing = isinstance(fill_value, float) and math.isnan(fill_value)
        self.fill_value = fill_value if missing else check_number(self, fill_value, "fill_value")

    def given(self, columns: int) -> dict[str, np.ndarray] | None:
        return {"threshold": np.full((), -np.inf)} if self.by is None else None

    def learn(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        if self.by is not None and self.by >= rows.shape[1]:
            raise wrong(self, "by", f"be below the number of columns, {rows.shape[1]}", self.by)
        column = rows[:, 0 if self.by is None else self.by]
        return {"threshold": np.full((), -np.inf if self.by is None else np.nanquantile(column, self.quantile))}

    def draw(self, rng, view) -> dict[str, Tensor]:
        return {"missing": rng.bernoulli(rng.uniform(*self.rate), view.shape[1:])}

    def apply(self, x, params) -> Tensor:
        missing = params["missing"]
        if self.by is not None:
            if self.by >= x.shape[-1]:
                raise wrong(self, "by", f"be below the number of columns, {x.shape[-1]}", self.by)
            decides = ops.cast(x[:, self.by], "float64") > self.table("threshold")
            others = np.arange(x.shape[-1]) != self.by
            missing = missing & ops.expand_dims(decides, 1) & ops.convert_to_tensor(others)
        return ops.where(missing, ops.cast(self.fill_value, x.dtype), x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": strength, "fill_value": 0.0}
