"""Filters over images as sums of shifted slices, with one kernel per sample; the border is mirrored.

A slice of an image `(N, H, W, C)` is one of its rows `(N, H, W * C)`: that way XLA vectorizes it on a CPU. What is
used at many shifts is laid down in memory first, or XLA would work it out again at each of them.
"""

import functools
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.compiled import materialized

Tensor = Any

_TAPS = 64  # of a kernel at once: XLA on a CPU no longer vectorizes a loop that is much longer
_FUSED = 9  # up to so many taps XLA on a CPU vectorizes a loop that converts the result, too


def pad(x: Tensor, rows: tuple, columns: tuple, mode: str = "mirror") -> Tensor:
    """Widens images `(N, H, W, C)` of any size, also by more than their own.

    Args:
        x: any dtype.
        rows: how many to add above and below.
        columns: how many to add on the left and on the right.
        mode: "mirror" `(c b | a b c | b a)`, OpenCV's default border, or "nearest" `(a a | a b c | c c)`.
    """
    if all(isinstance(count, int) and count == 0 for count in (*rows, *columns)):
        return x
    height, width = ops.shape(x)[1:3]
    at = lambda t, axis, start, stop, length: ops.take(
        t, _BORDERS[mode](ops.arange(start, stop, dtype="int32"), length), axis=axis
    )
    x = at(x, 1, -rows[0], height + rows[1], height)
    left, right = at(x, 2, -columns[0], 0, width), at(x, 2, width, width + columns[1], width)
    return ops.concatenate([left, x, right], axis=2)


def separable(x: Tensor, vertical: Tensor, horizontal: Tensor) -> Tensor:
    """Two passes, each with a kernel `(N, k)` of odd length; any dtype to float32."""
    height, width = vertical.shape[-1], horizontal.shape[-1]
    rows = ops.shape(x)[1]

    def down(wide: Tensor, vertical: Tensor) -> Tensor:
        return sum(ops.cast(wide[:, i : i + rows], "float32") * _each(vertical[:, i]) for i in range(height))

    def across(wide: Tensor, horizontal: Tensor) -> Tensor:
        return sum(part * _each(horizontal[:, j]) for j, part in enumerate(_parts(wide, 1, width, x)))

    wide = materialized(down, _wide(x, height, width, "mirror"), vertical)
    return _images(across(wide, horizontal) if width <= _FUSED else materialized(across, wide, horizontal), x)


def separable_3d(x: Tensor, along_depth: Tensor, vertical: Tensor, horizontal: Tensor) -> Tensor:
    """Three passes over volumes `(N, D, H, W, C)`, each with a kernel `(N, k)` of odd length; any dtype to float32."""
    n, depth, height, width, channels = ops.shape(x)
    slices = ops.reshape(x, (n * depth, height, width, channels))
    each = [ops.repeat(weights, depth, axis=0) for weights in (vertical, horizontal)]
    blurred = ops.reshape(separable(slices, *each), (n, depth, height * width, channels))
    return ops.reshape(correlate(blurred, along_depth[:, :, None]), (n, depth, height, width, channels))


