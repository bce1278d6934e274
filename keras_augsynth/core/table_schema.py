"""`TableSchema`: which columns of a DataFrame are numbers, and which are one of a few categories."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_choice, wrong
from keras_augsynth.core.extras import pandas
from keras_augsynth.ops.casting import to_dtype

Tensor = Any

KINDS = ("numeric", "categorical", "ordinal")
_MOST_CATEGORIES = 10_000


class TableSchema:
    """What the columns of a table are, in order: to turn a DataFrame into numbers and back, with its dtypes.

    Args:
        columns: by name, "numeric", or ("categorical", categories), or ("ordinal", categories in their order).
        dtypes: by name, the dtype of the column in pandas; what is not there is float64 if it is numeric, else object.

    Raises:
        TypeError: for something else than a kind, or a kind with a list of categories.
        ValueError: for another kind, no columns, no categories, one of them twice, or dtypes of other columns.

    Example:

    >>> schema = TableSchema({"age": "numeric", "size": ("ordinal", ["S", "M", "L"])}, dtypes={"age": "int64"})
    >>> schema.decode(np.array([[31.2, 2.0], [40.0, 0.0]])).values.tolist()
    [[31, 'L'], [40, 'S']]
    """

    def __init__(self, columns: Mapping[str, Any], dtypes: Mapping[str, str] | None = None):
        if not isinstance(columns, Mapping) or not columns:
            raise wrong(self, "columns", "be a dictionary with an entry for each column", columns)
        self.names, self.kinds = list(columns), []
        self.categories: list[list[Any] | None] = []
        for name, given in columns.items():
            needed = 'be "numeric" or a pair of a kind and a list of its categories, at least one, none twice'
            is_pair = isinstance(given, (tuple, list)) and len(given) == 2 and isinstance(given[1], (tuple, list))
            if not is_pair and not isinstance(given, str):
                raise wrong(self, "columns", needed, {name: given}, TypeError)
            kind, categories = (given[0], list(given[1])) if is_pair else (given, None)
            self.kinds.append(check_choice(self, kind, "columns", KINDS))
            is_legal = kind == "numeric"
            if categories is not None:
                is_legal = not is_legal and 0 < len(_different(self, name, categories)) == len(categories)
            if not is_legal:
                raise wrong(self, "columns", needed, {name: given})
            self.categories.append(categories)
        described = zip(self.names, self.kinds, strict=True)
        usual = {name: "float64" if kind == "numeric" else "object" for name, kind in described}
        self.dtypes = {**usual, **_of_columns(self, "dtypes", dtypes or {}, self.names)}

    @classmethod
    def from_dataframe(
        cls, frame: Any, *, categorical: Sequence[str] = (), ordinal: Mapping[str, Sequence[Any]] | None = None
    ) -> "TableSchema":
        """The schema that the dtypes say: numbers are numeric; booleans, strings and categories are categorical.

        A column of missing values alone is numeric.

        Args:
            frame: a pandas DataFrame.
            categorical: names of columns of numbers that are categories, codes for instance.
            ordinal: by name, the categories of a column in their order. Ordered categories of pandas are ordinal, too.

        Raises:
            TypeError: for something else than a DataFrame, dates, or a column of several types.
            ValueError: for infinity, a name that no column has, or that several have.
        """
        if not hasattr(frame, "dtypes") or not hasattr(frame, "columns"):
            raise wrong(cls.__name__, "frame", "be a pandas DataFrame", type(frame).__name__, TypeError)
        if not frame.columns.is_unique:
            twice = frame.columns[frame.columns.duplicated()].tolist()
            raise wrong(cls.__name__, "frame", "have columns of different names", twice)
        _of_columns(cls.__name__, "categorical", categorical, frame.columns)
        _of_columns(cls.__name__, "ordinal", ordinal or {}, frame.columns)
        columns, dtypes = {}, {}
        for name in frame.columns:
            column = frame[name]
            dtypes[name] = str(column.dtype)
            columns[name] = _described(cls.__name__, name, column, name in categorical, (ordinal or {}).get(name))
        return cls(columns, dtypes)

    @property
    def is_numeric(self) -> np.ndarray:
        """Which columns hold numbers, booleans `(columns,)`."""
        return np.array([kind == "numeric" for kind in self.kinds])

    @property
    def is_whole(self) -> np.ndarray:
        """Which columns can have whole numbers alone: categories and integers."""
        whole = ["int" in self.dtypes[name].lower() for name in self.names]
        return ~self.is_numeric | np.array(whole)

    def check_categories(self, owner: Any) -> None:
        """Refuses, for who makes a column of each category, what only an identifier has."""
        many = {name: len(each) for name, each in zip(self.names, self.categories, strict=True) if each}
        many = {name: count for name, count in many.items() if count > _MOST_CATEGORIES}
        if many:
            needed = f"have at most {_MOST_CATEGORIES:,} categories in a column: leave identifiers out"
            raise wrong(owner, "frame", needed, many)

    def encode(self, frame: Any) -> np.ndarray:
        """float64 `(rows, columns)`: numbers as they are, the places of categories, NaN for what is missing.

        Raises:
            ValueError: for columns that are not there, categories that the schema does not have, or infinity.
        """
        if not hasattr(frame, "columns") or list(frame.columns) != self.names:
            raise wrong(self, "frame", f"have the columns {self.names}", list(getattr(frame, "columns", [])))
        encoded = np.empty((len(frame), len(self.names)))
        for k, name in enumerate(self.names):
            if (categories := self.categories[k]) is None:
                encoded[:, k] = _floats(self, name, frame[name])
                _refuse_infinity(self, name, encoded[:, k])
                continue
            values, missing = frame[name].to_numpy("object"), frame[name].isna().to_numpy()
            places = {category: place for place, category in enumerate(categories)}
            unknown = _different(self, name, values[~missing]) - set(places)
            if unknown:
                needed = f"hold the categories {self.categories[k]} in column {name!r}"
                raise wrong(self, "frame", needed, sorted(map(str, unknown))[:5])
            encoded[:, k] = [np.nan if lost else places[value] for value, lost in zip(values, missing, strict=True)]
        return encoded

    def decode(self, encoded: Tensor) -> Any:
        """The DataFrame for numbers `(rows, columns)`, with the dtypes of the schema; whole numbers are rounded.

        In a graph it is a dictionary of the columns. What is missing is NaN among floats and "" among texts; among
        integers and booleans it is an error.
        """
        if tf.executing_eagerly():
            return self._frame(np.asarray(encoded, "float64"))
        return {name: self._tensor(k, encoded[:, k]) for k, name in enumerate(self.names)}

    def _frame(self, encoded: np.ndarray) -> Any:
        pd, columns = pandas(), {}
        for k, (name, values) in enumerate(zip(self.names, encoded.T, strict=True)):
            dtype, lost = self.dtypes[name], np.isnan(values)
            if (categories := self.categories[k]) is None:
                columns[name] = _numbers(self, name, values, dtype)
                continue
            places = np.where(lost, -1, np.clip(np.round(values), 0, len(categories) - 1)).astype(int)
            if dtype == "category":
                columns[name] = pd.Categorical.from_codes(places, categories, self.kinds[k] == "ordinal")
                continue
            taken = np.empty(len(places), object)
            taken[:] = [np.nan if place < 0 else categories[place] for place in places]
            columns[name] = pd.Series(taken, dtype="object").astype(dtype)
        return pd.DataFrame(columns)

    def _tensor(self, k: int, values: Tensor) -> Tensor:
        """A column in a graph."""
        name, categories, lost = self.names[k], self.categories[k], ops.isnan(values)
        if categories is None:
            dtype = _base(self.dtypes[name])
            return to_dtype(_all_there(self, name, values, lost) if "int" in dtype else values, dtype)
        table = tf.constant(categories)
        place = ops.cast(ops.clip(ops.round(ops.where(lost, 0.0, values)), 0, len(categories) - 1), "int32")
        if table.dtype == tf.string or table.dtype.is_floating:
            nothing = tf.constant("" if table.dtype == tf.string else np.nan, table.dtype)
            return tf.where(lost, nothing, tf.gather(table, place))
        return tf.gather(table, _all_there(self, name, place, lost))

    def get_config(self) -> dict[str, Any]:
        """What JSON can hold, for `from_config`."""
        for name, values in zip(self.names, self.categories, strict=True):
            if not all(isinstance(value, (str, int, float)) for value in values or ()):
                needed = f"be texts, numbers or booleans in a file: frame[{name!r}].cat.rename_categories(str)"
                raise wrong(self, "categories", needed, values, TypeError)
        kinds = zip(self.names, self.kinds, self.categories, strict=True)
        columns = [[name, kind if values is None else [kind, values]] for name, kind, values in kinds]
        return {"columns": columns, "dtypes": [self.dtypes[name] for name in self.names]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "TableSchema":
        # A name of several levels is a tuple, which JSON has as a list.
        names: list[Any] = [tuple(name) if isinstance(name, list) else name for name, _ in config["columns"]]
        columns = dict(zip(names, (column for _, column in config["columns"]), strict=True))
        return cls(columns, dict(zip(names, config["dtypes"], strict=True)))


def _described(owner: str, name: str, column: Any, is_categorical: bool, order: Sequence[Any] | None) -> Any:
    """What `TableSchema` wants to know of a column."""
    dtype, kind, there = column.dtype, getattr(column.dtype, "kind", "O"), column.dropna()
    refused = lambda needed, found: wrong(owner, "frame", needed, f"{name!r} {found}", TypeError)
    if kind in "mM":
        raise refused(f"hold dates and durations as numbers, by {_days(name, f'frame[{name!r}]')}", f"of {dtype}")
    if kind == "c":
        raise refused("hold real numbers: `.real` and `.imag` are two columns", f"of {dtype}")
    if order is not None:
        return "ordinal", list(order)
    if str(dtype) == "category" and len(dtype.categories):
        return "ordinal" if dtype.ordered else "categorical", [_plain(value) for value in dtype.categories]
    if not len(there):
        return "numeric"
    if kind in "iuf" and not is_categorical:
        if kind in "iu" and not -(2**53) <= int(there.min()) <= int(there.max()) <= 2**53:
            raise wrong(owner, "frame", "hold whole numbers of at most 2**53 in size", f"column {name!r}")
        if kind == "f":
            _refuse_infinity(owner, name, _floats(owner, name, column))
        return "numeric"
    values = {_plain(value) for value in _different(owner, name, there)}
    types = sorted({type(value).__name__ for value in values})
    if len(types) > 1:
        raise refused("hold values of one type in a column", f"with {types}")
    if hasattr(one := next(iter(values)), "year"):
        dates = f"pd.to_datetime(frame[{name!r}].astype(str))"
        raise refused(f"hold dates as numbers, by {_days(name, dates)}", f"with {types}")
    if not isinstance(one, (str, bytes, int, float)):
        raise refused(f"hold texts, numbers or booleans: frame[{name!r}].astype(float), or (str)", f"with {types}")
    return "categorical", sorted(values)


def _days(name: str, dates: str) -> str:
    """How to write dates as numbers."""
    return f"days = {dates}; frame[{name!r}] = (days - days.min()).dt.days"


def _of_columns(owner: Any, argument: str, named: Any, columns: Iterable[Any]) -> Any:
    """What is said of columns, which must be there."""
    others = [name for name in named if name not in columns]
    if others:
        raise wrong(owner, argument, f"name columns of {list(columns)}", others)
    return named


def _different(owner: Any, name: str, values: Iterable[Any]) -> set[Any]:
    try:
        return set(values)
    except TypeError as error:  # lists and the like have no place in a set
        types = sorted({type(value).__name__ for value in values})
        needed = f"hold texts, numbers or booleans in column {name!r}"
        raise wrong(owner, "frame", needed, f"values of {types}", TypeError) from error


def _floats(owner: Any, name: str, column: Any) -> np.ndarray:
    try:
        return column.to_numpy("float64", na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise wrong(owner, "frame", f"hold numbers in column {name!r}", column.iloc[0], TypeError) from error


def _refuse_infinity(owner: Any, name: str, values: np.ndarray) -> None:
    if np.isinf(values).any():
        raise wrong(owner, "frame", "be finite, or missing", f"infinity in column {name!r}")


def _all_there(owner: Any, name: str, values: Tensor, lost: Tensor) -> Tensor:
    """Values of a column that has no way to say that one is missing."""
    message = f"{type(owner).__name__}: `{name}` must have no missing values in a graph. Make it a column of floats."
    with tf.control_dependencies([tf.debugging.Assert(ops.logical_not(ops.any(lost)), [message])]):
        return tf.identity(values)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _numbers(owner: Any, name: str, values: np.ndarray, dtype: str) -> Any:
    """A column of numbers in a dtype of NumPy or pandas."""
    pd, base, lost = pandas(), _base(dtype), np.isnan(values)
    if "int" not in base:
        return pd.Series(values).astype(dtype)
    limits = np.iinfo(base)
    whole = np.clip(np.round(np.where(lost, 0.0, values)), limits.min, min(limits.max, 2**53)).astype(base)
    if not lost.any():
        return pd.Series(whole).astype(dtype)
    if dtype == base:  # NumPy's own
        raise wrong(
            owner, name, f"have no missing values in {dtype}: make it float64 or Int64", f"{lost.sum()} missing"
        )
    return pd.Series(whole).astype(dtype).mask(lost)


def _base(dtype: str) -> str:
    """NumPy's dtype of the numbers of "Int64", "int64[pyarrow]", "Sparse[int64, 0]" and the like."""
    found = re.search(r"u?int(8|16|32|64)|float(16|32)", dtype.lower())
    return found.group() if found else "float64"
