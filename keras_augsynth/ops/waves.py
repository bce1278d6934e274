"""Waves `(N, channels, time)`: levels, signal-to-noise ratios, PCM, moves along time."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

Tensor = Any


def from_pcm(x: Tensor) -> Tensor:
    """Whole numbers as float32 from -1 to 1, by the range of their dtype; floats as they are."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    if "int" not in dtype:
        return x
    middle, scale = _middle_and_scale(dtype)
    return ops.cast((ops.cast(x, "float64") - middle) / scale, "float32")


def to_pcm(x: Tensor, dtype: str) -> Tensor:
    """Floats from -1 to 1 as whole numbers; louder ones get the loudest value that there is."""
    middle, scale = _middle_and_scale(dtype)
    limits = np.iinfo(dtype)
    whole = ops.round(ops.cast(x, "float64") * scale + middle)
    return ops.cast(ops.clip(whole, float(limits.min), float(limits.max)), dtype)


def _middle_and_scale(dtype: str) -> tuple[float, float]:
    limits = np.iinfo(dtype)
    scale = (int(limits.max) - int(limits.min) + 1) / 2
    return int(limits.min) + scale, scale


def before(steps: Tensor, size: int | Tensor) -> Tensor:
    """bool `(N, 1, size)`: which of `size` places are among the first `steps` `(N,)`."""
    return ops.arange(size, dtype="int32") < steps[:, None, None]


def energy(x: Tensor) -> Tensor:
    """The sum of squares of each recording `(N, C, T)`, a mean of its channels: `(N, 1, 1)`, finite.

    What is louder than 1e15 counts as 1e15, and what is softer than 1e-19 as silence: other squares are no float32.
    """
    squares = ops.square(ops.minimum(ops.abs(x), 1e15))
    return ops.sum(squares, axis=(1, 2), keepdims=True) / ops.cast(ops.shape(x)[1], "float32")


def peak(x: Tensor) -> Tensor:
    """The largest absolute value of each recording: `(N, 1, 1)`."""
    return tf.reduce_max(ops.abs(x), axis=(1, 2), keepdims=True)  # Keras's `max` takes no empty batch


def noise_at(x: Tensor, noise: Tensor, snr_db: Tensor, valid: Tensor) -> Tensor:
    """Noise so loud that the signal stands `snr_db` above it, measured over the valid part.

    Beside a silent signal there is no such level, and a silent noise cannot be made louder: the result is 0.

    Args:
        x: the signal `(N, C, T)`, finite; 0 where it is not valid.
        noise: `(N, C or 1, T)`.
        snr_db: `(N,)`.
        valid: bool `(N, 1, T)`.
    """
    noise = ops.where(valid, noise, 0.0)
    own = energy(noise)
    ratio = ops.where(own > 0.0, energy(x) / ops.where(own > 0.0, own, 1.0), 0.0)
    return noise * (ops.sqrt(ratio) * amplitude(-snr_db)[:, None, None])


def taken(x: Tensor, places: Tensor) -> Tensor:
    """Values of `x` `(N, C, T)` at the places int32 `(N, M)`, or `(N, 1, M)`, of each recording: `(N, C, M)`.

    By places in all recordings, one behind the other: XLA would check each axis of a place by itself.
    """
    n, channels, time = ops.shape(x)
    places = places if len(places.shape) == 3 else places[:, None]
    start = time * ops.reshape(ops.arange(n * channels, dtype="int32"), (n, channels, 1))
    return tf.gather(ops.reshape(x, (-1,)), start + places)


def amplitude(db: Tensor) -> Tensor:
    """Decibels as a factor, float32. In float64 between, where all rows of a batch are computed alike."""
    return ops.cast(ops.exp(ops.cast(db, "float64") * (math.log(10.0) / 20.0)), "float32")


def compressed(x: Tensor, threshold_db: Tensor, ratio: Tensor, block: int) -> Tensor:
    """`x` `(N, C, T)`, finite, with what is louder than a threshold at a `ratio`th of its decibels above it.

    Args:
        x: the recordings.
        threshold_db: `(N,)`, relative to the loudest block.
        ratio: `(N,)`, 1 or more.
        block: samples over which loudness is measured; from the middle of one to the next the gain goes in a straight
            line of decibels.
    """
    n, channels, time = ops.shape(x)
    block = min(block, max(time, 1)) if isinstance(time, int) else ops.minimum(block, ops.maximum(time, 1))
    count = -(-time // block)
    loudest = peak(x)
    scaled = ops.pad(x / ops.where(loudest > 0.0, loudest, 1.0), [[0, 0], [0, 0], [0, count * block - time]])
    power = ops.mean(ops.square(ops.reshape(scaled, (n, channels, count, block))), axis=(1, 3))
    power = power / ops.maximum(tf.reduce_max(power, axis=1, keepdims=True), 1e-20)
    level = 10.0 / math.log(10.0) * ops.log(ops.maximum(power, 1e-20))
    over = ops.maximum(level - threshold_db[:, None], 0.0)
    gain_db = (1.0 / ratio - 1.0)[:, None] * over
    place = (ops.cast(ops.arange(time, dtype="int32"), "float32") + 0.5) / ops.cast(block, "float32") - 0.5
    place = ops.clip(place, 0.0, ops.cast(count - 1, "float32"))
    first = ops.cast(ops.floor(place), "int32")
    part = place - ops.cast(first, "float32")
    read = lambda index: ops.take(gain_db, index, axis=1)
    db = (1.0 - part) * read(first) + part * read(ops.minimum(first + 1, count - 1))
    return x * amplitude(db)[:, None]


def decay(rate: Tensor, size: int | Tensor) -> Tensor:
    """exp(-rate (t + 1)) for t from 0 to `size`: float32 `(N, size)`, `rate` float64 `(N,)`.

    By products of two short rows, which are computed in float64 at the price of one.
    """
    blocks = -(-size // _BLOCK)
    steps = lambda count: ops.cast(ops.arange(count, dtype="int32"), "float64")
    row = lambda times: ops.cast(ops.exp(-rate[:, None] * times), "float32")
    coarse, fine = row(_BLOCK * steps(blocks)), row(steps(_BLOCK) + 1.0)
    # Not -1 rows: a row may have no elements.
    return ops.reshape(coarse[:, :, None] * fine[:, None], (ops.shape(rate)[0], blocks * _BLOCK))[:, :size]


_BLOCK = 64
