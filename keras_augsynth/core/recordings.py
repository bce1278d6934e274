"""What recordings and spectrograms plainly have where their scale, their form or their lengths are others."""

import math
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.core.arrivals import Arrival
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.magnitudes import limits
from keras_augsynth.core.notices import Advice

Tensor = Any

_HOP = 32  # what is given in other units differs by this factor at least
_MOST_BINS = 4100
_LEAST_RATE = 4000.0  # of what is certainly sound
_KILOHERTZ = (8.0, 11.025, 12.0, 16.0, 22.05, 24.0, 32.0, 44.1, 48.0, 88.2, 96.0, 176.4, 192.0)  # usual rates


def check_one_rate(owner: Any) -> None:
    """Refuses layers in a composite that were told different sample rates of the same recordings."""
    rates = list(_rates(owner))
    if len({rate for _, rate in rates}) > 1:
        raise wrong(owner, "sample_rate", "be the same everywhere: give it to the outermost layer alone", rates)


def _rates(layer: Any) -> Iterator[tuple[str, float]]:
    if (own := getattr(layer, "sample_rate", None)) is not None:
        yield type(layer).__name__, own
    for part in getattr(layer, "layers", ()):
        if not hasattr(part, "draw_params"):  # not one of ours: it may resample
            return
        yield from _rates(part)


def form_of_sounds(arrival: Arrival) -> Advice:
    """Where channels come first, or recordings are spectrograms."""
    if len(arrival.x.shape) == 2:
        return []
    needed = "recordings must be (batch, time, channels), but"
    _, time, channels = ops.shape(arrival.x)
    swapped = "these seem to be (batch, channels, time). Write tf.transpose(x, (0, 2, 1))."
    texts: Advice = [(_both(time <= 8, channels >= 256), f"{needed} {swapped}")]
    rate = arrival.sample_rate
    if rate is not None and rate >= _LEAST_RATE:
        found = f"these would be very short at {rate:g} Hz, and have many channels, as if they were spectrograms."
        write = "Give recordings, or take layers of spectrograms."
        texts.append((_both(time < rate / 10.0, channels >= 16), f"{needed} {found} {write}"))
    return texts


def durations(arrival: Arrival) -> Advice:
    """Where arguments that are seconds go far beyond the recordings."""
    texts, rate = [], arrival.sample_rate or 0.0
    for name, value in arrival.layer.magnitudes().items() if rate >= _LEAST_RATE else ():
        longest = limits(value)[1] if name.endswith("seconds") else 0.0
        if 10.0 <= longest < math.inf:
            found = f"`{name}`{arrival.of_part} is up to {longest:g} seconds, but the recordings last no more than a"
            write = f"tenth of that at {rate:g} Hz. Give seconds, not milliseconds or samples."
            texts.append((ops.shape(arrival.x)[1] * 10.0 <= longest * rate, f"{found} {write}"))
    return texts


def unit_of_rate(arrival: Arrival) -> Advice:
    """Where the sample rate is in kHz: it has a usual number, and the recordings would be very long."""
    rate = arrival.sample_rate
    if rate not in _KILOHERTZ:
        return []
    found = f"`sample_rate` is {rate:g} Hz, at which these recordings would last more than four minutes."
    return [(ops.shape(arrival.x)[1] > 240.0 * rate, f"{found} Write {1000 * rate:g} if {rate:g} kHz is meant.")]


def form_of_spectrograms(arrival: Arrival) -> Advice:
    """Where channels come first, or spectrograms are recordings."""
    _, time, bins, *channels = ops.shape(arrival.x)
    needed = "spectrograms must be (batch, time, frequency), with channels behind or not, but"
    swapped = "these seem to be (batch, channels, frequency, time). Write tf.transpose(x, (0, 3, 2, 1))."
    if channels:
        return [(_both(time <= 2, channels[0] >= 8), f"{needed} {swapped}")]
    waves = "these have the form of recordings. Take layers of recordings, or make spectrograms by tf.signal.stft."
    long = _both(bins > _MOST_BINS, bins != 8193)  # half of a power of two and 1 is a spectrum's size
    return [(long, f"{needed} {waves}"), (_both(bins <= 2, time >= 256), f"{needed} {waves}")]


