"""TensorFlow's own kernel for affine maps of images: the resample of what runs uncompiled."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from keras_augsynth.ops.any_size import AnySize

Tensor = Any

_MODES = {"constant": "CONSTANT", "nearest": "NEAREST", "reflect": "REFLECT"}
"""Its "WRAP" does not blend the last pixel with the first, as ours does."""


def takes(x: Tensor, interpolation: str, fill_mode: str) -> bool:
    """Whether the kernel does this: images, bilinear; whole pixels are read exactly elsewhere."""
    return len(x.shape) == 4 and interpolation == "bilinear" and fill_mode in _MODES


def warp(
    x: Tensor, matrix: Tensor, output_size: Sequence[Any], fill_mode: str, fill_value: float, exactly: Callable
) -> Tensor:
    """`resample` of images, float32, where `takes` says so.

    Args:
        x: `(N, height, width, C)`.
        matrix: `(N, 3, 3)`, float32, output to input, in pixels from the center.
        output_size: (height, width).
        fill_mode: as in `resample`.
        fill_value: as in `resample`.
        exactly: a function of all these that does the same for values that are not finite, which the kernel would
            spread, and has the gradient. (The kernel's own is that of another map.)

    The kernel computes places from the upper left corner, in float32: they are off by at most 1e-6 of the image's
    side, which for bytes of 224 x 224 pixels changes the result by at most 0.02.
    """
    if not x.dtype.is_floating:
        return _kernel(x, matrix, output_size, fill_mode, fill_value)
    # One graph for all who call, since TensorFlow never forgets a gradient that was defined in a graph.
    return _differentiable(x, matrix, tuple(output_size), fill_mode, fill_value, exactly)


def _kernel(x: Tensor, matrix: Tensor, output_size: Sequence[Any], fill_mode: str, fill_value: float) -> Tensor:
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(x, tf.float32),
        transforms=_transforms(matrix, tf.shape(x)[1:3], output_size),
        output_shape=tf.cast(tf.stack(output_size), tf.int32),
        fill_value=tf.cast(fill_value, tf.float32),
        interpolation="BILINEAR",
        fill_mode=_MODES[fill_mode],
    )


def _of_floats(
    x: Tensor, matrix: Tensor, output_size: Sequence[Any], fill_mode: str, fill_value: float, exactly: Callable
) -> Tensor:
    known = output_size, fill_mode, fill_value

    @tf.custom_gradient
    def run(x: Tensor, matrix: Tensor) -> tuple[Tensor, Callable]:
        def gradient(upstream: Tensor) -> Sequence[Tensor]:
            with tf.GradientTape() as tape:
                tape.watch((x, matrix))
                result = exactly(x, matrix, *known)
            return tape.gradient(result, (x, matrix), upstream)

        finite = tf.reduce_all(tf.math.is_finite(x))
        return tf.cond(finite, lambda: _kernel(x, matrix, *known), lambda: exactly(x, matrix, *known)), gradient

    return run(x, matrix)


_differentiable = AnySize(_of_floats)


def _transforms(matrix: Tensor, size: Any, output_size: Sequence[Any]) -> Tensor:
    """The matrix as the kernel's eight numbers, `(N, 8)`, float32."""
    entries = tf.unstack(tf.reshape(tf.cast(matrix, tf.float64), (-1, 9)), axis=1)
    center = tf.unstack((tf.cast(size, tf.float64)[::-1] - 1.0) / 2.0)
    from_center = tf.unstack((tf.cast(tf.stack(output_size), tf.float64)[::-1] - 1.0) / 2.0)
    rows = []
    for row in range(2):
        first, second, shift = entries[3 * row : 3 * row + 3]
        rows += [first, second, shift + center[row] - first * from_center[0] - second * from_center[1]]
    zero = tf.zeros_like(rows[0])
    return tf.cast(tf.stack([*rows, zero, zero], axis=-1), tf.float32)
