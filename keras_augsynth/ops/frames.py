"""Waves `(N, channels, time)` as overlapping windows: stretching without change of pitch, and other voices."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.ops.fourier import spectrum
from keras_augsynth.ops.waves import peak

Tensor = Any

OVERLAP = 4  # a window begins every quarter of a window


def hann(window: int) -> np.ndarray:
    """The periodic Hann window, float32 `(window,)`."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(window) / window)).astype("float32")


def spectra(x: Tensor, window: int) -> Tensor:
    """complex64 `(frames, N, C, window / 2 + 1)`: frame f has its middle at sample f * window / 4.

    There is silence before and behind the recording, and 1 + T // (window / 4) frames. They come first, so that a
    vocoder reads and writes whole blocks of memory.
    """
    n, channels, time = ops.shape(x)
    hop = window // OVERLAP
    frames = 1 + time // hop
    padded = tf.pad(x, [[0, 0], [0, 0], [window // 2, (frames + OVERLAP - 1) * hop - window // 2 - time]])
    blocks = tf.transpose(ops.reshape(padded, (n, channels, frames + OVERLAP - 1, hop)), (2, 0, 1, 3))
    # On an axis of their own: XLA on a CPU joins blocks side by side one number at a time.
    parts = ops.stack([blocks[k : frames + k] for k in range(OVERLAP)], axis=-2)
    windows = ops.reshape(parts * hann(window).reshape(OVERLAP, hop), (frames, n, channels, window))
    return tf.signal.rfft(windows)


def waves(spectra: Tensor, window: int, size: int | Tensor, active: Tensor | None = None) -> Tensor:
    """The way back: float32 `(N, C, size)`, in the least squares sense.

    Args:
        spectra: complex64 `(frames, N, C, window / 2 + 1)`.
        window: as in `spectra`.
        size: how many samples; 0 where no frame is.
        active: bool `(frames, N)`, frames that count; None: all.
    """
    frames, n, channels = ops.shape(spectra)[:3]
    hop = window // OVERLAP
    there = ops.ones((frames, 1, 1, 1)) if active is None else ops.cast(active, "float32")[:, :, None, None]
    added = _overlap(tf.signal.irfft(spectra) * hann(window) * there, hop)
    weight = _overlap(there * hann(window) ** 2, hop)
    counts = weight > 1e-8
    blocks = tf.transpose(ops.where(counts, added / ops.where(counts, weight, 1.0), 0.0), (1, 2, 0, 3))
    whole = ops.reshape(blocks, (n, channels, (frames + OVERLAP - 1) * hop))[:, :, window // 2 :]
    missing = ops.maximum(size - ops.shape(whole)[2], 0)
    return tf.pad(whole, [[0, 0], [0, 0], [0, missing]])[:, :, :size]


def _overlap(frames: Tensor, hop: int) -> Tensor:
    """The sums of frames `(F, N, C, window)`, each beginning a hop after the one before: `(F + 3, N, C, hop)`."""
    total: Any = 0.0
    for k in range(OVERLAP):
        part = frames[..., k * hop : (k + 1) * hop]
        total = total + tf.pad(part, [[k, OVERLAP - 1 - k], [0, 0], [0, 0], [0, 0]])
    return total


def stretched(x: Tensor, rate: Tensor, size: int | Tensor, window: int, heard: int | Tensor | None = None) -> Tensor:
    """`x` `(N, C, T)`, `rate` `(N,)` times as fast at its pitch: the first `size` samples of that.

    A phase vocoder: frames are read at other times, and the phase of each frequency goes on from frame to frame by as
    much as between the two frames from which it is read. Behind T / rate there is silence.

    Args:
        x: the recordings.
        rate: `(N,)`.
        size: of the result.
        window: as in `spectra`.
        heard: how many samples the longest result of the batch has at most; None: `size`.

    Reference:
        Flanagan, Golden: Phase vocoder. Bell System Technical Journal, 1966.
    """
    hop = window // OVERLAP
    loudest = peak(x)
    loudest = ops.where(loudest > 0.0, loudest, 1.0)  # squares of very large numbers would be infinite
    found = spectra(x / loudest, window)
    frames = ops.shape(found)[0]
    count = 1 + (size if heard is None else heard) // hop + OVERLAP // 2
    strength, direction = _polar(found)
    # As complex numbers of size 1: angles, their sines and cosines would take three times as long as the transforms.
    # Before the first frame and behind the last one all phases are 0; behind it there is silence.
    around = tf.pad(direction, [[1, 1], *_AS_IT_IS], constant_values=1.0)
    turns = around[1:] * tf.math.conj(around[:-1])
    strength = tf.pad(strength, [[0, 1], *_AS_IT_IS])
    place = ops.cast(rate, "float64") * ops.cast(ops.arange(count, dtype="int32"), "float64")[:, None]
    active = place < ops.cast(frames, "float64")
    place = ops.where(active, place, 0.0)
    first = ops.floor(place)
    part = ops.cast(place - first, "float32")[:, :, None, None]
    first = ops.cast(first, "int32")
    size_of = (1.0 - part) * _read(strength, first) + part * _read(strength, first + 1)
    turned = _products(_read(turns, tf.pad(first[:-1] + 1, [[1, 0], [0, 0]])))
    turned = turned * tf.cast(size_of * ops.rsqrt(_power(turned)), turned.dtype)  # no longer 1 after many products
    result = loudest * waves(turned, window, size, active)
    end = ops.cast(ops.shape(x)[2], "float32") / rate
    return ops.where(ops.arange(size, dtype="int32") < ops.cast(ops.round(end), "int32")[:, None, None], result, 0.0)


def _read(t: Tensor, index: Tensor) -> Tensor:
    """Of `t` `(frames, N, C, bins)` the frames int32 `(K, N)` of each recording: `(K, N, C, bins)`."""
    row = ops.broadcast_to(ops.arange(ops.shape(t)[1], dtype="int32"), ops.shape(index))
    return tf.gather_nd(t, ops.stack([index, row], axis=-1))


def _polar(z: Tensor) -> tuple[Tensor, Tensor]:
    """The sizes of complex numbers, and numbers of size 1 in their directions: 1 for those of a size below 1e-15."""
    power = _power(z)
    inverse = ops.rsqrt(ops.maximum(power, _LEAST))
    return power * inverse, tf.where(power < _LEAST, tf.ones_like(z), z * tf.cast(inverse, z.dtype))


_LEAST = 1e-30


def _power(z: Tensor) -> Tensor:
    return ops.square(tf.math.real(z)) + ops.square(tf.math.imag(z))


_AS_IT_IS = [[0, 0]] * 3


@tf.custom_gradient
def _products(factors: Tensor) -> tuple[Tensor, Callable]:
    """The products of the first, the first two, … of `factors` `(K, ...)`, all of size 1: of the same shape."""
    products = tf.scan(tf.multiply, factors)

    def gradient(upstream: Tensor) -> Tensor:
        # XLA compiles neither the gradient of `scan` nor a sum of complex numbers along an axis.
        changes = upstream * tf.math.conj(products)
        sums = [tf.cumsum(part, axis=0, reverse=True) for part in (tf.math.real(changes), tf.math.imag(changes))]
        return tf.complex(*sums) * factors

    return products, gradient


def with_other_tract(x: Tensor, factor: Tensor, sample_rate: float, window: int) -> Tensor:
    """The resonances of `x` `(N, C, T)`, `factor` `(N,)` times as high; the pitch stays.

    Linear prediction finds the resonances of each frame; its response is replaced by itself on a stretched frequency
    axis.
    """
    found = spectra(x, window)
    loudest = tf.reduce_max(ops.abs(x), axis=(1, 2))[:, None, None]
    unit = 1.0 / ops.where(loudest > 0.0, loudest, 1.0)  # squares of very large numbers would be infinite
    power = _power(found * tf.cast(unit, found.dtype))
    emphasis = np.abs(np.fft.rfft([1.0, -0.97], window)) ** 2  # a voice falls towards high frequencies
    correlation = tf.signal.irfft(tf.cast(power * emphasis.astype("float32"), found.dtype))
    order = min(2 + round(sample_rate / 1000.0), window // 2)
    predictor = spectrum(_predictor(correlation[..., : order + 1]), window)
    inverse = _power(predictor)
    count = window // 2 + 1
    place = ops.minimum(np.arange(count, dtype="float32") / factor[:, None], float(count - 1))
    first = ops.minimum(ops.cast(ops.floor(place), "int32"), count - 2)
    part = (place - ops.cast(first, "float32"))[:, None]
    rows = tf.transpose(inverse, (1, 3, 0, 2))  # `(N, bins, frames, C)`
    read = lambda index: tf.transpose(tf.gather(rows, index, batch_dims=1), (2, 0, 3, 1))
    moved = (1.0 - part) * read(first) + part * read(first + 1)
    gain = ops.sqrt(inverse / moved)
    return waves(found * tf.cast(gain, found.dtype), window, ops.shape(x)[2])


def _predictor(correlation: Tensor) -> Tensor:
    """The coefficients 1, a1 … ap of linear prediction from an autocorrelation `(..., p + 1)`, by Levinson and Durbin.

    The autocorrelation is that of a little noise besides, so that silence has a solution.
    """
    lags = [correlation[..., k : k + 1] for k in range(correlation.shape[-1])]
    lags[0] = 1.0001 * lags[0] + 1e-9
    a, error = ops.ones_like(lags[0]), lags[0]
    for k in range(1, len(lags)):
        missing = ops.sum(a * ops.concatenate(lags[k:0:-1], axis=-1), axis=-1, keepdims=True)
        reflection = ops.clip(-missing / error, -0.9999, 0.9999)
        longer = ops.pad(a, [[0, 0]] * (len(a.shape) - 1) + [[0, 1]])
        a = longer + reflection * ops.flip(longer, axis=-1)
        error = error * (1.0 - ops.square(reflection))
    return a
