"""What the synthesizers of tables have in common: a DataFrame in, one of the same columns and dtypes out."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.core.table_schema import TableSchema
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.synthesis.fitted import FittedSynthesizer
from keras_augsynth.synthesis.stored import Stored
from keras_augsynth.synthesis.synthesizer import check_samples

Tensor = Any


class SchemaSynthesizer(FittedSynthesizer):
    """A synthesizer of rows that knows which columns are numbers and which are categories.

    It is fitted to a DataFrame, of which it gives back one with the same columns and dtypes (in a graph a dictionary of
    the columns), or to an array, of which it gives back one.

    Args:
        categorical: columns of numbers that are categories: names, or numbers of the columns of an array.
        schema: of the DataFrame; None: what its dtypes say.
    """

    def __init__(self, categorical: Sequence[Any] = (), schema: TableSchema | None = None):
        if isinstance(categorical, str) or not isinstance(categorical, Sequence):
            raise wrong(self, "categorical", "be a list of columns", categorical, TypeError)
        if schema is not None and not isinstance(schema, TableSchema):
            raise wrong(self, "schema", "be a TableSchema, or None", schema, TypeError)
        self.categorical, self.schema = list(categorical), schema
        self._schema: TableSchema | None = None
        self._dtype, self._discrete = "float64", np.zeros(0, bool)

    def _encoded(self, x: Any, y: Any, missing: bool) -> tuple[np.ndarray, np.ndarray]:
        """float64 rows `(N, columns)` and labels `(N,)`; categories are whole numbers from 0 on for a DataFrame."""
        if hasattr(x, "columns"):
            self._schema = self.schema or TableSchema.from_dataframe(x, categorical=self.categorical)
            self._dtype, self._discrete = "float64", ~self._schema.is_numeric
            x = self._schema.encode(x)
        else:
            x = np.asarray(x)
            if x.dtype.kind not in "biuf" or x.ndim != 2 or not x.size:
                needed = "be a DataFrame, or an array of numbers (rows, columns)"
                raise wrong(self, "x", needed, f"{x.dtype} {x.shape}", TypeError)
            self._schema, self._dtype = None, x.dtype.name
            places = [check_integer(self, place, "categorical", 0, x.shape[1] - 1) for place in self.categorical]
            self._discrete = np.isin(np.arange(x.shape[1]), places)
        rows, y = check_samples(self, x.astype("float64"), y)
        lost = ~np.isfinite(rows) if not missing else np.isinf(rows)
        if lost.any():
            advice = "be finite, without missing values (`layers.Imputation` fills them in)"
            advice = "be finite, or NaN where a value is missing" if missing else advice
            raise wrong(self, "x", advice, f"{np.count_nonzero(lost.any(axis=1))} of {len(rows)} rows")
        return rows, y

    @property
    def _whole(self) -> np.ndarray:
        """Which columns hold whole numbers alone."""
        if self._schema is not None:
            return self._schema.is_whole
        return self._discrete | ("float" not in self._dtype)

    def _decoded(self, rows: Tensor) -> Any:
        """Rows in the form of what `fit` was given."""
        if self._schema is None:
            return to_dtype(rows, "uint8" if self._dtype == "bool" else self._dtype)
        return self._schema.decode(rows)

    def get_config(self) -> dict[str, Any]:
        return {"categorical": self.categorical, "schema": self.schema and self.schema.get_config()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        schema = config.get("schema")
        return cls(**{**config, "schema": None if schema is None else TableSchema.from_config(schema)})

    def _table_state(self) -> dict[str, np.ndarray]:
        schema = None if self._schema is None else self._schema.get_config()
        return {
            "table": np.array(json.dumps({"schema": schema, "dtype": self._dtype})),
            "discrete": self._discrete,
        }

    @staticmethod
    def _table_layout() -> dict[str, Stored]:
        return {"table": Stored("U", ()), "discrete": Stored("b", ("features",))}

    def _restore_table(self, state: dict[str, np.ndarray]) -> None:
        table = json.loads(str(state["table"]))
        self._schema = None if table["schema"] is None else TableSchema.from_config(table["schema"])
        self._dtype, self._discrete = np.dtype(table["dtype"]).name, state["discrete"]
