"""`Result`: a number that says what it was measured in, on how many rows, and how far it can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Result:
    """A measured value with its feature space, its number of rows and its error; or why there is none.

    It stands in for its number: `float(result)`, comparisons and NumPy take it. A result that is not testable
    has no number, and raises where one is asked for.

    Args:
        metric: what was measured, such as "FD".
        value: the number, or None where the rows do not suffice for one.
        features: name of the feature space.
        n: rows of the smallest set that went in.
        error: standard error, or None where none is known.
        reason: why there is no value.
        by_class: the value for each class, where there is one.

    Example:

    >>> Result("FD", 0.283, "pca64", 2000, error=0.01)
    FD[pca64] = 0.283 ± 0.010 (n=2000)
    >>> Result.not_testable("C_T", "pca64", 15, "15 held-out rows where 20 are needed")
    C_T[pca64]: not testable, 15 held-out rows where 20 are needed
    """

    metric: str
    value: float | None
    features: str
    n: int
    error: float | None = None
    reason: str | None = None
    by_class: Mapping[int, float] | None = None

    @classmethod
    def not_testable(cls, metric: str, features: str, n: int, reason: str) -> "Result":
        """The answer where there are too few rows for a number."""
        return cls(metric, None, features, n, reason=reason)

    @property
    def name(self) -> str:
        """What was measured, and where: "FD[pca64]"."""
        return f"{self.metric}[{self.features}]"

    @property
    def testable(self) -> bool:
        return self.value is not None

    def to_dict(self) -> dict[str, Any]:
        """Everything, in types that JSON knows."""
        fields = {name: getattr(self, name) for name in ("name", "value", "error", "n", "features", "reason")}
        classes = {} if self.by_class is None else {"by_class": {str(c): v for c, v in self.by_class.items()}}
        return fields | classes

    def __float__(self) -> float:
        if self.value is None:
            raise ValueError(f"{self!r}. Look at `testable` before asking for the number.")
        return self.value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(float(self), dtype)

    def __lt__(self, other: Any) -> bool:
        return float(self) < float(other)

    def __le__(self, other: Any) -> bool:
        return float(self) <= float(other)

    def __gt__(self, other: Any) -> bool:
        return float(self) > float(other)

    def __ge__(self, other: Any) -> bool:
        return float(self) >= float(other)

    def __repr__(self) -> str:
        if self.value is None:
            return f"{self.name}: not testable, {self.reason}"
        return f"{self.name} = {self.number()} (n={self.n})"

    def number(self) -> str:
        """The value with its error, "0.283 ± 0.010", or "n/t"."""
        if self.value is None:
            return "n/t"
        if self.error is None:
            return f"{self.value:.3g}"
        # Two digits of the error, and of the value what stands above it; no more than can be meant.
        places = max(0, 1 - int(np.floor(np.log10(self.error)))) if self.error > 0 else 3
        return f"{self.value:.{places}f} ± {self.error:.{places}f}"
