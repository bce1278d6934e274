"""`TableEncoder`: the rows of a DataFrame as numbers that a network can make, and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from keras import ops

from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.core.table_schema import TableSchema
from keras_augsynth.synthesis.gaussian_mixture import GaussianMixtureSynthesizer

_REACH = 4.0  # standard deviations of a mode that -1 and 1 stand for

Tensor = Any


class TableEncoder:
    """Turns a DataFrame of numbers and categories into rows that a network can make, and such rows into a DataFrame.

    A category becomes a group of columns of 0 and 1. A number becomes one column in [-1, 1], its place within one of a
    few normal densities (its mode), and a group of columns of 0 and 1 that says which. So columns with several peaks,
    and those that are mostly one value, are learned like any other. A missing value is one category, or one mode, more.
    The columns in [-1, 1] come first, then the groups in the order of the table.

    Args:
        modes: the most normal densities of a column of numbers, at least 1.
        categorical: names of columns of numbers that are categories.
        schema: of the DataFrame; None: what its dtypes say.
        seed: integer; which mode a number between two of them is given to is drawn.

    Raises:
        TypeError: in `fit`, for something else than a DataFrame, or dates.
        ValueError: in `fit`, for no rows, a column without any value, or one of more than 10,000 categories.

    Example:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"age": [20, 22, 61, 64], "job": ["none", "clerk", "smith", "clerk"]})
    >>> encoder = TableEncoder(modes=2).fit(frame)
    >>> rows = encoder.encode(frame)
    >>> rows.shape, encoder.groups
    ((4, 6), [2, 3])
    >>> encoder.decode(rows).equals(frame)
    True
    >>> networks = tabular_gan(rows.shape[1], num_classes=2, groups=encoder.groups)

    Reference:
        Xu, Skoularidou, Cuesta-Infante, Veeramachaneni: Modeling tabular data using conditional GAN. NeurIPS 2019.
    """

    def __init__(
        self,
        modes: int = 10,
        *,
        categorical: Sequence[str] = (),
        schema: TableSchema | None = None,
        seed: int = 0,
    ):
        self.modes = check_integer(self, modes, "modes", 1)
        if isinstance(categorical, str) or not isinstance(categorical, Sequence):
            raise wrong(self, "categorical", "be a list of columns", categorical, TypeError)
        if schema is not None and not isinstance(schema, TableSchema):
            raise wrong(self, "schema", "be a TableSchema, or None", schema, TypeError)
        self.categorical, self.schema = list(categorical), schema
        self.seed = check_integer(self, seed, "seed", 0)
        self._columns: list[_Categories | _Modes] = []

    def fit(self, frame: Any) -> Self:
        """Learns the categories and the modes of each column.

        Args:
            frame: a DataFrame; NaN is a value that is missing.
        """
        self._schema = self.schema or TableSchema.from_dataframe(frame, categorical=self.categorical)
        self._schema.check_categories(self)
        rows = self._schema.encode(frame)
        if not len(rows):
            raise wrong(self, "frame", "have at least one row", rows.shape)
        empty = [name for name, column in zip(self._schema.names, rows.T, strict=True) if np.isnan(column).all()]
        if empty:
            raise wrong(self, "frame", "have a value in each column", f"missing values alone in {empty}")
        self._columns = [
            _Categories.learned(column) if categories else _Modes.learned(column, self.modes, self.seed)
            for column, categories in zip(rows.T, self._schema.categories, strict=True)
        ]
        return self

    @property
    def groups(self) -> list[int]:
        """How many columns of 0 and 1 each group has, of which one is 1."""
        self._must_be_fitted("groups")
        return [column.places for column in self._columns]

    def encode(self, frame: Any) -> np.ndarray:
        """The rows of a DataFrame as numbers.

        Args:
            frame: a DataFrame with the columns of `fit`.

        Returns:
            float32 `(rows, features)`.

        Raises:
            ValueError: for other columns, new categories, or missing values where `fit` had none.
        """
        self._must_be_fitted("encode")
        rng, rows = np.random.default_rng(self.seed), self._schema.encode(frame)
        numbers, groups = [], []
        for name, column, values in zip(self._schema.names, self._columns, rows.T, strict=True):
            if np.isnan(values).any() and not column.missing:
                raise wrong(self, "frame", f"have no missing values in {name!r}, as in `fit`", "NaN")
            if isinstance(column, _Categories):
                self._refuse_new(name, np.setdiff1d(values[~np.isnan(values)], column.codes))
            number, place = column.encode(values, rng)
            numbers += [] if number is None else [number]
            group = np.zeros((len(rows), column.places), "float32")
            group[np.arange(len(rows)), place] = 1.0
            groups.append(group)
        numbers = np.reshape(numbers, (len(numbers), len(rows))).T.astype("float32")  # of none as well
        return np.concatenate([numbers, *groups], axis=1)

    def _refuse_new(self, name: str, codes: np.ndarray) -> None:
        """A category that the schema has, but `fit` had not."""
        if len(codes):
            categories = self._schema.categories[self._schema.names.index(name)]
            new = [categories[int(code)] for code in codes[:5]]
            raise wrong(self, "frame", f"hold the categories of `fit` in column {name!r}", new)

    def decode(self, rows: Any) -> Any:
        """The DataFrame for such rows, with the dtypes that went in; of each group, the largest column counts.

        Args:
            rows: numbers `(rows, features)`. No number comes out that is beyond those of `fit`.

        Returns:
            A DataFrame; in a graph a dictionary of its columns.

        Raises:
            ValueError: for another number of columns.
        """
        self._must_be_fitted("decode")
        rows = ops.cast(ops.convert_to_tensor(rows), "float64")
        count = sum(isinstance(column, _Modes) for column in self._columns)
        features = count + sum(self.groups)
        if len(rows.shape) != 2 or rows.shape[1] != features:
            raise wrong(self, "rows", f"be numbers (rows, {features})", tuple(rows.shape))
        numbers, stop, values = iter(range(count)), count, []
        for column in self._columns:
            stop += column.places
            place = ops.argmax(rows[:, stop - column.places : stop], axis=1)
            values.append(column.decode(rows[:, next(numbers)] if isinstance(column, _Modes) else None, place))
        return self._schema.decode(ops.stack(values, axis=1))

    def _must_be_fitted(self, method: str) -> None:
        if not self._columns:
            raise wrong(self, method, "come after `fit`", "no rows", RuntimeError)

    def get_config(self) -> dict[str, Any]:
        """All of it, with what was learned, as JSON can hold it."""
        schema = self.schema and self.schema.get_config()
        learned = None
        if self._columns:
            learned = {"schema": self._schema.get_config(), "columns": [vars(column) for column in self._columns]}
        own = {"modes": self.modes, "categorical": self.categorical, "seed": self.seed}
        return {**own, "schema": schema, "learned": learned}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        read = lambda schema: None if schema is None else TableSchema.from_config(schema)
        given = {name: value for name, value in config.items() if name != "learned"}
        encoder = cls(**{**given, "schema": read(config["schema"])})
        if (learned := config["learned"]) is not None:
            encoder._schema = read(learned["schema"])
            kind = lambda column: _Modes if "means" in column else _Categories
            encoder._columns = [kind(column)(**column) for column in learned["columns"]]
        return encoder


class _Categories:
    """A column of categories: which of those that were there, or that none is there."""

    def __init__(self, codes: list[int], missing: bool):
        self.codes, self.missing = codes, missing

    @classmethod
    def learned(cls, values: np.ndarray) -> "_Categories":
        lost = np.isnan(values)
        return cls(np.unique(values[~lost]).astype(int).tolist(), bool(lost.any()))

    @property
    def places(self) -> int:
        return len(self.codes) + self.missing

    def encode(self, values: np.ndarray, rng: np.random.Generator) -> tuple[None, np.ndarray]:
        return None, np.where(np.isnan(values), self.places - 1, np.searchsorted(self.codes, values))

    def decode(self, number: None, place: Tensor) -> Tensor:
        code = ops.take(np.array(self.codes, "float64"), ops.minimum(place, len(self.codes) - 1))
        return _lost_at(self.places - 1 if self.missing else None, place, code)


_ENOUGH = 50_000  # values of a column, of which its modes are learned: of a million it takes half a minute


class _Modes:
    """A column of numbers: where in which normal density, or that none is there."""

    def __init__(
        self,
        weights: list[float],
        means: list[float],
        deviations: list[float],
        limits: list[float],
        missing: bool,
    ):
        self.weights, self.means, self.deviations, self.limits = weights, means, deviations, limits
        self.missing = missing

    @classmethod
    def learned(cls, values: np.ndarray, modes: int, seed: int) -> "_Modes":
        there = values[~np.isnan(values)]
        # So little is added to a variance that a mode of one value alone stays one: zeros among large numbers.
        mixture = GaussianMixtureSynthesizer(modes, shrinkage=0.0, regularization=1e-8, seed=seed)
        many = len(there) > _ENOUGH
        few = np.random.default_rng(seed).choice(there, _ENOUGH, replace=False) if many else there
        state = mixture.fit(few[:, None], np.zeros(len(few), int)).state()
        kept = state["weights"][0] > 0.0
        deviations = np.sqrt(state["covariances"][0, kept, 0, 0]) * state["scales"][0, 0]
        deviations = np.where(deviations > 0.0, deviations, 1.0)  # of a constant column
        limits = [float(there.min()), float(there.max())]
        parts = (state["weights"][0, kept], state["means"][0, kept, 0], deviations)
        return cls(*(part.tolist() for part in parts), limits, len(there) < len(values))

    @property
    def places(self) -> int:
        return len(self.weights) + self.missing

    def encode(self, values: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        lost = np.isnan(values)
        offsets = (np.where(lost, 0.0, values)[:, None] - self.means) / self.deviations
        likely = np.log(self.weights) - np.log(self.deviations) - offsets**2 / 2.0
        mode = (likely + rng.gumbel(size=likely.shape)).argmax(axis=1)  # drawn by its share
        number = np.clip(offsets[np.arange(len(values)), mode] / _REACH, -1.0, 1.0)
        return np.where(lost, 0.0, number), np.where(lost, self.places - 1, mode)

    def decode(self, number: Tensor, place: Tensor) -> Tensor:
        mode = ops.minimum(place, len(self.means) - 1)
        mean, deviation = (ops.take(np.array(table), mode) for table in (self.means, self.deviations))
        values = mean + _REACH * ops.clip(number, -1.0, 1.0) * deviation
        return _lost_at(self.places - 1 if self.missing else None, place, ops.clip(values, *self.limits))


def _lost_at(missing: int | None, place: Tensor, values: Tensor) -> Tensor:
    """NaN where `place` is the one that stands for a missing value."""
    return values if missing is None else ops.where(ops.equal(place, missing), np.nan, values)
