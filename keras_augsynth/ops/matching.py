"""Histogram matching: tables that give one histogram the shape of another."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.ops import histograms
from keras_augsynth.ops.lookup import along_last, look_up

Tensor = Any

BINS = 256


def reference(image: np.ndarray, value_range: Sequence[float]) -> np.ndarray:
    """What `table` needs to know of a reference image `(height, width, C)`: float32 `(2, C, BINS)`.

    For each bin: the share of the pixels that are not above it, and the last bin up to it with a pixel.
    """
    low, high = value_range
    levels = np.round((np.asarray(image, "float64") - low) * ((BINS - 1) / (high - low))).astype(int)
    counts = [np.bincount(channel.ravel(), minlength=BINS) for channel in np.moveaxis(levels, -1, 0)]
    shares = np.cumsum(counts, axis=-1) / levels[..., 0].size
    filled = np.maximum.accumulate(np.where(np.array(counts) > 0, np.arange(BINS), 0), axis=-1)
    return np.stack([shares, filled]).astype("float32")


def shares(x: Tensor, value_range: Sequence[float]) -> Tensor:
    """For each bin the share of the finite values that are not above it: `(N, H, W, C)` -> `(N, C, BINS)`."""
    n, *_, channels = ops.shape(x)

    def places(x: Tensor) -> tuple[Tensor, Tensor]:
        known = ops.isfinite(x)
        level = ops.cast(ops.round(ops.where(known, scaled(x, value_range), 0.0)), "int32")
        return histograms.by_channel(level, BINS), known

    counts = histograms.count(x, places, channels, BINS)
    ends = ops.cast(ops.reshape(histograms.running(counts), (n, channels, BINS)), "float32")
    return ends / ops.maximum(ends[..., -1:], 1.0)


def table(source: Tensor, bank: Tensor) -> Tensor:
    """The bin, a fractional number, that each bin of the source becomes: float32 `(N, C, BINS)`.

    Args:
        source: of `shares`, `(N, C, BINS)`.
        bank: of `reference`, `(N, 2, C, BINS)`.
    """
    target, filled = bank[:, 0], bank[:, 1]
    above = ops.sum(ops.cast(target[..., None, :] < source[..., :, None], "int32"), axis=-1)
    above = ops.minimum(above, BINS - 1)  # the first bin up to which there are as many
    below = ops.maximum(above - 1, 0)
    share_above, share_below = (along_last(target, place) for place in (above, below))
    above = ops.cast(above, "float32")
    below = ops.where(share_below > 0.0, along_last(filled, below), above)
    gap = share_above - share_below
    part = ops.clip((source - share_below) / ops.where(gap > 0.0, gap, 1.0), 0.0, 1.0)
    return below + part * (above - below)


def matched(tables: Tensor, x: Tensor, value_range: Sequence[float]) -> Tensor:
    """`x` through its tables `(N, C, BINS)`, linearly between two bins."""
    level = ops.where(ops.isfinite(x), scaled(x, value_range), 0.0)
    lower = ops.minimum(ops.floor(level), BINS - 2.0)
    place, flat = histograms.by_channel(ops.cast(lower, "int32"), BINS), ops.reshape(tables, (-1,))
    part = level - lower
    value = look_up(flat, place) * (1.0 - part) + look_up(flat, place + 1) * part
    low, high = value_range
    return low + value * ((high - low) / (BINS - 1))


def scaled(x: Tensor, value_range: Sequence[float]) -> Tensor:
    """The values as bins, not rounded."""
    low, high = value_range
    return ops.clip((x - low) * ((BINS - 1) / (high - low)), 0.0, BINS - 1.0)
