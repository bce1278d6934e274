"""Filters over images as sums of shifted slices, with one kernel per sample; the border is mirrored."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.ops.compiled import fenced

Tensor = Any

_TAPS = 64  # of a kernel at once: XLA on a CPU no longer vectorizes a loop that is much longer


def pad(x: Tensor, rows: tuple | None, columns: tuple | None, mode: str = "mirror") -> Tensor:
    """Widens images `(N, H, W, C)` of any size, also by more than their own.

    Args:
        x: any dtype.
        rows: how many to add above and below; None: nothing.
        columns: how many to add on the left and on the right; None: nothing.
        mode: "mirror" `(c b | a b c | b a)`, OpenCV's default border, or "nearest" `(a a | a b c | c c)`.
    """
    for axis, widths in ((1, rows), (2, columns)):
        if widths is None:
            continue
        before, after = widths
        length = ops.shape(x)[axis]
        index = ops.arange(-before, length + after, dtype="int32")
        x = ops.take(x, _BORDERS[mode](index, length), axis=axis)
    return x


def separable(x: Tensor, vertical: Tensor, horizontal: Tensor) -> Tensor:
    """Two passes, each with a kernel `(N or 1, k)` of odd length."""
    # Without the fence XLA works out the first pass again for every tap of the second.
    x = fenced(ops.any(vertical > 0.0), lambda x, k: _pass(x, k, 1), lambda x, _: x, x, vertical)
    return _pass(x, horizontal, 2)


def correlate(x: Tensor, kernel: Tensor) -> Tensor:
    """One kernel per sample, `(N, k, k)`, k odd, nowhere negative."""
    size = kernel.shape[-1]
    half = (size // 2, size // 2)
    # Fenced, or XLA would look for the border again at every tap; both branches are what is needed.
    wide = fenced(ops.any(kernel > 0.0), lambda x: pad(x, half, half), lambda x: pad(x, half, half), x)
    total, at_once = ops.zeros_like(x), max(1, _TAPS // size)
    for start in range(0, size, at_once):
        rows = range(start, min(start + at_once, size))

        def add(total: Tensor, wide: Tensor, kernel: Tensor, rows: range = rows) -> Tensor:
            for i in rows:
                for j in range(size):
                    total = total + _shifted(wide, i, j, size) * kernel[:, i, j][:, None, None, None]
            return total

        needed = ops.any(kernel[:, start : start + at_once] > 0.0)
        total = fenced(needed, add, lambda total, *_: total, total, wide, kernel)
    return total


def median(x: Tensor, size: int) -> Tensor:
    """The median of each `size` x `size` window, size 3 or 5, the last pixel repeated beyond the border."""
    half = (size // 2, size // 2)
    wide = pad(x, half, half, "nearest")
    rest = [_shifted(wide, i, j, size) for i in range(size) for j in range(size)]
    # Of any (n + 3) // 2 of the values, the lowest and the highest cannot be the median of all n: both go, the
    # next value comes in, until one is left.
    field = [rest.pop() for _ in range((len(rest) + 3) // 2)]
    while rest:
        field = [*_without_extremes(field), rest.pop()]
    return _without_extremes(field)[0]


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


def _pass(x: Tensor, weights: Tensor, axis: int) -> Tensor:
    size = weights.shape[-1]
    half = (size // 2, size // 2)
    x = pad(x, half if axis == 1 else None, half if axis == 2 else None)
    total = 0.0
    for i in range(size):
        part = slice(i, (i - size + 1) or None)
        total = total + (x[:, part] if axis == 1 else x[:, :, part]) * weights[:, i][:, None, None, None]
    return total


def _shifted(wide: Tensor, i: int, j: int, size: int) -> Tensor:
    return wide[:, i : (i - size + 1) or None, j : (j - size + 1) or None]


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
