"""The arrays of a file, held to what they must be before anything is made of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from keras_augsynth.core.checks import wrong


class Stored(NamedTuple):
    """What an array in a file must be.

    Attributes:
        kinds: of dtypes, as NumPy's `dtype.kind`.
        shape: a number for each axis, or a name for a length that is the same wherever the name stands; "*" is any
            number of further axes, at the end.
        low: the lowest value, for numbers that have one.
        high: the highest value, or a length that the values must be below. Floats are finite in any case.
    """

    kinds: str
    shape: tuple[int | str, ...]
    low: float | None = None
    high: float | str | None = None


def check_stored(owner: Any, state: Mapping[str, np.ndarray], layout: Mapping[str, Stored]) -> None:
    """Refuses arrays that are missing, or not as the layout says; lengths are learned in its order."""
    lengths: dict[str, int] = {}
    for name, stored in layout.items():
        if name not in state:
            raise wrong(owner, name, "be in the file", sorted(state))
        _check_one(owner, name, state[name], stored, lengths)


def _check_one(owner: Any, name: str, array: np.ndarray, stored: Stored, lengths: dict[str, int]) -> None:
    axes = stored.shape[:-1] if stored.shape[-1:] == ("*",) else stored.shape
    fits = len(array.shape) == len(axes) or (len(axes) < len(stored.shape) and len(array.shape) >= len(axes))
    for length, axis in zip(array.shape, axes, strict=False):
        fits = fits and length == (axis if isinstance(axis, int) else lengths.setdefault(axis, length))
    if not fits or array.dtype.kind not in stored.kinds:
        raise wrong(owner, name, f"have the shape {stored.shape}, and a dtype like it", f"{array.dtype} {array.shape}")
    if array.dtype.kind not in "biuf" or not array.size:
        return
    least, most = array.min(), array.max()  # they pass on what is not finite
    below = lengths[stored.high] if isinstance(stored.high, str) else np.inf
    high = stored.high if isinstance(stored.high, (int, float)) else np.inf
    low = -np.inf if stored.low is None else stored.low
    if not (np.isfinite(least) and np.isfinite(most) and low <= least and most < below and most <= high):
        raise wrong(owner, name, "hold values that are possible", f"values from {least:g} to {most:g}")
