"""Images as sums of waves."""

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

Tensor = Any

WAVES = 32  # the highest frequency of a reference that is kept, in waves per side


def amplitudes(image: np.ndarray) -> np.ndarray:
    """How strong the lowest frequencies of `(height, width, C)` are: float32 `(2 WAVES + 1, WAVES + 1, C)`.

    Row f + WAVES is frequency f from top to bottom, column f is frequency f from left to right, both in waves
    per side; the unit is that of the pixels, so images of all sizes compare. A frequency that the image is too
    small to have is -1.
    """
    spectrum = np.abs(np.fft.fft2(np.asarray(image, "float64"), axes=(0, 1))) / (image.shape[0] * image.shape[1])
    rows, columns = np.arange(-WAVES, WAVES + 1), np.arange(WAVES + 1)
    known = (2 * np.abs(rows[:, None]) < image.shape[0]) & (2 * columns < image.shape[1])
    low = spectrum[np.ix_(rows % image.shape[0], columns % image.shape[1])]
    return np.where(known[..., None], low, -1.0).astype("float32")


def swap_amplitudes(x: Tensor, bank: Tensor, highest: Tensor, least: float) -> Tensor:
    """Gives the lowest frequencies of `x` the amplitudes of a reference; the phases stay.

    Args:
        x: float32 `(N, H, W, C)`, finite, 0 or more.
        bank: of `amplitudes`, `(N, 2 WAVES + 1, WAVES + 1, C)`.
        highest: int32 `(N,)`: frequencies up to this one, in both directions, are changed.
        least: a wave that is weaker than this, in units of the pixels, has no phase and is left as it is.
    """
    height, width = ops.shape(x)[1:3]
    pixels = ops.cast(height, "float32") * ops.cast(width, "float32")
    spectrum = tf.signal.rfft2d(tf.transpose(x, (0, 3, 1, 2)))
    row, column = ops.arange(height, dtype="int32"), ops.arange(width // 2 + 1, dtype="int32")
    row = ops.where(2 * row > height, row - height, row)
    highest = ops.minimum(highest, WAVES)[:, None, None, None]
    chosen = ops.logical_and(ops.abs(row)[:, None] <= highest, column <= highest)
    target = ops.transpose(bank, (0, 3, 1, 2))
    target = ops.take(target, ops.clip(row, -WAVES, WAVES) + WAVES, axis=2)
    target = ops.take(target, ops.minimum(column, WAVES), axis=3) * pixels
    strength = tf.abs(spectrum)
    chosen = ops.logical_and(ops.logical_and(chosen, target >= 0.0), strength > least * pixels)
    gain = ops.where(chosen, target / ops.where(chosen, strength, 1.0), 1.0)
    changed = spectrum * tf.cast(gain, spectrum.dtype)
    mean = ops.logical_and(ops.equal(row, 0)[:, None], ops.equal(column, 0))  # has no phase, and is never negative
    changed = tf.where(mean, tf.cast(target, spectrum.dtype), changed)
    return tf.transpose(tf.signal.irfft2d(changed, fft_length=[height, width]), (0, 2, 3, 1))
