"""From numbers of one kind to numbers of another, without surprises."""

from typing import Any

import keras
from keras import ops

Tensor = Any

FIXED = "8.8"
"""uint16 in units of `UNIT`: what becomes of bytes between two stages, in half the memory of float32."""
UNIT = 1 / 256


def to_dtype(x: Tensor, dtype: Any) -> Tensor:
    """To a whole number by rounding, and without running over: 254.7 and 300.2 are 255 in uint8. Strings stay.

    `FIXED` takes float32 from 0 to 255.
    """
    if dtype == FIXED:  # by its bits: a cast has overflow to look for
        return ops.cast(ops.view(ops.cast(x, "float32") / UNIT + 2.0**23, "int32"), "uint16")
    dtype = keras.backend.standardize_dtype(dtype)
    if ops.dtype(x) in (dtype, "string"):
        return x
    if "int" not in dtype:
        return ops.cast(x, dtype)
    return ops.saturate_cast(ops.round(x) if "float" in ops.dtype(x) else x, dtype)
