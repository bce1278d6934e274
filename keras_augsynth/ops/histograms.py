"""Histograms of many images at once, and tables that turn gray levels into others."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.ops.kernels.one_by_one import one_by_one

Tensor = Any


def levels(x: Tensor, value_range: Sequence[float], bins: int = 256) -> Tensor:
    """The values as whole numbers from 0 to `bins` - 1, int32, but bytes as they are; what is not finite is 0."""
    low, high = value_range
    if ops.dtype(x) == "uint8" and (low, high, bins) == (0.0, 255.0, 256):
        return x
    x = ops.cast(x, "float32")
    # The little extra keeps 200 / 255, which float32 has to round, from ending up as 199.
    scaled = (ops.where(ops.isfinite(x), x, low) - low) * ((bins - 1) / (high - low)) + 1e-3
    return ops.cast(ops.clip(scaled, 0.0, bins - 1.0), "int32")


def known(x: Tensor) -> Tensor:
    """Which values are finite, bool: all whole numbers are."""
    return ops.ones_like(x, "bool") if "int" in ops.dtype(x) else ops.isfinite(x)


def values(level: Tensor, value_range: Sequence[float]) -> Tensor:
    """The way back of `levels` with 256 bins: bytes as they are, others to float32."""
    if ops.dtype(level) == "uint8":
        return level
    low, high = value_range
    return low + ops.cast(level, "float32") * ((high - low) / 255.0)


def by_channel(level: Tensor, bins: int) -> Tensor:
    """Levels `(N, H, W, C)` as places in N * C histograms of `bins`, one for each channel of each image."""
    n, *size, channels = shape = ops.shape(level)
    # All values of an image in one row: XLA on a CPU does not vectorize a loop over three channels.
    channel = ops.broadcast_to(ops.arange(channels, dtype="int32"), (math.prod(size), channels))
    first = channels * bins * ops.arange(n, dtype="int32")[:, None] + ops.reshape(channel, (1, -1)) * bins
    return ops.reshape(ops.cast(ops.reshape(level, (n, -1)), "int32") + first, shape)


def count(x: Tensor, places: Callable[[Tensor], tuple[Tensor, Tensor]], each: int, bins: int) -> Tensor:
    """How often each place occurs: int32 `(N * each, bins)`.

    Args:
        x: `(N, ...)`.
        places: of samples like `x`: int32 `(N, ...)`, and which of them count. Those of sample i are
            (i * each + group) * bins + level.
        each: histograms of a sample.
        bins: of a histogram.
    """

    def counted(x: Tensor) -> Tensor:
        n = ops.shape(x)[0]
        place, known = (ops.reshape(t, (-1,)) for t in places(x))
        counts = ops.segment_sum(ops.cast(known, "int32"), place, num_segments=n * each * bins)
        return ops.reshape(counts, (n, each * bins))

    return ops.reshape(one_by_one(counted, x, each * bins, "int32"), (-1, bins))


def equalizing(counts: Tensor) -> Tensor:
    """Tables `(groups, bins)` to levels 0 … 255 that make each histogram as flat as it can be."""
    ends = ops.cumsum(counts, axis=-1)
    total = ends[:, -1:]
    first = ops.min(ops.where(ends > 0, ends, total), axis=-1, keepdims=True, initial=2**31 - 1)
    span = ops.cast(ops.maximum(total - first, 1), "float32")
    return ops.round(ops.maximum(ops.cast(ends - first, "float32"), 0.0) * 255.0 / span)


def contrast_limited(counts: Tensor, limit: int | Tensor) -> Tensor:
    """The counts cut off at `limit`; what was cut is spread evenly, a remainder at even distances."""
    bins = counts.shape[-1]
    excess = ops.sum(ops.maximum(counts - limit, 0), axis=-1, keepdims=True)
    share = excess // bins
    rest = excess - share * bins
    step = ops.maximum(bins // ops.maximum(rest, 1), 1)
    level = ops.arange(bins, dtype="int32")
    # Exact in float32, and quicker than the division of whole numbers; the half keeps clear of its edges.
    turn = ops.cast(ops.floor((ops.cast(level, "float32") + 0.5) / ops.cast(step, "float32")), "int32")
    extra = ops.logical_and(ops.equal(turn * step, level), turn < rest)
    return ops.minimum(counts, limit) + share + ops.cast(extra, "int32")


def running(counts: Tensor) -> Tensor:
    """The sums of all int32 counts up to each, `(groups, 256)`.

    Sixteen by sixteen, by sums of all that lie before: XLA on a CPU does not vectorize a running sum.
    """
    side = 16
    upper = np.triu(np.ones((side, side), "int32"))
    within = ops.sum(ops.reshape(counts, (-1, side, side))[..., None] * upper, axis=-2)
    before = ops.sum(within[:, :, -1, None] * (upper - np.eye(side, dtype="int32")), axis=-2)
    return ops.reshape(within + before[..., None], (-1, side * side))
