"""Whether generated rows, and the layer that they pass, are in the units of the training data."""

import warnings
from typing import Any

import keras
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
        x: the training data, arrays in the same structure; other data are not looked at.
        augment: what all added rows pass, or None.
        stacklevel: as in `warnings.warn`.
    """
    made = keras.tree.flatten(rows)
    parts = [x] if len(made) == 1 and not isinstance(x, (dict, list, tuple)) else keras.tree.flatten(x)
    if len(parts) != len(made):
        return
    for some, real in zip(made, parts, strict=True):
        _check_part(name, some, real, stacklevel + 1)
    if hasattr(augment, "looks_at_values") and len(parts) == 1 and _is_numbers(parts[0]):
        some = _a_few(parts[0])
        ranges.look_at(augment, (float(some.min()), float(some.max())), some.dtype.kind == "f", stacklevel + 1)


def _check_part(name: str, rows: Any, x: Any, stacklevel: int) -> None:
    if not _is_numbers(x) or not _is_numbers(rows):
        return
    real, made = _sizes(_a_few(x)), _sizes(np.asarray(rows))
    real = real[real > 0.0]
    if not real.size or made.min() <= 0.0:
        return
    if made.min() > _FAR * real.max() or made.max() < np.quantile(real, 0.05) / _FAR:
        seen = f"reach {made.max():.6g} where the training data reach {real.max():.6g}"
        message = f"SyntheticBalancer: samples of {name} {seen}. Fit it on data in the model's units."
        warnings.warn(message, UserWarning, stacklevel=stacklevel)


def _is_numbers(x: Any) -> bool:
    if not isinstance(x, np.ndarray) and not tf.is_tensor(x):
        return False
    return 0 not in x.shape and (tf.as_dtype(x.dtype).is_floating or tf.as_dtype(x.dtype).is_integer)


def _a_few(x: Any) -> np.ndarray:
    return np.asarray(x[:: max(len(x) // _ROWS, 1)])


def _sizes(rows: np.ndarray) -> np.ndarray:
    """The largest absolute value of each row."""
    return np.abs(rows.reshape(len(rows), -1).astype("float64")).max(axis=1)
