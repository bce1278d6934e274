"""Moments of each channel of each sample."""

from typing import Any

from keras import ops

from keras_augsynth.ops import color
from keras_augsynth.ops.rows import per_sample

Tensor = Any


def deviation(x: Tensor) -> Tensor:
    """The standard deviation of each channel of each sample, `(N, C)`; `x` is finite."""
    centered = x - per_sample(color.channel_mean(x, finite=True), x)
    return ops.sqrt(color.channel_mean(centered * centered, finite=True))
