"""One resampler for images and volumes: a matrix or any other coordinates, any number of spatial axes.

Written with gathers of whole pixels, it compiles with XLA on every device, reads the input's own dtype, and has
a gradient. Coordinates are centered: the middle of the grid is the origin, and the middle of an output grid of
another size falls on the middle of the input.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.ops.casting import holds, rounded, to_dtype
from keras_augsynth.ops.compiled import fenced, materialized, uncompiled
from keras_augsynth.ops.kernels import warp as kernels
from keras_augsynth.ops.pixels import Pixels

Tensor = Any

FILL_MODES = ("constant", "nearest", "reflect", "wrap")
INTERPOLATIONS = ("nearest", "bilinear")
SHARP = "sharp"
"""A fill mode that no user chooses: where one pixel of the input becomes many, half of the last one would be seen to
blend with `fill_value`."""
_FILLED = ("constant", SHARP)


def resample(
    x: Tensor,
    matrix: Tensor,
    output_size: Sequence[int] | None = None,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    dtype: str | None = None,
    upright: bool = False,
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
            "wrap" `(c d | a b c d | a b)`; `SHARP` is "constant" without the blending.
        fill_value: k of "constant".
        dtype: of the result, rounded where it is an integer; None: what the interpolation gives.
        upright: True says that the maps only scale and shift. Each axis is then worked out by itself, once.

    Returns:
        `(N, *output_size, C)`.

    A corner whose weight is zero is not read, so NaN and infinity reach only the pixels that touch them.
    """
    size = ops.shape(x)[1:-1]
    to_size = size if output_size is None else tuple(output_size)
    matrix = ops.broadcast_to(matrix, (ops.shape(x)[0], *matrix.shape[1:]))
    if uncompiled() and kernels.takes(x, interpolation, fill_mode):
        result = kernels.warp(x, ops.cast(matrix, "float32"), to_size, fill_mode, fill_value, _bilinear)
        return result if dtype is None else to_dtype(result, dtype)
    lay, read = _reader(x, interpolation, fill_mode, fill_value, to_size, upright)
    finished = lambda result: result if dtype is None else to_dtype(result, dtype)
    read_at = lambda laid, matrix: finished(read(laid, affine_coordinates(matrix, size, to_size, upright)))
    if output_size is not None:
        return read_at(materialized(lay, x), matrix)
    moves = ops.any(ops.not_equal(matrix, ops.cast(np.eye(len(size) + 1), matrix.dtype)))
    laid = fenced(moves, lay, lambda x: ops.zeros_like(lay(x)), x)
    as_read = lambda x: x if interpolation == "nearest" else ops.cast(x, "float32")
    return fenced(moves, lambda _, *args: read_at(*args), lambda x, *_: finished(as_read(x)), x, laid, matrix)


def _bilinear(x: Tensor, matrix: Tensor, size: Sequence[int], fill_mode: str, fill_value: float) -> Tensor:
    lay, read = _reader(x, "bilinear", fill_mode, fill_value, size)
    return read(lay(x), affine_coordinates(matrix, ops.shape(x)[1:-1], size))


def affine_coordinates(
    matrix: Tensor, size: Sequence[int], output_size: Sequence[int], upright: bool = False
) -> list[Tensor]:
    """The input index of every output pixel, one float32 tensor `(N, *output_size)` per axis, first axis first.

    Where the maps are `upright`, a tensor has length 1 along the other axes.
    """
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
        steps = [t[(slice(1),) * (axes + 1)] if upright and a != axis else t for a, t in enumerate(grid)]
        terms = [entry(row, axes - 1 - a) * steps[a] for a in range(axes)]
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
    lay, read = _reader(x, interpolation, fill_mode, fill_value, ops.shape(coordinates[0])[1:])
    return read(materialized(lay, x), coordinates)


def _reader(
    x: Tensor,
    interpolation: str,
    fill_mode: str,
    fill_value: float,
    output_size: Sequence[int],
    upright: bool = False,
) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Sequence[Tensor]], Tensor]]:
    """(how to lay down images like `x`, how to read what was laid down at coordinates)."""
    n, *size, _ = ops.shape(x)
    dtype = ops.dtype(x) if fill_mode not in _FILLED or holds(ops.dtype(x), fill_value) else "float32"
    bordered = lambda x: _padded(ops.cast(x, dtype), fill_mode, fill_value)
    pixels = Pixels(bordered(x), output_size)

    def read(laid: Tensor, coordinates: Sequence[Tensor]) -> Tensor:
        each = (-1, *(1,) * len(output_size))
        place = ops.reshape(ops.arange(n, dtype="int32"), each) * pixels.strides[0]
        fractions, steps = [], []
        for c, length, stride, step in zip(coordinates, size, pixels.strides[1:], pixels.steps, strict=True):
            c = ops.floor(c + 0.5) if interpolation == "nearest" else c
            c = _FOLDS[fill_mode](c, ops.cast(length, "float32"))
            lower = ops.floor(c)
            along, fraction = rounded(lower) * stride, c - lower
            if "float" in dtype or not pixels.padded:
                # A pixel that is met exactly is read twice instead of with its neighbour: 0 * NaN would spread.
                between = c > lower
                fraction, step = ops.where(between, fraction, 0.5), ops.where(between, step, 0)
            if upright:  # or XLA would work it out at every pixel
                found = along, fraction, ops.convert_to_tensor(step)
                along, fraction, step = materialized(lambda *found: list(found), *found)
            place = place + along
            fractions.append(ops.expand_dims(fraction, -1))
            steps.append(step)
        place = pixels.places(place)
        if interpolation == "nearest":
            return pixels.first(laid, place)
        total = 0.0
        for corner in itertools.product((0, 1), repeat=len(size)):
            weight, corner_place = 1.0, place
            for upper, fraction, step in zip(corner, fractions, steps, strict=True):
                weight = weight * (fraction if upper else 1.0 - fraction)
                corner_place = corner_place + step if upper else corner_place
            values = (pixels.read if any(corner) else pixels.first)(laid, corner_place)
            total = total + ops.cast(values, "float32") * weight
        return total

    return lambda x: pixels.lay(bordered(x)), read


def _padded(x: Tensor, fill_mode: str, fill_value: float) -> Tensor:
    """`x` with as much border as two neighbouring pixels of a folded coordinate need."""
    axes = len(x.shape) - 2
    if fill_mode in _FILLED:
        x = ops.pad(x, [(0, 0), *[(1, 1)] * axes, (0, 0)], constant_values=ops.cast(fill_value, x.dtype))
    if fill_mode == "wrap":
        for axis in range(1, axes + 1):
            first = ops.take(x, ops.zeros((1,), "int32"), axis=axis)
            x = ops.concatenate([x, first], axis=axis)
    return x


def _center(length: int | Tensor) -> float | Tensor:
    return (ops.cast(length, "float32") - 1.0) / 2.0


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


def _sharp(c: Tensor, length: Tensor) -> Tensor:
    return ops.where((c < -0.5) | (c > length - 0.5), 0.0, _clamp(c, length) + 1.0)


def _modulo(c: Tensor, length: Tensor) -> Tensor:
    return c - ops.floor(c / length) * length


_FOLDS = {"constant": _constant, "nearest": _clamp, "reflect": _reflect, "wrap": _wrap, SHARP: _sharp}
