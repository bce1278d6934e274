"""Color in one pass over the pixels: a matrix per sample, a clip, and a fixed scale and offset."""

from collections.abc import Sequence
from typing import Any

from keras import ops

Tensor = Any


def channel_mean(x: Tensor, finite: bool = False) -> Tensor:
    """The mean of each channel of each sample, `(N, ..., C)` -> `(N, C)`, over the finite values.

    Args:
        x: any numeric dtype.
        finite: True says that all values are, which saves looking.
    """
    axes = tuple(range(1, len(x.shape) - 1))
    if finite or "float" not in ops.dtype(x):
        return _mean(ops.cast(x, "float32"), axes)
    x = ops.cast(x, "float32")
    known = ops.isfinite(x)
    share = _mean(ops.cast(known, "float32"), axes)
    return _mean(ops.where(known, x, 0.0), axes) / ops.where(share == 0.0, 1.0, share)


def _mean(x: Tensor, axes: Sequence[int]) -> Tensor:
    for axis in reversed(axes):  # row by row: float32 would lose digits in one long sum
        x = ops.mean(x, axis=axis)
    return x


def apply(matrix: Tensor, values: Tensor) -> Tensor:
    """A color matrix `(N, C+1, C+1)` on one color per sample `(N, C)`; float64."""
    matrix, values = ops.cast(matrix, "float64"), ops.cast(values, "float64")
    return ops.matmul(matrix[:, :-1, :-1], values[..., None])[..., 0] + matrix[:, :-1, -1]


def transform(
    x: Tensor,
    matrix: Tensor | None = None,
    value_range: tuple[float, float] | None = None,
    active: Tensor | None = None,
    scale: Tensor | None = None,
    offset: Tensor | None = None,
    finite: bool = False,
) -> Tensor:
    """clip(matrix @ x) * scale + offset, float32.

    Args:
        x: `(N, ..., C)`, any numeric dtype.
        matrix: `(N, C+1, C+1)` on (channel 1, …, channel C, 1), or None for the identity.
        value_range: where the matrix's result is clipped, or None.
        active: bool `(N,)`; the other samples skip the matrix and the clip. None: all.
        scale: `(C,)` or scalar, for all samples, after the clip.
        offset: `(C,)` or scalar.
        finite: True says that all values are, which saves looking.

    A channel that is not finite stays as it is and does not enter the other channels.
    """
    source = x
    x = ops.cast(x, "float32")
    if matrix is not None:
        look = not finite and "float" in ops.dtype(source)
        known = ops.isfinite(x) if look else None
        changed = _multiply(ops.where(known, x, 0.0) if look else x, matrix)
        if value_range is not None:
            changed = ops.clip(changed, *value_range)
        if look:
            changed = ops.where(known, changed, x)
        x = changed if active is None else ops.where(expand(active, len(x.shape) - 1), changed, x)
    if scale is not None:
        x = x * ops.cast(scale, "float32") + ops.cast(offset, "float32")
    return x


def _multiply(x: Tensor, matrix: Tensor) -> Tensor:
    matrix = expand(ops.cast(matrix, "float32"), len(x.shape) - 2)
    channels = x.shape[-1]
    result = matrix[..., :-1, -1]
    for k in range(channels):
        result = result + x[..., k : k + 1] * matrix[..., :-1, k]
    return result


def clip(original: Tensor, changed: Tensor, value_range: tuple[float, float]) -> Tensor:
    """`changed` within the range; where the original is not finite, the original."""
    return ops.where(ops.isfinite(original), ops.clip(changed, *value_range), original)


def expand(t: Tensor, axes: int) -> Tensor:
    """Puts `axes` axes of length 1 behind the first, so that what belongs to a sample meets all its values."""
    return ops.reshape(t, (-1, *(1,) * axes, *ops.shape(t)[1:]))
