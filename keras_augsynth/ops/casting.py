"""Conversion between dtypes, with rounding and without overflow."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

Tensor = Any

FIXED = "8.8"
"""Fixed point, uint16 in units of `UNIT`: the format of bytes between two stages, with half the memory of float32."""
UNIT = 1 / 256
_SMALL = ("uint8", "int8", "uint16", "int16")


def to_dtype(x: Tensor, dtype: Any) -> Tensor:
    """To integers by rounding and without overflow: 254.7 and 300.2 become 255 in uint8. Strings are left alone.

    `FIXED` takes float32 from 0 to 255.
    """
    if dtype == FIXED:
        return ops.cast(rounded(ops.cast(x, "float32") / UNIT), "uint16")
    dtype = keras.backend.standardize_dtype(dtype)
    if ops.dtype(x) in (dtype, "string"):
        return x
    if "int" not in dtype:
        return ops.cast(x, dtype)
    if "float" not in ops.dtype(x):
        return ops.saturate_cast(x, dtype)
    if dtype not in _SMALL:
        return ops.saturate_cast(ops.round(x), dtype)
    limits = np.iinfo(dtype)
    return ops.cast(rounded(ops.clip(ops.cast(x, "float32"), limits.min, limits.max)), dtype)


def rounded(x: Tensor) -> Tensor:
    """float32 of at most 2**22 in size, rounded to int32 by its bits: faster than a cast, which checks for overflow."""
    return tf.bitcast(x + 1.5 * 2.0**23, "int32") - 0x4B400000


def holds(dtype: str, value: float) -> bool:
    """Whether pixels of `dtype` can have the value."""
    if "float" in dtype:
        return True
    if dtype == "bool":
        return value in (0, 1)
    return value == int(value) and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max
