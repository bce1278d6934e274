"""What the metrics are given, as arrays of rows, and short names of arrays."""

import hashlib
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core import checks
from keras_augsynth.core.checks import wrong


def check_rows(owner: Any, value: Any, name: str) -> np.ndarray:
    """Finite float64 rows `(N, d)`; further axes of a sample are laid out as one."""
    rows = check_samples(owner, value, name)
    rows = np.asarray(rows.reshape(len(rows), -1), "float64")
    if not np.all(np.isfinite(rows)):
        raise wrong(owner, name, "be finite", f"{np.count_nonzero(~np.isfinite(rows))} values that are not")
    return rows


def check_samples(owner: Any, value: Any, name: str) -> np.ndarray:
    """Numeric samples `(N, ...)` with at least one axis beside the first."""
    array = ops.convert_to_numpy(value) if hasattr(value, "dtype") else np.asarray(value)
    if array.dtype.kind not in "iufb" and array.dtype.name != "bfloat16":
        raise wrong(owner, name, "be an array of numbers (N, ...)", f"{array.dtype} {array.shape}", TypeError)
    if array.ndim < 2 or not array.size:
        raise wrong(owner, name, "be samples (N, ...), at least one", array.shape)
    return array


def check_classes(owner: Any, x: np.ndarray, y: Any, name: str) -> np.ndarray:
    """Integer labels `(N,)`, one for each sample, none below 0."""
    return checks.check_classes(owner, ops.convert_to_numpy(y) if ops.is_tensor(y) else y, len(x), name)


def check_pair(owner: Any, pair: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Samples and their labels, handed in as (x, y)."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise wrong(owner, name, "be a pair (x, y) of samples and labels", type(pair).__name__, TypeError)
    x = check_samples(owner, pair[0], name)
    return x, check_classes(owner, x, pair[1], name)


def digest(*parts: Any) -> str:
    """The SHA-256 of arrays (values, shapes, dtypes), strings and bytes."""
    state = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            part = part.encode()
        if not isinstance(part, bytes):
            array = np.ascontiguousarray(part)
            state.update(f"{array.dtype} {array.shape}".encode())
            part = array.tobytes()
        state.update(len(part).to_bytes(8, "big") + part)
    return state.hexdigest()
