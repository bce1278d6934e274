"""Spectrograms `(N, time, frequency, channels)`: masks and bends along one axis."""

from typing import Any

import tensorflow as tf
from keras import ops

Tensor = Any


def spans(width: Tensor, place: Tensor, total: Tensor, size: int | Tensor) -> Tensor:
    """bool `(N, size)`: which of `size` places lie in one of K spans.

    Args:
        width: `(N, K)`, whole numbers of places; at most `total`.
        place: `(N, K)` from 0 to 1: where the span lies between the first and the last possible start.
        total: `(N, 1)` or a number: how many places there are to be masked.
        size: how many places there are.
    """
    width = ops.minimum(width, total)
    start = ops.floor(place * (total - width + 1.0))[..., None]
    places = ops.cast(ops.arange(size, dtype="int32"), "float32")
    return ops.any(ops.logical_and(places >= start, places < start + width[..., None]), axis=1)


def mean(x: Tensor, valid: Tensor) -> Tensor:
    """The mean of what is finite and valid in each spectrogram: `(N, 1, 1, 1)`; 0 where nothing is."""
    counted = ops.logical_and(ops.isfinite(x), valid)
    count = ops.sum(ops.cast(counted, "float32"), axis=(1, 2, 3), keepdims=True)
    return ops.sum(ops.where(counted, x, 0.0), axis=(1, 2, 3), keepdims=True) / ops.maximum(count, 1.0)


def read(x: Tensor, places: Tensor, axis: int) -> Tensor:
    """`x` at the places `(N, M)`, fractions too, along axis 1 or 2: straight lines between the values."""
    last = ops.cast(ops.shape(x)[axis] - 1, "float32")
    places = ops.clip(places, 0.0, last)
    first = ops.cast(ops.floor(places), "int32")
    part = _along(places - ops.cast(first, "float32"), x, axis)
    following = ops.minimum(first + 1, ops.cast(last, "int32"))
    # A place that is met exactly asks for no neighbour, which may be NaN.
    following = ops.where(ops.equal(ops.cast(first, "float32"), places), first, following)
    here, there = (tf.gather(x, index, axis=axis, batch_dims=1) for index in (first, following))
    # Between two infinite values, such as logarithms of 0, there is no line.
    return ops.where(ops.equal(here, there), here, (1.0 - part) * here + part * there)


def _along(t: Tensor, x: Tensor, axis: int) -> Tensor:
    """`t` `(N, M)` as `(N, M, 1, 1)` or `(N, 1, M, 1)`."""
    return t[:, :, None, None] if axis == 1 else t[:, None, :, None]


def bent_time(center: Tensor, shift: Tensor, frames: Tensor, size: int | Tensor) -> Tensor:
    """Where each of `size` frames comes from when frame `center` is moved by `shift`, and both ends stay.

    Args:
        center: `(N,)`.
        shift: `(N,)`, so that the moved frame lies inside.
        frames: `(N,)`, how many there are; those behind come from where they are.
        size: of the time axis.

    Returns:
        float32 `(N, size)`.
    """
    time = ops.cast(ops.arange(size, dtype="int32"), "float32")
    center, shift, last = center[:, None], shift[:, None], frames[:, None] - 1.0
    moved = center + shift
    early = time * center / ops.maximum(moved, 1e-6)
    late = last - (last - time) * (last - center) / ops.maximum(last - moved, 1e-6)
    bent = ops.where(time <= moved, early, late)
    return ops.where(time <= last, ops.where(ops.equal(shift, 0.0), time, bent), time)


def bent_frequency(factor: Tensor, size: int | Tensor) -> Tensor:
    """Where each of `size` bins comes from when frequencies become `factor` `(N,)` times as high: float32 `(N, size)`.

    Above 60 % of the highest one a second straight line leads to the highest, which stays.
    """
    factor, highest = factor[:, None], ops.cast(size - 1, "float32")
    bin_ = ops.cast(ops.arange(size, dtype="int32"), "float32")
    end = 0.6 * highest * ops.minimum(factor, 1.0)
    upper = highest - (highest - bin_) * (highest - end / factor) / ops.maximum(highest - end, 1e-6)
    return ops.where(bin_ <= end, bin_ / factor, upper)
