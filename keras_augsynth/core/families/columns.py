"""`Columns`: layers that know something of each column of a table."""

import math
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.arrivals import Arrival
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.modalities import TABULAR, Modality
from keras_augsynth.core.notices import Advice

Tensor = Any
_ROWS = 8  # that show the scale of a column


class Columns(Augmentation, listed=False):
    """An augmentation of rows whose columns have properties that `adapt` learns.

    A subclass says in `learn` what that is; `given` may say it without any rows. It is saved with the layer's weights.
    """

    modalities = (TABULAR,)

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._tables: dict[str, Any] = {}
        self._given_columns: int | None = None  # for which the tables follow from the arguments

    def learn(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays by name, from float64 rows `(rows, columns)` with NaN where a value is missing."""
        raise NotImplementedError(f"{type(self).__name__} must define `learn`.")

    def given(self, columns: int) -> dict[str, np.ndarray] | None:
        """The same from the layer's arguments alone; None where that needs rows."""
        return None

    def strays(self, x: Tensor, mean: Tensor, spread: Tensor) -> Tensor | None:
        """Which columns plainly are of another scale than what `adapt` learned; None where it learned no scale.

        Args:
            x: rows, float64 `(N, columns)`.
            mean: of each column.
            spread: their standard deviations, above 0.
        """
        return None

    def output_columns(self, columns: int | None) -> int | None:
        """How many columns come out for so many."""
        return columns

    def changed_shape(self, shape: tuple[int | None, ...], modality: Modality) -> tuple[int | None, ...]:
        return (*shape[:-1], self.output_columns(shape[-1]))

    def adapt(self, data: Any) -> None:
        """Learns from rows what the layer needs to know of each column; NaN is a value that is missing.

        Args:
            data: an array or a DataFrame of numbers `(rows, columns)`, or a `tf.data.Dataset` of batches of them.

        Raises:
            TypeError: for a column that does not hold numbers.
            ValueError: for infinity, or a column without any value.
        """
        rows = table_rows(self, data)
        empty = np.flatnonzero(np.isnan(rows).all(axis=0))
        if len(empty):
            raise wrong(
                self, "data", "have a value in each column", f"columns {empty.tolist()} of missing values alone"
            )
        self._keep(self.learn(rows))
        self._given_columns = None
        self.built = True

    def doubts(self, arrival: Arrival) -> Advice:
        if self._given_columns is not None or not self._tables or arrival.scale != 1.0:
            return []
        x = tf.cast(arrival.x, tf.float64)
        there = tf.math.is_finite(x)
        count = tf.maximum(tf.math.count_nonzero(there, 0, dtype=tf.float64), 1.0)
        mean = tf.reduce_sum(tf.where(there, x, 0.0), 0) / count
        spread = tf.sqrt(tf.reduce_sum(tf.where(there, tf.square(x - mean), 0.0), 0) / count)
        strays, varies = self.strays(x, mean, tf.where(spread > 0.0, spread, 1.0)), spread > 0.0
        if strays is None or x.shape[1] != strays.shape[0]:
            return []
        number, of = (tf.math.count_nonzero(which) for which in (strays & varies, varies))
        found = f"columns{arrival.of_part.replace(' of ', ' for ')} are of another scale than those that `adapt` saw."
        text = f"{found} Put the layer before what scales them, or let it adapt to what comes from there."
        # Several columns of some rows: a sorted column can be anywhere.
        return [((number >= 2) & (2 * number > of) & (tf.shape(x)[0] >= _ROWS), text)]

    def table(self, name: str) -> Tensor:
        """What was learned, as a tensor."""
        return self._tables[name].value

    def build(self, input_shape: Any) -> None:
        shape = input_shape[TABULAR.key] if isinstance(input_shape, dict) else input_shape
        if shape[-1] is None:
            raise wrong(self, TABULAR.key, "have a known number of columns", tuple(shape))
        if not self._tables:
            tables = self.given(shape[-1])
            if tables is None:
                raise self.not_adapted()
            with tf.init_scope():  # not when the function runs in whose trace the layer is built
                self._keep(tables)
            self._given_columns = shape[-1]
        self.built = True

    def not_adapted(self) -> Exception:
        return wrong(self, "adapt", "be called with rows before the layer is", "no rows", RuntimeError)

    def _keep(self, tables: dict[str, np.ndarray]) -> None:
        for name, values in tables.items():
            if name not in self._tables:
                self._make(name, values.shape, values)
            elif tuple(self._tables[name].shape) != values.shape:
                needed = f"have as many columns and rows as before, {tuple(self._tables[name].shape)}: make a new layer"
                raise wrong(self, "data", needed, values.shape)
            else:
                self._tables[name].assign(values)

    def _make(self, name: str, shape: Any, values: Any = 0.0) -> None:
        # By an initializer: what is assigned while Keras looks at a layer symbolically would be lost.
        initial = lambda shape, dtype: ops.broadcast_to(ops.cast(ops.convert_to_tensor(values), dtype), shape)
        # float64: the mean of a column of large numbers keeps its digits.
        self._tables[name] = self.add_weight(
            name=name, shape=tuple(shape), initializer=initial, dtype="float64", trainable=False, autocast=False
        )

    def get_build_config(self) -> dict[str, Any] | None:
        shapes = {name: list(table.shape) for name, table in self._tables.items()}
        return {"tables": shapes, "columns": self._given_columns} if self.built else None

    def build_from_config(self, config: dict[str, Any]) -> None:
        if config["columns"] is not None:  # a copy by the configuration has no weights to be loaded
            self.build((None, config["columns"]))
        for name, shape in config["tables"].items():
            if name not in self._tables:
                self._make(name, shape)
        self.built = True


def table_rows(owner: Any, data: Any) -> np.ndarray:
    """float64 rows `(rows, columns)` of an array, a DataFrame or a data set of batches; NaN is allowed."""
    if hasattr(data, "element_spec"):
        batches = [part[0] if isinstance(part, tuple) else part for part in data.as_numpy_iterator()]
        parts = [part[TABULAR.key] if isinstance(part, dict) else part for part in batches]
        data = np.concatenate([np.atleast_2d(part) for part in parts]) if parts else np.zeros((0, 0))
    if hasattr(data, "dtypes") and hasattr(data, "columns"):
        for name, dtype in zip(data.columns, data.dtypes, strict=True):
            if getattr(dtype, "kind", "O") not in "biuf":
                needed = "hold numbers: encode the others first, by `TableSchema` or as dummies"
                raise wrong(owner, "data", needed, f"column {name!r} of {dtype}", TypeError)
        data = data.to_numpy("float64", na_value=np.nan)  # of Int64 and its like, too
    try:
        rows = np.asarray(data, "float64")
    except (TypeError, ValueError) as error:
        raise wrong(owner, "data", "be numbers (rows, columns)", type(data).__name__, TypeError) from error
    if rows.ndim != 2 or not math.prod(rows.shape):
        raise wrong(owner, "data", "be an array (rows, features) with at least one row", rows.shape)
    if np.isinf(rows).any():
        raise wrong(owner, "data", "be finite, or NaN where a value is missing", "infinity")
    return rows
