"""Waves `(N, channels, time)` as sums of frequencies: filters, colored noise, echoes, and resampling."""

import math
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.ops.waves import amplitude, taken

Tensor = Any


def good_length(least: int | Tensor) -> Any:
    """The smallest length that is not below `least`, nor 16, and is transformed fast: even, of no prime but 2, 3, 5, 7.

    A tensor is at most 2**30.
    """
    if isinstance(least, int):
        return int(_GOOD[np.searchsorted(_GOOD, least)])
    return ops.min(ops.where(ops.cast(least, "int32") <= _GOOD, _GOOD, _GOOD[-1]))


def _good_lengths() -> np.ndarray:
    found = np.array([16])
    for prime in (2, 3, 5, 7):
        powers = prime ** np.arange(int(31 / math.log2(prime)))
        found = np.outer(found, powers).ravel()
        found = found[found <= 2**30]
    return np.sort(found).astype("int32")


_GOOD = _good_lengths()


def spectrum(x: Tensor, length: int | Tensor) -> Tensor:
    """complex64 `(N, C, length / 2 + 1)` of `x`, followed by silence up to `length`."""
    return tf.signal.rfft(_filled(x, length), fft_length=[length])


def wave(spectrum: Tensor, length: int | Tensor) -> Tensor:
    """The way back: float32 `(N, C, length)`."""
    return tf.signal.irfft(_filled(spectrum, length // 2 + 1), fft_length=[length])


def _filled(x: Tensor, length: int | Tensor) -> Tensor:
    """With zeros up to `length` at least, which TensorFlow itself adds to all batches but empty ones."""
    missing = length - ops.shape(x)[-1]
    missing = max(missing, 0) if isinstance(missing, int) else ops.maximum(missing, 0)
    return tf.pad(x, [*[(0, 0)] * (len(x.shape) - 1), (0, missing)])


def bins(length: int | Tensor) -> Tensor:
    """The frequency of each bin as a part of the sample rate, from 0 to 0.5: float32 `(length / 2 + 1,)`."""
    return ops.cast(ops.arange(length // 2 + 1, dtype="int32"), "float32") / ops.cast(length, "float32")


def weighted(spectrum: Tensor, weights: Tensor) -> Tensor:
    """A spectrum times weights `(N, bins)`, real or complex, the same for all channels."""
    return spectrum * tf.cast(weights[:, None], spectrum.dtype)


def low_pass(frequencies: Tensor, cutoff: Tensor, order: int) -> Tensor:
    """Butterworth's response `(N, bins)`: 1 below, falling by 6 dB per octave and order above the cutoff `(N,)`.

    At the cutoff it is -3 dB. All arguments in one unit.
    """
    return _butterworth(frequencies / cutoff[:, None], order)


def high_pass(frequencies: Tensor, cutoff: Tensor, order: int) -> Tensor:
    """Butterworth's response `(N, bins)`: 1 above the cutoff, where it is -3 dB."""
    return _butterworth(cutoff[:, None] / ops.maximum(frequencies, _LEAST), order)


def band_pass(frequencies: Tensor, center: Tensor, octaves: Tensor, order: int) -> Tensor:
    """Butterworth's response `(N, bins)`: 1 at the center, -3 dB at both ends of the band."""
    return _butterworth(_from_center(frequencies, center, octaves), order)


def band_stop(frequencies: Tensor, center: Tensor, octaves: Tensor, order: int) -> Tensor:
    """Butterworth's response `(N, bins)`: 0 at the center, -3 dB at both ends of the band."""
    distance = ops.abs(_from_center(frequencies, center, octaves))
    return _butterworth(1.0 / ops.maximum(distance, _LEAST), order)


_LEAST = 1e-9


def _butterworth(distance: Tensor, order: int) -> Tensor:
    # A larger power would be infinite, and its gradient not a number.
    base = power = ops.square(ops.minimum(ops.abs(distance), 1e18 ** (1.0 / order)))
    for bit in f"{order:b}"[1:]:  # by squares: a function for any power takes five times as long
        power = ops.square(power) * base if bit == "1" else ops.square(power)
    return 1.0 / ops.sqrt(1.0 + power)


def _from_center(frequencies: Tensor, center: Tensor, octaves: Tensor) -> Tensor:
    """How far each frequency is from the center, in half bands."""
    center, octaves = center[:, None], octaves[:, None]
    width = center * (ops.power(2.0, octaves / 2.0) - ops.power(2.0, -octaves / 2.0))
    frequencies = ops.maximum(frequencies, _LEAST)
    return (ops.square(frequencies) - ops.square(center)) / (width * frequencies)


def equalizer(frequencies: Tensor, centers: np.ndarray, gains_db: Tensor) -> Tensor:
    """A response `(N, bins)` with `gains_db` `(N, K)` at the centers `(K,)`, in octaves straight lines between."""
    place = _log2(ops.maximum(frequencies, float(centers[0])))
    knots = np.log2(centers).tolist()
    db: Any = gains_db[:, :1]
    for k in range(len(knots) - 1):
        part = ops.clip((place - knots[k]) / (knots[k + 1] - knots[k]), 0.0, 1.0)
        db = db + part * (gains_db[:, k + 1, None] - gains_db[:, k, None])
    return amplitude(db)


def colored(words: tuple[Tensor, Tensor], decay_db: Tensor, length: int | Tensor) -> Tensor:
    """Noise `(N, C, length)` whose level falls by `decay_db` `(N,)` per octave, made of its spectrum.

    Each sample is a sum of all frequencies, so it is normally distributed, though their parts are so only nearly.

    Args:
        words: two random uint32 `(N, C, length / 2 + 1)`.
        decay_db: in decibels.
        length: even.
    """
    frequencies = bins(length) * ops.cast(length, "float32")  # in bins: the first one has weight 1
    db = -decay_db[:, None] * _log2(ops.maximum(frequencies, 1.0))
    # The largest is 1, or those of blue noise would be infinite in a long recording.
    weights = ops.where(frequencies > 0.0, amplitude(db - ops.maximum(db[:, :1], db[:, -1:])), 0.0)[:, None]
    return wave(tf.complex(*(_sum_of_bytes(word) * weights for word in words)), length)


def _sum_of_bytes(word: Tensor) -> Tensor:
    """Nearly a normal number: the sum of four bytes of a random uint32, without its mean. float32, -510 to 510."""
    odd = np.uint32(0x00FF00FF)
    pairs = ops.bitwise_and(word, odd) + ops.bitwise_and(ops.right_shift(word, np.uint32(8)), odd)
    total = ops.bitwise_and(pairs, np.uint32(0xFFFF)) + ops.right_shift(pairs, np.uint32(16))
    return ops.cast(ops.cast(total, "int32") - 510, "float32")


def _log2(x: Tensor) -> Tensor:
    return ops.cast(ops.log(ops.cast(x, "float64")) / math.log(2.0), "float32")


# Resampling: the recording is sampled twice as densely by way of its spectrum, where frequencies that the result
# cannot have are left out; between those samples 10 taps interpolate.

_TAPS = 10
_DEGREE = 7
_RING = 256  # samples of silence, in which what the low-pass lets ring falls to 1e-5: behind the end is the beginning


def _interpolation() -> np.ndarray:
    """The first half of the taps of a windowed sinc as polynomials: float32 `(_TAPS / 2, _DEGREE + 1)`.

    Row k holds the weight of the sample at k - 4 from the one before the place, by the distance of the place from the
    middle between its two neighbours, the constant first. The other half is the same, seen from the other side.
    """
    distance = np.linspace(-0.5, 0.5, 101)
    away = distance[:, None] + _TAPS // 2 - 0.5 - np.arange(_TAPS // 2)
    window = np.i0(7.5 * np.sqrt(np.maximum(1.0 - (away / (_TAPS // 2)) ** 2, 0.0))) / np.i0(7.5)
    return np.polyfit(distance, np.sinc(away) * window, _DEGREE)[::-1].T.astype("float32")


_POLYNOMIALS = _interpolation()


def resampled(x: Tensor, rate: Tensor, size: int | Tensor) -> Tensor:
    """`x` `(N, C, T)`, played `rate` `(N,)` times as fast: the first `size` samples of that.

    Before and behind the recording there is silence. Frequencies above half of the new sample rate are left out.
    A rate `(N, K)` is that of K changes of speed, one after the other.
    """
    time = ops.shape(x)[2]
    length = good_length(time + _RING)
    total: Any = 1.0
    kept: Any = 1.0
    for each in one_by_one(rate):
        total = total * ops.cast(each, "float64")
        highest = 0.5 / ops.cast(total, "float32")[:, None]
        # From 1 to 0 over the last 5 %, unless everything can stay.
        part = ops.clip((highest - bins(length)) / (0.05 * highest), 0.0, 1.0)
        kept = kept * ops.where(each[:, None] <= 1.0, 1.0, part * part * (3.0 - 2.0 * part))
    # What is put in front has twice as many samples there, which is how many the taps begin before a place.
    later = tf.pad(x, [[0, 0], [0, 0], [_TAPS // 4, 0]])
    kept_of_it = weighted(spectrum(later, length), kept)
    # A sample and the one half a sample behind it as one complex number, for each of which memory is read once.
    dense = tf.complex(wave(kept_of_it, length), wave(weighted(kept_of_it, _half_a_sample_later(length)), length))
    place = 2.0 * total[:, None] * ops.cast(ops.arange(size, dtype="int32"), "float64")
    place = ops.minimum(place, ops.cast(2 * time + _TAPS, "float64"))  # all is silent behind it
    whole = ops.floor(place)
    first, distance = ops.cast(whole, "int32"), ops.cast(place - whole - 0.5, "float32")[:, None]
    read = [taken(dense, ops.right_shift(first, 1) + k) for k in range(_TAPS // 2 + 1)]
    samples = [part(pair) for pair in read for part in (tf.math.real, tf.math.imag)]
    begins_between = ops.equal(ops.bitwise_and(first, 1), 1)[:, None]
    tap = lambda k: ops.where(begins_between, samples[k + 1], samples[k])
    square, even, odd = ops.square(distance), 0.0, 0.0
    for k, coefficients in enumerate(_POLYNOMIALS):
        left, right = tap(k), tap(_TAPS - 1 - k)
        even = even + (left + right) * _polynomial(square, coefficients[::2])
        odd = odd + (left - right) * _polynomial(square, coefficients[1::2])
    return even + distance * odd


def _half_a_sample_later(length: int | Tensor) -> Tensor:
    """complex64 `(1, bins)`: the weights by which each place gets what is half a sample behind it."""
    angle = (math.pi * bins(length))[None]
    return tf.complex(ops.cos(angle), ops.sin(angle))


def one_by_one(rate: Tensor) -> list[Tensor]:
    """Rates `(N,)`, or the columns of rates `(N, K)`."""
    return [rate] if len(rate.shape) == 1 else ops.unstack(rate, axis=1)


def _polynomial(x: Tensor, coefficients: np.ndarray) -> Tensor:
    total: Any = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total
