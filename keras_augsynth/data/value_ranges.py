"""How the values of a data set lie to the value ranges of the layers that they pass."""

from typing import Any

import numpy as np

from keras_augsynth.core.families.color import ColorStage
from keras_augsynth.core.families.geometric import GeometricStage
from keras_augsynth.core.families.stage import Stage


class StageRanges:
    """The value ranges of one stage: what the data are where they are needed, and how much is clipped to the last."""

    def __init__(self, stage: Stage):
        self.clipped = self.count = 0
        self._ranges: list[tuple[str, tuple[float, float], _Map, Extremes]] = []
        reached, name, limits = _Map(), "", None
        for step in stage.steps:
            layer = step.layer
            scales = isinstance(stage, ColorStage) and layer.is_value_map
            if scales:
                reached = reached.then(*layer.value_map)
            value_range = getattr(layer, "value_range", None)
            if value_range is None or isinstance(stage, GeometricStage):  # interpolation never leaves it
                continue
            self._ranges.append((layer.name, tuple(value_range), reached, Extremes()))
            # What a layer fills with is its wish; it clips nothing.
            if not scales and not hasattr(layer, "fill_value"):
                name, limits, before = layer.name, np.array(value_range, "float32"), reached
        self.name, self._limits = name, limits
        if limits is not None:
            # `reached` has become the way to the end of the stage, `before` is that to the clip.
            self._before, self._ends = before, [before.back_and(reached, limit) for limit in limits]

    def see(self, entering: Any, leaving: Any) -> None:
        if not self._ranges:
            return
        entering, leaving = (np.asarray(t).astype("float32") for t in (entering, leaving))
        for _, _, reached, extremes in self._ranges:
            extremes.see(entering, reached)
        if self._limits is None or entering.shape != leaving.shape:
            return
        low, high = self._limits
        at_before = _near(self._before(entering), low, high, beyond=True)
        at_after = _near(leaving, self._ends[0], self._ends[1])
        self.clipped += int((at_after & ~at_before & np.isfinite(entering)).sum())
        self.count += leaving.size

    def misfits(self) -> dict[str, dict[str, tuple[float, float]]]:
        found = {}
        for name, (low, high), _, extremes in self._ranges:
            seen = extremes.pair()
            if seen is not None and not _fits(seen, low, high):
                found[name] = {"seen": seen, "value_range": (low, high)}
        return found


class _Map:
    """x * scale + offset."""

    def __init__(self, scale: Any = 1.0, offset: Any = 0.0):
        self._scale, self._offset = np.asarray(scale, "float64"), np.asarray(offset, "float64")

    def then(self, scale: Any, offset: Any) -> "_Map":
        scale, offset = np.asarray(scale, "float64"), np.asarray(offset, "float64")
        return _Map(self._scale * scale, self._offset * scale + offset)

    def back_and(self, other: "_Map", value: float) -> np.ndarray:
        """Where `other` takes what this one takes to `value`."""
        return other((value - self._offset) / self._scale)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return x * self._scale + self._offset


class Extremes:
    """The lowest and the highest finite value."""

    def __init__(self):
        self._low, self._high = np.inf, -np.inf

    def see(self, x: np.ndarray, to: Any = None) -> None:
        x = x.astype("float64")
        axes = tuple(range(x.ndim - 1))
        finite = np.isfinite(x)
        lowest, highest = (
            np.min(np.where(finite, x, np.inf), axis=axes),
            np.max(np.where(finite, x, -np.inf), axis=axes),
        )
        ends = np.array([lowest, highest])
        ends = ends[:, np.isfinite(lowest)] if to is None else to(ends)
        ends = ends[np.isfinite(ends)]
        if ends.size:
            self._low, self._high = min(self._low, ends.min()), max(self._high, ends.max())

    def pair(self) -> tuple[float, float] | None:
        return (float(self._low), float(self._high)) if self._low <= self._high else None


def _fits(seen: tuple[float, float], low: float, high: float) -> bool:
    """Not when values lie outside, use next to nothing of the range, or never its negative half."""
    slack = 0.01 * (high - low)
    outside = seen[0] < low - slack or seen[1] > high + slack
    tiny = 0.0 < seen[1] - seen[0] < 5 * slack and seen[1] < (low + high) / 2
    return not (outside or tiny or low < 0.0 <= seen[0] < seen[1])


def _near(x: np.ndarray, low: Any, high: Any, beyond: bool = False) -> np.ndarray:
    """Whether values lie on one of two ends (or outside of them), up to rounding."""
    low, high = np.minimum(low, high), np.maximum(low, high)
    slack = 1e-6 * (high - low)
    if beyond:
        return (x <= low + slack) | (x >= high - slack)
    return (np.abs(x - low) <= slack) | (np.abs(x - high) <= slack)
