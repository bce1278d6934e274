"""`table_report`: is a synthetic table like the real one, column by column, in pairs, and for training?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.table_schema import TableSchema
from keras_augsynth.metrics.arrays import check_classes
from keras_augsynth.metrics.result import Result
from keras_augsynth.metrics.utility import classification_score
from keras_augsynth.ops.neighbors import nearest_distance
from keras_augsynth.ops.ranks import midranks


@dataclass(frozen=True)
class TableReport:
    """What `table_report` found. Print it for a table.

    Attributes:
        columns: for each column the distance of its distributions, from 0 to 1: Kolmogorov and Smirnov's for numbers,
            the total variation for categories. A value that is missing counts as one that is above all others.
        correlation_difference: the mean difference of Spearman's correlation over all pairs of columns.
        closest_record: the median distance of a synthetic row to the nearest row for training, in units of that of
            held-out rows (of other rows for training where there are none); of large tables, of 2,000 rows among all.
            Far below 1, rows are copies. It is no proof of privacy: a table may keep far from its rows on the whole and
            give one of them away.
        utility: the mean recall on real held-out rows after training on "real", "synthetic" and both; None without
            held-out rows.

    Example:

    >>> rows, labels = np.random.default_rng(0).normal(size=(50, 2)), np.arange(50) % 2
    >>> table_report((rows, labels), (rows, labels)).closest_record
    0.0
    """

    columns: Mapping[str, Result]
    correlation_difference: float
    closest_record: float
    utility: Mapping[str, Result] | None

    def __str__(self) -> str:
        width = max(*map(len, self.columns), len("real+synthetic")) + 2
        lines = [f"{name:<{width}} {result.metric} {result.value:.3f}" for name, result in self.columns.items()]
        lines.append(f"{'correlations':<{width}} off by {self.correlation_difference:.3f} on the whole")
        lines.append(f"{'closest row':<{width}} {self.closest_record:.2f} of what is usual among real rows")
        lines += [f"{name:<{width}} {result}" for name, result in (self.utility or {}).items()]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything, in types that JSON knows."""
        plain = lambda results: None if results is None else {name: each.to_dict() for name, each in results.items()}
        own = {"correlation_difference": self.correlation_difference, "closest_record": self.closest_record}
        return {"columns": plain(self.columns), **own, "utility": plain(self.utility)}


def table_report(
    real: tuple[Any, Any], synthetic: tuple[Any, Any], test: tuple[Any, Any] | None = None, *, steps: int = 600
) -> TableReport:
    """Compares a synthetic table with the real one that it was learned from.

    Args:
        real: `(x, y)`, what the synthesizer has learned from: a DataFrame or an array of numbers, and integer labels.
        synthetic: `(x, y)`, with the same columns.
        test: `(x, y)`, real rows that the synthesizer has not seen, for the distances and for the training.
        steps: of each training.

    Raises:
        ValueError: for other columns, more than 10,000 categories in one, or some that the real table does not have.

    Example:

    >>> rows, labels = np.random.default_rng(0).normal(size=(2, 200, 3)), np.arange(200) % 2
    >>> report = table_report((rows[0], labels), (rows[1], labels))
    >>> report.columns["0"].metric, report.columns["0"] < 0.2
    ('KS', True)

    Reference:
        Patki, Wedge, Veeramachaneni: The synthetic data vault. DSAA 2016. Xu et al.: Modeling tabular data using
        conditional GAN. NeurIPS 2019.
    """
    owner = "table_report"
    schema = TableSchema.from_dataframe(real[0]) if hasattr(real[0], "columns") else None
    if schema is not None:
        schema.check_categories(owner)
    sets = {"real": real, "synthetic": synthetic, **({} if test is None else {"test": test})}
    rows = {name: _rows(owner, name, pair[0], schema) for name, pair in sets.items()}
    for name, x in rows.items():
        if x.shape[1] != rows["real"].shape[1]:
            raise wrong(owner, name, f"have {rows['real'].shape[1]} columns, as `real` has", x.shape)
    numeric = np.ones(rows["real"].shape[1], bool) if schema is None else schema.is_numeric
    names = list(map(str, range(len(numeric)) if schema is None else schema.names))
    columns = {}
    for k, name in enumerate(names):
        first, second = (np.nan_to_num(rows[each][:, k], nan=np.inf) for each in ("real", "synthetic"))
        metric, value = ("KS", _ks(first, second)) if numeric[k] else ("TV", _total_variation(first, second))
        columns[name] = Result(metric, value, name, min(len(first), len(second)))
    return TableReport(
        columns,
        _correlation_difference(rows["real"], rows["synthetic"]),
        _closest(rows, numeric),
        None if test is None else _utility(owner, sets, _spaces(rows, numeric), steps),
    )


