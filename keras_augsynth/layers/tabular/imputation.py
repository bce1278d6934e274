from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_choice, check_flag, check_integer, check_number, wrong
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
        add_indicator: whether columns come behind the others that say where values were missing: 1 or 0, for each
            column that had missing values in `adapt`, which is needed then. The layers behind it see the wider rows;
            it cannot stand in a `OneOf`, a `SomeOf` or a shuffled `Pipeline`, as no imputation can.
        **kwargs: as in `Augmentation`, but for `p`.

    Input shape:
        `(features,)` or `(batch, features)`, floats.

    Output shape:
        As the input's; with `add_indicator`, wider by a column for each that had missing values in `adapt`.

    Raises:
        ValueError: for another strategy; in a second `adapt`, with `add_indicator`, for missing values in more or fewer
            columns than before.
        RuntimeError: in the first call, if `adapt` was needed and not called.

    Example:

    >>> layer = Imputation("median")
    >>> layer.adapt([[1.0, 10.0], [2.0, np.nan], [9.0, 30.0]])
    >>> layer(np.array([[np.nan, np.nan]])).numpy().tolist()
    [[2.0, 20.0]]
    >>> layer = Imputation("median", add_indicator=True)
    >>> layer.adapt([[1.0, 10.0], [2.0, np.nan], [9.0, 30.0]])
    >>> layer(np.array([[1.0, np.nan]])).numpy().tolist()
    [[1.0, 20.0, 1.0]]

    Reference:
        Troyanskaya et al.: Missing value estimation methods for DNA microarrays. Bioinformatics 17, 2001 ("knn").
        Little, Rubin: Statistical analysis with missing data. Wiley, 2002 ("gaussian").
    """

    apply_dtype = None

    def __init__(
        self,
        strategy: str = "mean",
        n_neighbors: int = 5,
        fill_value: float = 0.0,
        add_indicator: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.strategy = check_choice(self, strategy, "strategy", STRATEGIES)
        self.n_neighbors = check_integer(self, n_neighbors, "n_neighbors", 1)
        self.fill_value = check_number(self, fill_value, "fill_value")
        self.add_indicator = check_flag(self, add_indicator, "add_indicator")

    def given(self, columns: int) -> dict[str, np.ndarray] | None:
        needs_rows = self.strategy != "constant" or self.add_indicator
        return None if needs_rows else {"fill": np.full(columns, self.fill_value)}

    def learn(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        if not self.add_indicator:
            return self._learn_filling(rows)
        indicated = np.flatnonzero(np.isnan(rows).any(axis=0))
        before = self._tables.get("indicated")
        if before is not None and before.shape[0] != len(indicated):
            needed = f"have missing values in {before.shape[0]} columns, as before: make a new layer"
            raise wrong(self, "data", needed, f"missing values in columns {indicated.tolist()}")
        return {**self._learn_filling(rows), "indicated": indicated}

    def _learn_filling(self, rows: np.ndarray) -> dict[str, np.ndarray]:
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

    def strays(self, x, mean, spread) -> Tensor | None:
        if self.strategy == "constant":
            return None
        learned = {"gaussian": "mean", "knn": "bank"}.get(self.strategy, "fill")
        bank = ops.reshape(self.table(learned), (-1, x.shape[1]))
        return ops.all(ops.isnan(bank) | (ops.abs(mean - bank) > 30.0 * spread), axis=0)

    def output_columns(self, columns: int | None) -> int | None:
        if not self.add_indicator or columns is None:
            return columns
        if not self._tables:
            raise self.not_adapted()
        return columns + self._tables["indicated"].shape[0]

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
        missing = ops.isnan(wide)
        whole = ops.where(missing, filled, wide)
        if not self.add_indicator:
            return whole
        indicators = ops.take(ops.cast(missing, "float64"), ops.cast(self.table("indicated"), "int32"), axis=1)
        return ops.concatenate([whole, indicators], axis=1)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"strategy": "constant"}


def _mode(values: np.ndarray) -> float:
    """The most frequent value; of several, the lowest."""
    different, counts = np.unique(values, return_counts=True)
    return different[counts.argmax()]
