"""Moments of each channel of each sample."""

from typing import Any

from keras import ops

from keras_augsynth.ops import color
from keras_augsynth.ops.rows import per_sample

Tensor = Any


def deviation(x: Tensor) -> Tensor:
    """The standard deviation of each channel of each sample, `(N, C)`; `x` is finite."""
    centered = x - per_sample(color.channel_mean(x, finite=True), x)
    most = ops.maximum(*(ops.abs(end) for end in color.channel_limits(centered)))
    most = ops.where(most > 0.0, most, 1.0)
    part = centered / per_sample(most, x)  # the square of a large number would be infinite
    return most * ops.sqrt(color.channel_mean(part * part, finite=True))