def _rows(owner: str, name: str, x: Any, schema: TableSchema | None) -> np.ndarray:
    rows = np.asarray(x if schema is None else schema.encode(x))
    if rows.ndim != 2 or not rows.size or rows.dtype.kind not in "biuf":
        raise wrong(owner, name, "have a DataFrame or an array of numbers (N, columns)", f"{rows.dtype} {rows.shape}")
    return rows.astype("float64")


def _ks(first: np.ndarray, second: np.ndarray) -> float:
    """The largest difference of two empirical distribution functions."""
    values = np.concatenate([first, second])
    share = lambda rows: np.searchsorted(np.sort(rows), values, side="right") / len(rows)
    return float(np.abs(share(first) - share(second)).max())


def _total_variation(first: np.ndarray, second: np.ndarray) -> float:
    values = np.unique(np.concatenate([first, second]))
    share = lambda rows: np.bincount(np.searchsorted(values, rows), minlength=len(values)) / len(rows)
    return float(np.abs(share(first) - share(second)).sum() / 2.0)


def _correlation_difference(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Over the pairs of columns that vary in both tables, by the rows that have both values."""
    differences = []
    for i in range(real.shape[1]):
        for j in range(i):
            found = []
            for rows in (real, synthetic):
                both = rows[~np.isnan(rows[:, [i, j]]).any(axis=1)][:, [i, j]]
                if len(both) > 2 and np.all(np.ptp(both, axis=0) > 0.0):
                    found.append(np.corrcoef([midranks(column)[0] for column in both.T])[0, 1])
            if len(found) == 2:
                differences.append(abs(found[0] - found[1]))
    return float(np.mean(differences)) if differences else 0.0


def _spaces(rows: Mapping[str, np.ndarray], numeric: np.ndarray) -> dict[str, np.ndarray]:
    """Rows as distances and networks take them: numbers standardized, a column for each category, nothing missing."""
    real, spaces = rows["real"], {name: [] for name in rows}
    for k in range(real.shape[1]):
        there = real[~np.isnan(real[:, k]), k]
        for name, table in rows.items():
            column = table[:, k]
            if numeric[k]:
                mean, spread = (there.mean(), there.std()) if len(there) else (0.0, 0.0)
                spaces[name].append((np.where(np.isnan(column), mean, column) - mean) / (spread or 1.0))
            else:
                spaces[name].extend((column[:, None] == np.unique(there)).T / 2.0**0.5)
    return {name: np.stack(columns, axis=1) for name, columns in spaces.items()}


def _closest(rows: Mapping[str, np.ndarray], numeric: np.ndarray) -> float:
    spaces = _spaces(rows, numeric)
    train = spaces["real"]
    if "test" in spaces:
        usual = nearest_distance(_some(spaces["test"]), train)
    else:  # one half of the rows to the other
        usual = nearest_distance(_some(train[::2]), train[1::2]) if len(train) > 1 else np.zeros(1)
    median = float(np.median(usual))
    return float(np.median(nearest_distance(_some(spaces["synthetic"]), train))) / median if median else float("nan")


_JUDGED = 2_000  # rows whose closest ones are searched: among a million each takes some hundredths of a second


def _some(rows: np.ndarray) -> np.ndarray:
    few = np.random.default_rng(0).choice(len(rows), _JUDGED, replace=False) if len(rows) > _JUDGED else slice(None)
    return rows[few]


def _utility(owner: str, sets: Mapping[str, Any], spaces: Mapping[str, np.ndarray], steps: int) -> dict[str, Result]:
    pairs = [
        (spaces[name].astype("float32"), check_classes(owner, spaces[name], sets[name][1], name))
        for name in ("real", "synthetic", "test")
    ]
    scores = classification_score(*pairs, steps=steps)
    return {name: scores[name] for name in ("real", "synthetic", "real+synthetic")}
