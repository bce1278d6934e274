"""Regions of images, one boolean per pixel and sample: rectangles and cuboids, polygons, a turned grid of squares."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

Tensor = Any

_BITS = 30  # rectangles that one int32 word can tell apart


def cuboids(starts: Sequence[Tensor], lengths: Sequence[Tensor], size: Sequence[int | Tensor]) -> Tensor:
    """The union of K intervals, rectangles or cuboids per sample.

    Args:
        starts: for each axis int32 `(N, K)`, the first place; may be negative.
        lengths: for each axis int32 `(N, K)`, in pixels; where it is 0 there is nothing.
        size: of the data along these axes.

    Returns:
        bool `(N, *size)`.

    A row keeps one bit for each rectangle that crosses it, and so does a column: a pixel is inside where the
    two share a bit. That costs one operation per pixel and axis, however many rectangles there are.
    """
    words, axes = [], len(size)
    for first in range(0, starts[0].shape[1], _BITS):
        some = slice(first, first + _BITS)
        bits = [
            ops.reshape(
                _bits(start[:, some], length[:, some], side), (-1, *(side if a == axis else 1 for a in range(axes)))
            )
            for axis, (start, length, side) in enumerate(zip(starts, lengths, size, strict=True))
        ]
        words.append(ops.not_equal(functools.reduce(ops.bitwise_and, bits), 0))
    return functools.reduce(ops.logical_or, words)


def _bits(start: Tensor, length: Tensor, side: int | Tensor) -> Tensor:
    """int32 `(N, side)`: bit k is set from `start[:, k]` on, for `length[:, k]` places."""
    place = ops.arange(side, dtype="int32")
    start, stop = start[..., None], (start + length)[..., None]
    inside = ops.logical_and(place >= start, place < stop)
    bit = np.left_shift(1, np.arange(start.shape[1])).astype("int32")[:, None]
    return ops.sum(ops.where(inside, bit, 0), axis=1)


def polygon(vertices: Tensor, size: Sequence[int | Tensor]) -> Tensor:
    """The inside of a polygon, by the even-odd rule.

    Args:
        vertices: `(N, K, 2)`, x and y of K corners in order, in pixels, (0, 0) the middle of the first pixel.
        size: (height, width) of the image.

    Returns:
        bool `(N, *size)`: a pixel is inside where its middle is.
    """
    x, y = vertices[:, :, None, 0], vertices[:, :, None, 1]
    next_x, next_y = ops.roll(x, -1, axis=1), ops.roll(y, -1, axis=1)
    row = ops.cast(ops.arange(size[0], dtype="int32"), "float32")
    crosses = ops.not_equal(y > row, next_y > row)
    share = (row - y) / ops.where(crosses, next_y - y, 1.0)
    crossing = ops.where(crosses, x + share * (next_x - x), -1.0)  # per edge and row: where the row is cut
    column = ops.cast(ops.arange(size[1], dtype="int32"), "float32")
    inside = [column < crossing[:, k, :, None] for k in range(vertices.shape[1])]
    return functools.reduce(ops.logical_xor, inside)


def squares(unit: Tensor, side: Tensor, shift: Tensor, angle: Tensor, size: Sequence[int | Tensor]) -> Tensor:
    """Squares on a turned, shifted grid.

    Args:
        unit: `(N,)`, the distance from one square to the next, in pixels.
        side: `(N,)`, of a square, in pixels.
        shift: `(N, 2)`, along the two axes of the grid, in pixels.
        angle: `(N,)`, in radians; counter-clockwise, about the center of the image.
        size: (height, width) of the image.

    Returns:
        bool `(N, *size)`.
    """
    angle = ops.cast(angle, "float64")
    row = lambda t: ops.cast(t, "float32")[:, None, None]
    cos, sin, unit, side = row(ops.cos(angle)), row(ops.sin(angle)), row(unit), row(side)
    y, x = (ops.cast(ops.arange(s, dtype="int32"), "float32") - (ops.cast(s, "float32") - 1.0) / 2.0 for s in size)
    y, x = y[None, :, None], x[None, None, :]
    along, across = x * cos - y * sin + row(shift[:, 0]), x * sin + y * cos + row(shift[:, 1])
    return ops.logical_and(_remainder(along, unit) < side, _remainder(across, unit) < side)


def _remainder(x: Tensor, unit: Tensor) -> Tensor:
    return x - unit * ops.floor(x / unit)  # `mod` of floats is several times slower
