"""One resampler for images and volumes: a matrix or any other coordinates, any number of spatial axes.

Written with gathers of whole pixels, it compiles with XLA on every device, reads the input's own dtype, and has
a gradient. Coordinates are centered: the middle of the grid is the origin, and the middle of an output grid of
another size falls on the middle of the input.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.ops.compiled import fenced

Tensor = Any

FILL_MODES = ("constant", "nearest", "reflect", "wrap")
INTERPOLATIONS = ("nearest", "bilinear")


def resample(
    x: Tensor,
    matrix: Tensor,
    output_size: Sequence[int] | None = None,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0.0,
) -> Tensor:
    """Reads `x` at the places to which an affine map takes each output pixel.

    Args:
        x: `(N, *size, C)`, any numeric dtype; `size` has d axes: (height, width), (depth, height, width).
        matrix: `(N, d+1, d+1)` or `(1, d+1, d+1)`, output to input, in pixels from the center; columns are
            (x, y[, z], 1).
        output_size: d sizes; the input's own where it is None.
        interpolation: "bilinear" (trilinear in a volume) gives float32, "nearest" keeps the dtype.
        fill_mode: what lies beyond the border. "constant" `(k k | a b c d | k k)`, with the last pixel
            blending into `fill_value`; "nearest" `(a a | a b c d | d d)`; "reflect" `(b a | a b c d | d c)`;
            "wrap" `(c d | a b c d | a b)`.
        fill_value: k of "constant".

    Returns:
        `(N, *output_size, C)`.

    A corner whose weight is zero is not read, so NaN and infinity reach only the pixels that touch them.
    """
    size = ops.shape(x)[1:-1]
    to_size = size if output_size is None else tuple(output_size)
    matrix = ops.broadcast_to(matrix, (ops.shape(x)[0], *matrix.shape[1:]))

    def read(x: Tensor, matrix: Tensor) -> Tensor:
        return sample(x, affine_coordinates(matrix, size, to_size), interpolation, fill_mode, fill_value)

    if output_size is not None:
        return read(x, matrix)
    dtype = ops.dtype(x) if interpolation == "nearest" else "float32"
    moves = ops.any(ops.not_equal(matrix, ops.eye(len(size) + 1, dtype=matrix.dtype)))
    return fenced(moves, read, lambda x, _: ops.cast(x, dtype), x, matrix)


def affine_coordinates(matrix: Tensor, size: Sequence[int], output_size: Sequence[int]) -> list[Tensor]:
    """The input index of every output pixel, one float32 tensor `(N, *output_size)` per axis, first axis first."""
    matrix = ops.cast(matrix, "float32")
    axes = len(size)
    entry = lambda i, j: ops.reshape(matrix[:, i, j], (-1, *(1,) * axes))
    grid = []
    for axis, length in enumerate(output_size):
        steps = ops.cast(ops.arange(length, dtype="int32"), "float32") - _center(length)
        grid.append(ops.reshape(steps, [-1 if a == axis + 1 else 1 for a in range(axes + 1)]))
    coordinates = []
    for axis, length in enumerate(size):
        row = axes - 1 - axis  # x is the last axis
        terms = [entry(row, axes - 1 - a) * grid[a] for a in range(axes)]
        coordinates.append(sum(terms) + entry(row, axes) + _center(length))
    return coordinates


def sample(
    x: Tensor,
    coordinates: Sequence[Tensor],
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0.0,
) -> Tensor:
    """Reads `x` `(N, *size, C)` at fractional indices, one tensor `(N, *output_size)` per axis; see `resample`."""
    channels, output_size = x.shape[-1], ops.shape(coordinates[0])[1:]
    if fill_mode == "constant" and not _holds(ops.dtype(x), fill_value):
        x = ops.cast(x, "float32")
    if interpolation == "nearest":
        coordinates = [ops.floor(c + 0.5) for c in coordinates]
    size = ops.shape(x)[1:-1]
    coordinates = [_FOLDS[fill_mode](c, ops.cast(n, "float32")) for c, n in zip(coordinates, size, strict=True)]
    x = _padded(x, fill_mode, fill_value)
    size = ops.shape(x)[1:-1]
    strides = [_product(size[axis + 1 :]) for axis in range(len(size))]
    pixels, count = ops.reshape(x, (-1, _product(size), channels)), _product(output_size)
    index, fractions, steps = 0, [], []
    for c, stride in zip(coordinates, strides, strict=True):
        lower = ops.floor(c)
        index = index + ops.cast(lower, "int32") * stride
        # A pixel that is met exactly is read twice instead of with its neighbour: 0 * NaN would spread.
        between = c > lower
        fractions.append(ops.reshape(ops.where(between, c - lower, 0.5), (-1, count, 1)))
        steps.append(ops.reshape(ops.where(between, stride, 0), (-1, count, 1)))
    index = ops.reshape(index, (-1, count, 1))
    if interpolation == "nearest":
        return ops.reshape(ops.take_along_axis(pixels, index, axis=1), (-1, *output_size, channels))
    total = 0.0
    for corner in itertools.product((0, 1), repeat=len(size)):
        weight, place = 1.0, index
        for upper, fraction, step in zip(corner, fractions, steps, strict=True):
            weight = weight * (fraction if upper else 1.0 - fraction)
            place = place + step if upper else place
        total = total + ops.cast(ops.take_along_axis(pixels, place, axis=1), "float32") * weight
    return ops.reshape(total, (-1, *output_size, channels))


def _holds(dtype: str, value: float) -> bool:
    """Whether pixels of `dtype` can have the value."""
    if "float" in dtype:
        return True
    return dtype != "bool" and value == int(value) and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max


def _padded(x: Tensor, fill_mode: str, fill_value: float) -> Tensor:
    """`x` with as much border as two neighbouring pixels of a folded coordinate need."""
    axes = len(x.shape) - 2
    if fill_mode == "constant":
        x = ops.pad(x, [(0, 0), *[(1, 1)] * axes, (0, 0)], constant_values=ops.cast(fill_value, x.dtype))
    if fill_mode == "wrap":
        for axis in range(1, axes + 1):
            first = ops.take(x, ops.zeros((1,), "int32"), axis=axis)
            x = ops.concatenate([x, first], axis=axis)
    return x


def _center(length: int | Tensor) -> float | Tensor:
    return (ops.cast(length, "float32") - 1.0) / 2.0


def _product(sizes: Sequence[int]) -> int | Tensor:
    product = 1
    for size in sizes:
        product = product * size
    return product


# From a coordinate anywhere to one in the padded image that has the same value.


def _clamp(c: Tensor, length: Tensor) -> Tensor:
    return ops.clip(c, 0.0, length - 1.0)


def _reflect(c: Tensor, length: Tensor) -> Tensor:
    turns = _modulo(c + 0.5, 2.0 * length)
    return _clamp(ops.minimum(turns, 2.0 * length - turns) - 0.5, length)


def _wrap(c: Tensor, length: Tensor) -> Tensor:
    return ops.clip(_modulo(c, length), 0.0, length)


def _constant(c: Tensor, length: Tensor) -> Tensor:
    return ops.clip(c, -1.0, length) + 1.0


def _modulo(c: Tensor, length: Tensor) -> Tensor:
    return c - ops.floor(c / length) * length


_FOLDS = {"constant": _constant, "nearest": _clamp, "reflect": _reflect, "wrap": _wrap}
