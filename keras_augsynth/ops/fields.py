"""Fields over images: smooth noise and displacements made of coarse grids, and streaks."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.ops.compiled import materialized
from keras_augsynth.ops.random import Random, threefry2x32
from keras_augsynth.ops.resample import sample

Tensor = Any

_GRIDS = (4, 8, 16)


def clouds(rng: Random) -> list[Tensor]:
    """Random coarse grids for `smooth`."""
    return [rng.uniform(0.0, 1.0, (side, side)) for side in _GRIDS]


def smooth(grids: Sequence[Tensor], size: Sequence[int | Tensor]) -> Tensor:
    """Smooth noise from 0 to 1, coarse shapes with finer ones on top.

    Args:
        grids: `(N, h, w)` each, from coarse to fine, uniform in [0, 1]; every one has half the weight of the last.
        size: (height, width).

    Returns:
        `(N, *size)`.
    """
    field, total = grids[0], 1.0
    for octave, finer in enumerate(grids[1:], 1):
        field = upsample(field, finer.shape[1:]) + 0.5**octave * finer
        total += 0.5**octave
    # A sum of many numbers stays about the middle: spread it, softly, over the whole range.
    field = ops.clip(2.0 * field / total - 0.5, 0.0, 1.0)
    return upsample(field * field * (3.0 - 2.0 * field), size)


def upsample(grid: Tensor, size: Sequence[int | Tensor]) -> Tensor:
    """`(N, h, w)` or `(N, d, h, w)` in [0, 1] to `(N, *size)`: a cubic B-spline with the grid's values as its weights.

    Values and weights are rounded to 24 bits, so that all sums are exact in float64: a matrix product adds in
    an order that depends on the size of the batch, and a sample must not.
    """
    axes = len(size)
    grid = ops.pad(ops.cast(grid, "float64"), ((0, 0), *((2, 2),) * axes), mode="symmetric")
    for axis, out in reversed(list(enumerate(size, 1))):
        weights = _weights(grid.shape[axis] - 4, out)
        grid = ops.moveaxis(ops.matmul(ops.moveaxis(_whole_bits(grid), axis, -1), ops.transpose(weights)), -1, axis)
    return ops.clip(ops.cast(grid, "float32"), 0.0, 1.0)


def _weights(side: int, out: int | Tensor) -> Tensor:
    """`(out, side + 4)`: what each point of a padded grid contributes to each output."""
    place = (ops.cast(ops.arange(out, dtype="int32"), "float64") + 0.5) * (side / ops.cast(out, "float64")) - 0.5
    distance = ops.abs(place[:, None] - np.arange(-2.0, side + 2.0))
    near = 2.0 / 3.0 - distance**2 * (1.0 - distance / 2.0)
    far = ops.maximum(2.0 - distance, 0.0) ** 3 / 6.0
    return _whole_bits(ops.where(distance < 1.0, near, far))


def _whole_bits(x: Tensor) -> Tensor:
    return ops.round(x * 2.0**24) * 2.0**-24


def streaks(
    keys: Tensor, density: Tensor, length: Tensor, slope: Tensor, width: Tensor, size: Sequence[int | Tensor]
) -> Tensor:
    """Bright lines that run alike, from 0 to 1.

    Args:
        keys: uint32 `(N, 2)`.
        density: `(N,)`, share of the places for a line that have one.
        length: `(N,)`, of a line in pixels of height.
        slope: `(N,)`, how far lines move to the left while they move down by one pixel.
        width: `(N,)`, of a line in pixels.
        size: (height, width) of the image.

    Returns:
        `(N, *size)`.

    The image is cut into slanted cells, each with room for one line. What happens in a cell is a function of
    the sample's key and the cell's two indices, so nothing is stored and nothing is drawn twice. Lines end
    before their cells do, so it makes no difference on which side of a border rounding puts a pixel.
    """
    # Laid down in memory: behind the select of a gate XLA on a CPU would not vectorize all of this.
    return materialized(functools.partial(_streaks, size=size), keys, density, length, slope, width)


def _streaks(
    keys: Tensor, density: Tensor, length: Tensor, slope: Tensor, width: Tensor, size: Sequence[int | Tensor]
) -> Tensor:
    row = lambda t: t[:, None, None]
    density, length, slope, width = row(density), row(length), row(slope), row(width)
    y, x = (ops.cast(ops.arange(side, dtype="int32"), "float32") for side in size)
    y, x = y[None, :, None], x[None, None, :]
    across = (x + slope * y) / (4.0 * width)
    column = ops.floor(across)
    # Cells of neighbouring columns start at unlike heights: golden sections.
    down = y / (1.5 * length) + column * 0.618034
    cell = ops.floor(down)
    first, second = threefry2x32((row(keys[:, 0]), row(keys[:, 1])), (_word(column), _word(cell)))
    present = _fraction(first, 0) < density
    middle = 0.3 + 0.4 * _fraction(second, 0)
    along = (1.5 * (down - cell) - 0.5 * _fraction(second, 16)) * 4.0
    profile = ops.clip(along * (4.0 - along) / 4.0, 0.0, 1.0)  # it swells and fades
    beside = ops.abs(across - column - middle) * 4.0 * width
    core = ops.clip((width + 1.0) / 2.0 - beside, 0.0, 1.0)
    return ops.where(present, core * profile * (0.5 + 0.5 * _fraction(first, 16)), 0.0)


def _word(x: Tensor) -> Tensor:
    return ops.cast(ops.cast(x, "int32"), "uint32")


def _fraction(word: Tensor, shift: int) -> Tensor:
    """16 bits of a word as a number in [0, 1)."""
    bits = ops.bitwise_and(ops.right_shift(word, np.uint32(shift)), np.uint32(0xFFFF))
    return ops.cast(ops.cast(bits, "int32"), "float32") * 2.0**-16


def displacements(grids: Sequence[Tensor], size: Sequence[int | Tensor], points: Any) -> list[Tensor]:
    """Smooth fields from -1 to 1 over an image, each at some points.

    Args:
        grids: `(N, h, w)` or `(N, d, h, w)` each, in [0, 1], as for `upsample`.
        size: (height, width) or (depth, height, width).
        points: has `xy`, two or three tensors `(N, K)` in pixels from the image's center, and `whole`, which says that
            they are all pixels, row by row, perhaps of several slices. Beyond the border a field goes on as it is
            there.

    Returns:
        `(N, K)` for each grid.
    """
    values = [2.0 * upsample(grid, size) - 1.0 for grid in grids]
    n, count = ops.shape(grids[0])[0], ops.shape(points.xy[0])[1]
    if points.whole:
        rows = [ops.reshape(value, (n, -1)) for value in values]
        return [ops.tile(row, (1, count // ops.shape(row)[1])) for row in rows]
    places = [
        ops.broadcast_to(ops.cast(t, "float32"), (n, count)) + (ops.cast(length, "float32") - 1.0) / 2.0
        for t, length in zip(reversed(points.xy), size, strict=True)
    ]
    found = sample(ops.stack(values, axis=-1), places, "bilinear", "nearest")
    return [found[..., k] for k in range(len(grids))]
