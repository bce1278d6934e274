"""One resampler for images and volumes: a matrix or a displacement field, any number of spatial axes.

Written with gathers of whole pixels, it compiles to a single XLA loop on every device, reads the input's
own dtype, and has a gradient. Coordinates are centered: the middle of the grid is the origin, and the
middle of an output grid of another size falls on the middle of the input.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

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
        matrix: `(N, d+1, d+1)`, output to input, in pixels from the center; columns are (x, y[, z], 1).
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
    size, dtype = ops.shape(x)[1:-1], ops.dtype(x) if interpolation == "nearest" else "float32"
    to_size = size if output_size is None else tuple(output_size)

    shape = (ops.shape(x)[0], *to_size, x.shape[-1])

    def read(x: Tensor, matrix: Tensor) -> Tensor:
        values = sample(x, affine_coordinates(matrix, size, to_size), interpolation, fill_mode, fill_value)
        return ops.reshape(values, shape)

    if output_size is None:
        moves = ops.any(ops.not_equal(matrix, ops.eye(len(size) + 1, dtype=matrix.dtype)))
        return fenced(moves, read, lambda x, _: ops.cast(x, dtype), x, matrix)
    return fenced(ops.any(matrix[:, -1, -1] > 0), read, lambda *_: ops.zeros(shape, dtype), x, matrix)


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
    """Reads `x` `(N, *size, C)` at fractional indices, one tensor `(N, *output_size)` per axis."""
    size, channels = ops.shape(x)[1:-1], x.shape[-1]
    output_size = ops.shape(coordinates[0])[1:]
    pixels = ops.reshape(x, (-1, _product(size), channels))
    fill = _FILLS[fill_mode]

    def read(indices: Sequence[Tensor]) -> Tensor:
        flat, inside = 0, True
        for index, length in zip(indices, size, strict=True):
            flat = flat * length + fill(index, length)
            if fill_mode == "constant":
                inside = ops.logical_and(inside, ops.logical_and(index >= 0, index < length))
        values = ops.take_along_axis(pixels, ops.reshape(flat, (-1, _product(output_size), 1)), axis=1)
        if fill_mode == "constant":
            inside = ops.reshape(inside, (-1, _product(output_size), 1))
            values = ops.where(inside, values, ops.cast(fill_value, values.dtype))
        return values

    if interpolation == "nearest":
        values = read([ops.cast(ops.floor(c + 0.5), "int32") for c in coordinates])
    else:
        values = _linear(read, coordinates, "float" in ops.dtype(x))
    return ops.reshape(values, (-1, *output_size, channels))


def _linear(read: Callable, coordinates: Sequence[Tensor], may_be_infinite: bool) -> Tensor:
    lower = [ops.floor(c) for c in coordinates]
    upper_weights = [c - low for c, low in zip(coordinates, lower, strict=True)]
    lower = [ops.cast(low, "int32") for low in lower]
    total = 0.0
    for corner in itertools.product((0, 1), repeat=len(coordinates)):
        weight = 1.0
        for upper, upper_weight in zip(corner, upper_weights, strict=True):
            weight = weight * (upper_weight if upper else 1.0 - upper_weight)
        weight = ops.reshape(weight, (ops.shape(weight)[0], -1, 1))
        values = ops.cast(read([low + upper for low, upper in zip(lower, corner, strict=True)]), "float32")
        term = values * weight
        total = total + (ops.where(weight == 0.0, 0.0, term) if may_be_infinite else term)
    return total


def _center(length: int | Tensor) -> float | Tensor:
    return (ops.cast(length, "float32") - 1.0) / 2.0


def _product(sizes: Sequence[int]) -> int | Tensor:
    product = 1
    for size in sizes:
        product = product * size
    return product


def _clamp(index: Tensor, length: int | Tensor) -> Tensor:
    return ops.clip(index, 0, length - 1)


def _reflect(index: Tensor, length: int | Tensor) -> Tensor:
    index = ops.mod(index, 2 * length)
    return ops.minimum(index, 2 * length - 1 - index)


_FILLS = {"constant": _clamp, "nearest": _clamp, "reflect": _reflect, "wrap": ops.mod}
