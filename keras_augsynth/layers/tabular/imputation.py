from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_choice, check_integer, check_number, wrong
from keras_augsynth.core.families.columns import Columns
from keras_augsynth.ops.missing import nearest_filled, normal_filled, normal_moments

STRATEGIES = ("mean", "median", "most_frequent", "constant", "knn", "gaussian")


class Imputation(Columns):
    """Fills in missing values (NaN), in training and in inference.

    Args:
        strategy: "mean", "median" and "most_frequent" (of several, the lowest) fill in one number for each column;
            "constant" fills in `fill_value`; "knn" the mean of the `n_neighbors` nearest rows that have a value there,
            by the Euclidean distance over the columns that both rows have; "gaussian" what a normal distribution
            expects, given the row's other columns. All but "constant" need `adapt`.
        n_neighbors: of "knn", at least 1. All rows that `adapt` is given are kept, so that it is for some thousands.
        fill_value: of "constant", a finite number.
        **kwargs: as in `Augmentation`, but for `p`.

    Input shape:
        `(features,)` or `(batch, features)`, floats.

    Output shape:
        As the input's.

    Raises:
        ValueError: for another strategy.
        RuntimeError: in the first call, if `adapt` was needed and not called.

    Example:

    >>> layer = Imputation("median")
    >>> layer.adapt([[1.0, 10.0], [2.0, np.nan], [9.0, 30.0]])
    >>> layer(np.array([[np.nan, np.nan]])).numpy().tolist()
    [[2.0, 20.0]]

    Reference:
        Troyanskaya et al.: Missing value estimation methods for DNA microarrays. Bioinformatics 17, 2001 ("knn").
        Little, Rubin: Statistical analysis with missing data. Wiley, 2002 ("gaussian").
    """

    apply_dtype = None

    def __init__(self, strategy: str = "mean", n_neighbors: int = 5, fill_value: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.strategy = check_choice(self, strategy, "strategy", STRATEGIES)
        self.n_neighbors = check_integer(self, n_neighbors, "n_neighbors", 1)
        self.fill_value = check_number(self, fill_value, "fill_value")

    def given(self, columns: int) -> dict[str, np.ndarray] | None:
        return {"fill": np.full(columns, self.fill_value)} if self.strategy == "constant" else None

    def learn(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        if self.strategy == "knn":
            return {"bank": rows}
        if self.strategy == "gaussian":
            return dict(zip(("mean", "scale", "correlation"), normal_moments(rows), strict=True))
        of_columns = {
            "mean": lambda: np.nanmean(rows, axis=0),
            "median": lambda: np.nanmedian(rows, axis=0),
            "most_frequent": lambda: np.array([_mode(column[~np.isnan(column)]) for column in rows.T]),
            "constant": lambda: np.full(rows.shape[1], self.fill_value),
        }
        return {"fill": of_columns[self.strategy]()}

    def inference_params(self, view) -> Params:
        return {}

    def apply(self, x, params) -> Tensor:
        columns = next(iter(self._tables.values())).shape[-1]
        if x.shape[-1] != columns:
            raise wrong(self, "features", f"have {columns} columns, as in `adapt`", tuple(x.shape))
        wide = ops.cast(x, "float64")  # not by way of float32, which would move neighbours
        if self.strategy == "knn":
            filled = nearest_filled(wide, self.table("bank"), self.n_neighbors)
        elif self.strategy == "gaussian":
            filled = normal_filled(wide, *(self.table(name) for name in ("mean", "scale", "correlation")))
        else:
            filled = self.table("fill")
        return ops.where(ops.isnan(wide), filled, wide)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"strategy": "constant"}


def _mode(values: np.ndarray) -> float:
    """The most frequent value; of several, the lowest."""
    different, counts = np.unique(values, return_counts=True)
    return different[counts.argmax()]
