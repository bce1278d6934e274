"""`quality_report`: what is missing, far off, labelled wrongly, double or rare in a table, and what to do about it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_augsynth.core.checks import check_classes, check_integer, wrong
from keras_augsynth.core.figures import new_figure
from keras_augsynth.core.table_schema import TableSchema
from keras_augsynth.ops.neighbors import neighbors


@dataclass(frozen=True)
class DataQuality:
    """What `quality_report` found. Print it for a table with advice.

    Attributes:
        columns: names of the columns.
        counts: rows of each class.
        missing: the share of values that are missing, `(classes, columns)`; NaN for a class without rows.
        outliers: places of rows that are far from their class.
        unjudged: classes of too few rows to tell outliers.
        wrong_labels: places of rows whose label is likely wrong, the likeliest first.
        likely_labels: the label that each of those should have.
        duplicates: places of rows that equal an earlier one.
        contradictions: places of rows that equal one of another class.
        mixed_scales: names of columns whose spread is a thousand times that of another one, or the other way round.
    """

    columns: list[str]
    counts: np.ndarray
    missing: np.ndarray
    outliers: np.ndarray
    unjudged: list[int]
    wrong_labels: np.ndarray
    likely_labels: np.ndarray
    duplicates: np.ndarray
    contradictions: np.ndarray
    mixed_scales: list[str]

    @property
    def imbalance_ratio(self) -> float:
        """Rows of the largest class for each of the smallest that has any."""
        there = self.counts[self.counts > 0]
        return float(there.max() / there.min())

    def __str__(self) -> str:
        rows = int(self.counts.sum())
        overall = np.nansum(self.missing * self.counts[:, None], axis=0) / rows
        worst = [f"{self.columns[k]} {overall[k]:.0%}" for k in np.argsort(-overall)[:3] if overall[k] > 0]
        lines = [
            ("missing", f"{overall.mean():.1%} of values" + (f"; most: {', '.join(worst)}" if worst else "")),
            ("outliers", _rows(self.outliers) + (f"; not judged: classes {self.unjudged}" if self.unjudged else "")),
            ("wrong labels", _rows(self.wrong_labels)),
            ("duplicates", f"{len(self.duplicates)} rows, {len(self.contradictions)} with another label"),
            ("imbalance", f"1 to {self.imbalance_ratio:.1f}; rows by class: {self.counts.tolist()}"),
        ]
        advice = {
            "missing": "layers.Imputation fills values in; layers.RandomMissing makes a model used to it",
            "outliers": "look at them; layers.OutlierClip keeps them within the usual range",
            "wrong labels": "look at them before anything else: a generator learns them, too",
            "duplicates": "drop them before you split, or test rows are training rows",
            "imbalance": "callbacks.SyntheticBalancer, with synthesis.GaussianSynthesizer or SMOTENC as its source",
        }
        found = {
            "missing": overall.any(),
            "outliers": len(self.outliers),
            "wrong labels": len(self.wrong_labels),
            "duplicates": len(self.duplicates),
            "imbalance": self.imbalance_ratio >= 1.5,
        }
        text = [f"{rows} rows, {len(self.columns)} columns, {np.count_nonzero(self.counts)} classes"]
        for name, line in lines:
            text.append(f"{name:<13} {line}" + (f"\n{'':<13} -> {advice[name]}" if found[name] else ""))
        if self.mixed_scales:
            text.append(f"{'scales':<13} very different: {', '.join(self.mixed_scales[:5])}")
            text.append(f"{'':<13} -> layers.Normalization, before distances are measured")
        return "\n".join(text)

    def to_dict(self) -> dict[str, Any]:
        """Everything, in types that JSON knows."""
        plain = lambda value: value.tolist() if isinstance(value, np.ndarray) else value
        return {name: plain(value) for name, value in vars(self).items()} | {"imbalance_ratio": self.imbalance_ratio}

    def plot(self) -> Any:
        """A figure of matplotlib: missing values by column and class, and rows by class with what is wrong in them."""
        figure = new_figure(self, figsize=(9, 3.5))
        left, right = figure.subplots(1, 2)
        image = left.imshow(self.missing, aspect="auto", vmin=0.0, vmax=max(np.nanmax(self.missing), 0.01))
        figure.colorbar(image, ax=left, label="share of values missing")
        left.set(xlabel="column", ylabel="class", xticks=range(len(self.columns)), yticks=range(len(self.counts)))
        left.set_xticklabels(self.columns, rotation=90)
        right.bar(range(len(self.counts)), self.counts, label="rows")
        found = {"outliers": self.outliers, "likely wrong": self.wrong_labels, "duplicates": self.duplicates}
        right.set(xlabel="class", ylabel="rows", xticks=range(len(self.counts)))
        right.set_title(", ".join(f"{name}: {len(rows)}" for name, rows in found.items()))
        return figure


def quality_report(x: Any, y: Any, *, k_neighbors: int = 10) -> DataQuality:
    """Looks at a table before it is trained on.

    Outliers are rows whose robust Mahalanobis distance from their class (by the half of its rows that lie closest
    together) is one that a normal distribution has once in a thousand rows. Labels are likely wrong where confident
    learning says so: the neighbours of the row, itself left out, are of another class at least as often as the
    neighbours of that class's rows are.

    Args:
        x: a DataFrame, or an array of numbers `(N, columns)`; NaN is a value that is missing.
        y: integer labels `(N,)`.
        k_neighbors: that say what a row's label could be, at least 1.

    Raises:
        ValueError: for rows and labels of different numbers, or infinity.

    Example:

    >>> report = quality_report(np.random.default_rng(0).normal(size=(60, 3)), np.repeat([0, 1], [50, 10]))
    >>> report.imbalance_ratio, report.missing.max()
    (5.0, 0.0)

    Reference:
        Rousseeuw, Van Driessen: A fast algorithm for the minimum covariance determinant estimator. Technometrics 41,
        1999. Northcutt, Jiang, Chuang: Confident learning: estimating uncertainty in dataset labels. JAIR 70, 2021.
    """
    owner = "quality_report"
    check_integer(owner, k_neighbors, "k_neighbors", 1)
    schema = TableSchema.from_dataframe(x) if hasattr(x, "columns") else None
    rows = np.asarray(x if schema is None else schema.encode(x))
    if rows.ndim != 2 or not rows.size or rows.dtype.kind not in "biuf":
        needed = "be a DataFrame or an array of numbers (N, columns)"
        raise wrong(owner, "x", needed, f"{rows.dtype} {rows.shape}", TypeError)
    rows, y = rows.astype("float64"), check_classes(owner, y, len(rows))
    if np.isinf(rows).any():
        raise wrong(owner, "x", "be finite, or NaN where a value is missing", "infinity")
    counts, lost = np.bincount(y), np.isnan(rows)
    numeric = np.ones(rows.shape[1], bool) if schema is None else schema.is_numeric
    missing = np.full((len(counts), rows.shape[1]), np.nan)
    for label in np.flatnonzero(counts):
        missing[label] = lost[y == label].mean(axis=0)
    outliers, unjudged = _outliers(rows[:, numeric], y, counts)
    suspects, likely = _wrong_labels(rows, numeric, y, len(counts), k_neighbors)
    duplicates, contradictions = _duplicates(rows, y)
    names = list(map(str, range(rows.shape[1]) if schema is None else schema.names))
    return DataQuality(
        *(names, counts, missing, outliers, unjudged, suspects, likely, duplicates, contradictions),
        _mixed_scales(rows, numeric, names),
    )


_CHANCE = 1e-3  # that a row of a normal class is called an outlier
_BANK = 20_000  # rows among which neighbours are searched
_FREQUENT = 100  # categories of a column that count in distances


def _rows(places: np.ndarray) -> str:
    shown = ", ".join(map(str, places[:5].tolist()))
    return f"{len(places)} rows" + (f": {shown}{', ...' if len(places) > 5 else ''}" if len(places) else "")


def _filled(rows: np.ndarray) -> np.ndarray:
    """Missing values at their column's median; a column of missing values alone is 0."""
    there = ~np.isnan(rows).all(axis=0)
    medians = np.zeros(rows.shape[1])
    medians[there] = np.nanmedian(rows[:, there], axis=0)
    return np.where(np.isnan(rows), medians, rows)


