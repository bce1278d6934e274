"""Whether generated rows, and the layer that they pass, are in the units of the training data."""

import warnings
from typing import Any

import numpy as np
import tensorflow as tf

from keras_augsynth.core import ranges

_FAR = 20.0  # times: so much larger or smaller than the others is no class of a data set in all of its rows
_ROWS = 1024


def check_units(name: str, rows: Any, x: Any, augment: Any, stacklevel: int) -> None:
    """Warns if generated rows are plainly in other units than the training data.

    Args:
        name: of the synthesizer.
        rows: a few of its samples.
        x: the training data; only one array of numbers is looked at.
        augment: what all added rows pass, or None.
        stacklevel: as in `warnings.warn`.
    """
    if not (isinstance(x, np.ndarray) or tf.is_tensor(x)) or not tf.is_tensor(rows) or 0 in x.shape:
        return
    some = np.asarray(x[:: max(len(x) // _ROWS, 1)])
    if some.dtype.kind not in "iuf":
        return
    real, made = _sizes(some), _sizes(np.asarray(rows))
    real = real[real > 0.0]
    if (
        real.size
        and made.min() > 0.0
        and (made.min() > _FAR * real.max() or made.max() < np.quantile(real, 0.05) / _FAR)
    ):
        seen = f"reach {made.max():.6g} where the training data reach {real.max():.6g}"
        message = f"SyntheticBalancer: samples of {name} {seen}. Fit it on data in the model's units."
        warnings.warn(message, UserWarning, stacklevel=stacklevel)
    if hasattr(augment, "looks_at_values"):
        ranges.look_at(augment, (float(some.min()), float(some.max())), some.dtype.kind == "f", stacklevel + 1)


def _sizes(rows: np.ndarray) -> np.ndarray:
    """The largest absolute value of each row."""
    return np.abs(rows.reshape(len(rows), -1).astype("float64")).max(axis=1)