def correlate(x: Tensor, kernel: Tensor, dtype: str | None = None) -> Tensor:
    """One kernel per sample, which half a turn does not change.

    Args:
        x: any dtype.
        kernel: `(N, h, w)`, both odd.
        dtype: of the result, "uint8" where it lies between 0 and 255 and is not needed more exactly; None: float32.
    """
    height, width = kernel.shape[-2:]
    count = height * width
    weights = ops.reshape(kernel, (-1, count))
    in_pairs = ops.dtype(x) == "uint8" and count > _FUSED
    total: list[Tensor] = []

    def add(wide: Tensor, weights: Tensor, *before: Tensor, taps: Sequence[int]) -> Tensor:
        parts = _parts(wide, height, width, x)
        if in_pairs:  # of equal weights
            parts = [parts[k] + parts[-1 - k] if k < count // 2 else parts[k] for k in range(count // 2 + 1)]
        result = sum([ops.cast(parts[k], "float32") * _each(weights[:, k]) for k in taps], *before)
        return to_dtype(result, dtype) if dtype and taps[-1] == len(parts) - 1 else result

    if count <= _FUSED:
        return _images(add(_wide(x, height, width, "mirror"), weights, taps=range(count)), x)
    wide = _wide(x, height, width, "mirror", "uint16" if in_pairs else "float32")
    count_of_sums = count // 2 + 1 if in_pairs else count
    for start in range(0, count_of_sums, _TAPS):
        taps = range(start, min(start + _TAPS, count_of_sums))
        total = [materialized(functools.partial(add, taps=taps), wide, weights, *total)]
    return _images(total[0], x)


def median(x: Tensor, size: int) -> Tensor:
    """The median of each `size` x `size` window, size 3 or 5, the last pixel repeated beyond the border; any dtype."""

    def middle(wide: Tensor) -> Tensor:
        rest = _parts(wide, size, size, x)
        # Of any (n + 3) // 2 of the values, the lowest and the highest cannot be the median of all n: both go, the
        # next value comes in, until one is left.
        field = [rest.pop() for _ in range((len(rest) + 3) // 2)]
        while rest:
            field = [*_without_extremes(field), rest.pop()]
        return _without_extremes(field)[0]

    return _images(materialized(middle, _wide(x, size, size, "nearest")), x)


def gaussian(sigma: Tensor, size: int) -> Tensor:
    """Normal weights `(N, size)` that sum to 1; a sigma of 0 leaves the center alone."""
    sigma = ops.cast(sigma, "float64")[:, None]
    distance = ops.cast(ops.arange(size) - size // 2, "float64")
    weights = ops.exp(-0.5 * (distance / ops.maximum(sigma, 1e-3)) ** 2)
    return ops.cast(weights / ops.sum(weights, axis=1, keepdims=True), "float32")


def line(length: Tensor, angle: Tensor, size: int) -> Tensor:
    """A line through the center as a kernel `(N, size, size)` that sums to 1.

    Args:
        length: `(N,)`, in pixels, 1 to `size`.
        angle: `(N,)`, in radians, counter-clockwise from the horizontal.
        size: odd.
    """
    length, angle = (ops.cast(t, "float64")[:, None] for t in (length, angle))
    distance = ops.cast(ops.arange(size) - size // 2, "float64")
    share = ops.clip(length / 2.0 + 0.5 - ops.abs(distance), 0.0, 1.0)
    # Each point of the line falls to the pixels around it as in bilinear interpolation.
    across, down = (
        ops.maximum(1.0 - ops.abs((distance * step)[:, :, None] - distance), 0.0)
        for step in (ops.cos(angle), -ops.sin(angle))
    )
    return _normalized(ops.einsum("np,npy,npx->nyx", share, down, across))


def disk(radius: Tensor, size: int) -> Tensor:
    """A disk as a kernel `(N, size, size)` that sums to 1; pixels on its edge count in part."""
    distance = ops.cast(ops.arange(size) - size // 2, "float64")
    distance = ops.sqrt(distance**2 + distance[:, None] ** 2)
    return _normalized(ops.clip(ops.cast(radius, "float64")[:, None, None] + 0.5 - distance, 0.0, 1.0))


def _normalized(kernel: Tensor) -> Tensor:
    return ops.cast(kernel / ops.sum(kernel, axis=(1, 2), keepdims=True), "float32")


def _rows(x: Tensor) -> Tensor:
    n, height, width, channels = ops.shape(x)
    return ops.reshape(x, (n, height, width * channels))


def _images(rows: Tensor, like: Tensor) -> Tensor:
    return ops.reshape(rows, ops.shape(like))


def _wide(x: Tensor, height: int, width: int, mode: str, dtype: str | None = None) -> Tensor:
    """The rows of images with the border that a window of (height, width) needs, laid down in memory."""
    rows, columns = (height // 2,) * 2, (width // 2,) * 2
    return materialized(lambda x: _rows(pad(ops.cast(x, dtype or x.dtype), rows, columns, mode)), x)


def _parts(wide: Tensor, height: int, width: int, x: Tensor) -> list[Tensor]:
    """What a window of (height, width) sees of `_wide` rows at each of its places, row by row, as large as `x`."""
    _, rows, columns, channels = ops.shape(x)
    parts = [wide[:, i : i + rows] for i in range(height)]
    return [part[:, :, j * channels : (j + columns) * channels] for part in parts for j in range(width)]


def _each(weight: Tensor) -> Tensor:
    return weight[:, None, None]


def _without_extremes(values: Sequence[Tensor]) -> list[Tensor]:
    """All but the lowest and the highest, in no order."""
    values, n = list(values), len(values)

    def sort(i: int, j: int) -> None:
        values[i], values[j] = ops.minimum(values[i], values[j]), ops.maximum(values[i], values[j])

    for i in range(n // 2):
        sort(i, n - 1 - i)
    for i in range(1, (n + 1) // 2):
        sort(0, i)
    for i in range(n // 2, n - 1):
        sort(i, n - 1)
    return values[1:-1]


def _mirror(index: Tensor, length: int | Tensor) -> Tensor:
    period = ops.maximum(2 * (length - 1), 1)
    index = ops.mod(index, period)
    return ops.minimum(index, period - index)


def _clamp(index: Tensor, length: int | Tensor) -> Tensor:
    return ops.clip(index, 0, length - 1)


_BORDERS = {"mirror": _mirror, "nearest": _clamp}
