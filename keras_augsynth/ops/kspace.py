"""Volumes as sums of waves: what happens to a scan in k-space."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from keras import ops

Tensor = Any


def filtered(x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """`x` `(N, D, H, W, C)`, its spectrum `(N, C, D, H, W // 2 + 1)` changed by a function."""
    return volume(change(spectrum(x)), ops.shape(x)[1:4])


def spectrum(x: Tensor) -> Tensor:
    """complex64 `(N, C, D, H, W // 2 + 1)`: of a real volume the other half is known."""
    return tf.signal.rfft3d(tf.transpose(x, (0, 4, 1, 2, 3)))


def volume(spectrum: Tensor, size: Sequence[int | Tensor]) -> Tensor:
    """The way back: float32 `(N, *size, C)`."""
    return tf.transpose(tf.signal.irfft3d(spectrum, fft_length=list(size)), (0, 2, 3, 4, 1))


def frequencies(size: Sequence[int | Tensor]) -> list[Tensor]:
    """Waves per side along depth, height and width, int32 vectors in the order of a spectrum."""
    signed = []
    for length in size[:2]:
        wave = ops.arange(length, dtype="int32")
        signed.append(ops.where(2 * wave > length, wave - length, wave))
    return [*signed, ops.arange(size[2] // 2 + 1, dtype="int32")]


def along_axis(
    effect: Callable[[Tensor, int | Tensor], Tensor], chosen: Tensor, size: Sequence[int | Tensor]
) -> Tensor:
    """A real factor of every wave, `(N, 1, D, H, W // 2 + 1)`, that depends on its frequency along one axis.

    Args:
        effect: of frequencies `(K,)` along an axis of some length: factors `(N, K)`.
        chosen: int32 `(N,)`, the axis of each sample: 0 depth, 1 height, 2 width.
        size: of the volumes.
    """
    factor = 1.0
    for axis, (wave, length) in enumerate(zip(frequencies(size), size, strict=True)):
        own = ops.where(ops.equal(chosen, axis)[:, None], effect(wave, length), 1.0)
        factor = factor * ops.reshape(own, (-1, 1, *(ops.shape(own)[1] if a == axis else 1 for a in range(3))))
    return factor


def scaled(spectrum: Tensor, factor: Tensor) -> Tensor:
    """A spectrum times real numbers."""
    return spectrum * tf.cast(factor, spectrum.dtype)
