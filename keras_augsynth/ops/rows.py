"""What belongs to a sample, beside all the values of that sample."""

from typing import Any

from keras import ops

Tensor = Any


def per_sample(t: Tensor, x: Tensor) -> Tensor:
    """`t` `(N, ...)` with axes of length 1 behind the first, so that it broadcasts against `x` `(N, ..., ...)`."""
    return expand(t, len(x.shape) - len(t.shape))


def expand(t: Tensor, axes: int) -> Tensor:
    """Puts `axes` axes of length 1 behind the first."""
    return ops.reshape(t, (-1, *(1,) * axes, *ops.shape(t)[1:]))


def beside_axes(t: Tensor, x: Tensor, start: int) -> Tensor:
    """`t` `(N, *size)`, ready to meet `x` `(N, …, *size, …)`, whose axes of `size` begin at `start`."""
    n, *size = ops.shape(t)
    behind = len(x.shape) - start - len(size)
    return ops.reshape(t, (n, *(1,) * (start - 1), *size, *(1,) * behind))


def select(gate: Tensor | None, changed: Tensor, original: Tensor) -> Tensor:
    """Row by row: `changed` where the gate is open (None: everywhere), `original` elsewhere."""
    if gate is None:
        return changed
    return ops.where(per_sample(gate, changed), changed, ops.cast(original, changed.dtype))