def lengths(arrival: Arrival, unit: str) -> Advice:
    """Where "lengths" are frames or seconds instead of samples, or samples instead of frames."""
    x, given = arrival.x, arrival.lengths
    if given is None:
        return []
    given, time = tf.cast(given, tf.int64), tf.shape(x, tf.int64)[1]
    changes = tf.reduce_any(
        tf.reshape(x != x[:, -1:], tf.concat([tf.shape(x)[:2], [-1]], 0)), -1
    )  # where padding is, nothing
    heard = tf.reduce_all(tf.reduce_any((tf.range(time) >= given[:, None]) & changes, 1))
    longest, shortest = tf.reduce_max(given), tf.reduce_min(given)
    needed = f"`lengths` must be in {unit}, but"
    few = f"there are more than {_HOP} times as many, and not only padding behind them."
    many = f"all of them are more than {_HOP} times what there is."
    write = "Multiply seconds by the sample rate" if unit == "samples" else "Divide samples by the hop between frames"
    return [
        ((longest > 0) & (longest * _HOP < time) & heard, f"{needed} {few} {write}."),
        ((shortest > _HOP * time) & (longest < 2**30) & (time > 0), f"{needed} {many} {write}."),
    ]


def full_scale(arrival: Arrival, knows: bool) -> Advice:
    """Where whole numbers fill a small part of their dtype, or floats go far beyond 1.

    Args:
        arrival: what came.
        knows: whether the part's result depends on where full scale is.
    """
    peak = tf.reduce_max(tf.abs(tf.cast(arrival.x, tf.float64)))
    if arrival.whole:
        return _small_part(arrival.whole, peak)
    texts: Advice = []
    uses = [arrival.of_part.replace(" of ", " for ")] if knows else []
    if "int" in arrival.owner.compute_dtype:
        uses.append(f" that become {arrival.owner.compute_dtype}")
    for use in uses if arrival.scale is not None else ():
        level = peak * arrival.scale
        found = f"recordings{use} must lie from -1 to 1, but these are louder by far."
        of_16_bits = 'Divide them by 32768, or give them as int16; in a model by keras.Input(shape, dtype="int16").'
        texts.append(((level > 256.0) & (level <= 32768.0), f"{found} {of_16_bits}"))
        otherwise = "Put the layer before what standardizes them, or divide them by their full scale."
        texts.append(((level > 8.0) & (level < 1e30), f"{found} {otherwise}"))
    return texts


def _small_part(dtype: str, peak: Tensor) -> Advice:
    texts, bits = [], {"int32": 32, "int64": 64}.get(dtype, 0)
    for fewer in (16, 32)[: bits // 32]:
        found = f"recordings of {dtype} are divided by 2**{bits - 1}, but these are of {fewer} bits, and"
        text = f'{found} nearly silent then. Write tf.cast(x, "int{fewer}").'
        texts.append(((peak > 1.0) & (peak <= 2.0 ** (fewer - 1)), text))
    return texts


def fill_value(arrival: Arrival) -> Advice:
    """Where 0 is neither silence nor the mean, as in amplitudes and in what is standardized."""
    if arrival.scale != 1.0:
        return []
    values = tf.cast(arrival.x, tf.float32)
    below = tf.reduce_mean(tf.cast(values < 0.0, tf.float32))
    found = f"`fill_value`{arrival.of_part} is 0, but nearly all values lie far below, as those of decibels and"
    text = f'{found} logarithms do: what it masks is loud. Write fill_value="mean".'
    return [((tf.reduce_mean(values) < -4.0) & (below > 0.95), text)]


def _both(first: Any, second: Any) -> Any:
    """Whether two conditions hold, each a bool or a tensor."""
    return tf.logical_and(first, second) if tf.is_tensor(first) or tf.is_tensor(second) else first and second