def _outliers(rows: np.ndarray, y: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """(places of rows far from their class, classes of too few rows to tell)."""
    found, unjudged = [], []
    for label in np.flatnonzero(counts):
        places = np.flatnonzero(y == label)
        own = _filled(rows[places])
        own = own[:, np.ptp(own, axis=0) > 0.0]
        if len(own) < 3 * own.shape[1] + 10 or not own.shape[1]:
            unjudged.append(int(label))
            continue
        found.append(places[_robust_distances(own) > _chi_squared(own.shape[1], 1.0 - _CHANCE)])
    return np.sort(np.concatenate([*found, np.zeros(0, int)])).astype("int64"), unjudged


def _robust_distances(rows: np.ndarray) -> np.ndarray:
    """Squared Mahalanobis distances by the mean and covariance of the half of the rows that lie closest together."""
    center = np.median(rows, axis=0)
    spread = np.median(np.abs(rows - center), axis=0)
    spread = np.where(spread > 0.0, spread, rows.std(axis=0))
    units = (rows - center) / spread
    count, columns = units.shape
    half = (count + columns + 1) // 2
    squares = np.square(units).sum(axis=1)
    for _ in range(30):
        core = units[np.argsort(squares, kind="stable")[:half]]
        covariance = np.cov(core.T, ddof=0).reshape(columns, columns) + 1e-9 * np.eye(columns)
        last, off = squares, units - core.mean(axis=0)
        squares = np.einsum("nd,nd->n", off @ np.linalg.inv(covariance), off)
        if np.allclose(squares, last):
            break
    # Of normal rows, half have a distance below the median: that makes the scale of the inner half a fair one.
    squares = squares * _chi_squared(columns, 0.5) / np.median(squares)
    # The inner half is a small sample: once more by all rows that it does not call outliers.
    core = units[squares <= _chi_squared(columns, 0.975)]
    covariance = np.cov(core.T, ddof=0).reshape(columns, columns) + 1e-9 * np.eye(columns)
    off = units - core.mean(axis=0)
    squares = np.einsum("nd,nd->n", off @ np.linalg.inv(covariance), off)
    return squares * _chi_squared(columns, 0.5) / np.median(squares)


def _chi_squared(freedom: int, share: float) -> float:
    """The quantile, to one part in a hundred (Wilson, Hilferty: The distribution of chi-square. PNAS 17, 1931)."""
    import statistics

    part = 2.0 / (9.0 * freedom)
    return freedom * max(1.0 - part + statistics.NormalDist().inv_cdf(share) * part**0.5, 1e-3) ** 3


def _distances_space(rows: np.ndarray, numeric: np.ndarray) -> np.ndarray:
    """Rows in which distances mean something: numbers by their standard deviation, a column for each category.

    A category that one row has alone says nothing of its neighbours: an identifier has no column.
    """
    numbers = _filled(rows[:, numeric])
    parts = [numbers / np.where(numbers.std(axis=0) > 0.0, numbers.std(axis=0), 1.0)]
    for column in rows[:, ~numeric].T:
        values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
        frequent = values[np.argsort(-counts, kind="stable")[:_FREQUENT]]
        parts.append((column[:, None] == frequent[np.isin(frequent, values[counts > 1])]) / 2.0**0.5)
    return np.concatenate(parts, axis=1)


def _wrong_labels(
    rows: np.ndarray, numeric: np.ndarray, y: np.ndarray, classes: int, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """(places of rows, labels that they should have), the surest first."""
    bank = np.arange(len(y))
    if len(y) > _BANK:
        bank = np.sort(np.random.default_rng(0).choice(len(y), _BANK, replace=False))
    k = min(k, len(bank) - 1)
    if k < 1:
        return np.zeros(0, "int64"), np.zeros(0, "int64")
    judged, space = bank, _distances_space(rows[bank], numeric)
    found = neighbors(space, space, k, own=np.arange(len(bank)))[1]
    chances = np.zeros((len(judged), classes))
    np.add.at(chances, (np.arange(len(judged))[:, None], y[bank][found]), 1.0 / k)
    own = chances[np.arange(len(judged)), y[judged]]
    usual = np.full(classes, np.inf)
    for label in np.unique(y[judged]):
        usual[label] = own[y[judged] == label].mean()
    sure = np.where(chances >= usual - 1e-12, chances, -1.0)
    best = sure.argmax(axis=1)
    suspicious = np.flatnonzero((sure.max(axis=1) > 0.0) & (best != y[judged]) & (chances.max(axis=1) > own))
    order = suspicious[np.argsort((own - sure.max(axis=1))[suspicious], kind="stable")]
    return judged[order], best[order].astype("int64")


def _duplicates(rows: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(places of rows that equal an earlier one, places of rows that equal one of another class)."""
    comparable = np.where(np.isnan(rows), np.inf, rows) + 0.0  # NaN equals NaN here, and -0 equals 0
    _, first, group = np.unique(comparable, axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    low, high = np.full(len(first), np.iinfo("int64").max), np.full(len(first), -1)
    np.minimum.at(low, group, y)
    np.maximum.at(high, group, y)
    return np.setdiff1d(np.arange(len(rows)), first), np.flatnonzero((low != high)[group])


def _mixed_scales(rows: np.ndarray, numeric: np.ndarray, names: list[str]) -> list[str]:
    spread = np.array([np.nanstd(column) if (~np.isnan(column)).any() else 0.0 for column in rows.T])
    used = numeric & (spread > 0.0)
    if not used.any() or spread[used].max() < 1e3 * spread[used].min():
        return []
    middle = np.median(np.log(spread[used]))
    order = sorted(np.flatnonzero(used), key=lambda k: -abs(np.log(spread[k]) - middle))
    return [names[k] for k in order]
