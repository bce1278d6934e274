"""Images and volumes made smaller, each to a size of its own, and large again."""

import math
from collections.abc import Callable
from typing import Any

from keras import ops

from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.compiled import materialized
from keras_augsynth.ops.lookup import look_up

Tensor = Any
# What a pixel of the result reads: K indices and their weights, each `(K, N, length)`; None: the one value as it is.
Taps = tuple[Tensor, Tensor | None]


def down_and_up(
    x: Tensor, scale: Tensor, limits: tuple[float, float], down: str, up: str, dtype: str | None = None
) -> Tensor:
    """Images `(N, H, W, C)` or volumes `(N, D, H, W, C)`, made smaller by `scale` `(N,)`, then as large as they were.

    Args:
        x: any numeric dtype; the result is float32, or of that dtype where nothing is averaged.
        scale: 1 or below; the smaller image has at least one pixel.
        limits: the lowest and the highest scale there can be; they decide how much is read.
        down: "area", the mean of what a pixel covers; "nearest", the first of these; "nearest_exact", the middle one.
        up: "bilinear" or "nearest".
        dtype: "uint8" where the result is needed no more exactly: what is only repeated is then rounded before.
    """
    finite = "int" in ops.dtype(x)
    ways_back: list[tuple[int, Tensor, int | Tensor]] = []
    axes = range(1, len(x.shape) - 1)
    for axis in axes:
        length = ops.shape(x)[axis]
        small = ops.cast(ops.floor(scale * ops.cast(length, "float32") + 0.5), "int32")
        small = ops.maximum(small, 1)[:, None]
        most = length * math.ceil(limits[1] * 256) // 256 + 1  # in whole numbers, since the length may be a tensor
        x = _read(
            x,
            _DOWN[down](small, length, most, limits[0]),
            axis,
            most,
            finite,
            dtype if up == "nearest" and axis == axes[-1] else None,
        )
        ways_back.append((axis, small, length))
    for axis, small, length in reversed(ways_back):  # whole rows last: they are copied quickly
        x = _read(x, _UP[up](small, length), axis, length, finite, dtype if axis == 1 else None)
    return x


def _read(x: Tensor, taps: Taps, axis: int, length: int | Tensor, finite: bool, dtype: str | None) -> Tensor:
    """The sum of what the taps say, `length` pixels along `axis`; where something is summed, of `dtype` or float32."""
    n, *sides = ops.shape(x)
    shape = (n, *sides[: axis - 1], length, *sides[axis:])
    before, across, behind = math.prod(sides[: axis - 1]), sides[axis - 1], math.prod(sides[axis:])
    index, weights = taps
    # What is looked up at every pixel is worked out once.
    known = [ops.clip(index, 0, across - 1), *([] if weights is None else [weights])]
    known = materialized(lambda *known: list(known), *known)

    def read(x: Tensor, index: Tensor, weights: Tensor | None = None) -> Tensor:
        pixels = ops.reshape(x, (-1, behind))
        line = ops.reshape(ops.arange(n * before, dtype="int32"), (-1, before, 1)) * across
        values = [look_up(pixels, line + each[:, None]) for each in ops.unstack(index, index.shape[0])]
        if weights is None:
            return ops.reshape(values[0], shape)
        total = 0.0
        for value, weight in zip(values, ops.unstack(weights, len(values)), strict=True):
            weight = weight[:, None, :, None]
            part = weight * ops.cast(value, "float32")
            total = total + (part if finite else ops.where(weight == 0.0, 0.0, part))
        return ops.reshape(total if dtype is None else to_dtype(total, dtype), shape)

    return materialized(read, x, *known)  # or XLA on a CPU would gather anew for everything that uses the result


def _area(small: Tensor, length: int | Tensor, count: int | Tensor, lowest: float) -> Taps:
    place = ops.cast(ops.arange(count, dtype="int32"), "float32")
    ratio = ops.cast(length, "float32") / ops.cast(small, "float32")
    start, end = place * ratio, (place + 1.0) * ratio
    first = ops.floor(start + 1e-4)
    steps = ops.reshape(ops.arange(_most_covered(length, lowest), dtype="int32"), (-1, 1, 1))
    pixel = first + ops.cast(steps, "float32")
    covered = ops.minimum(end, pixel + 1.0) - ops.maximum(start, pixel)
    return ops.cast(first, "int32") + steps, ops.where(covered > 1e-3, covered / ratio, 0.0)


def _most_covered(length: int | Tensor, lowest: float) -> int:
    """How many pixels one of the smaller image covers at most, wholly or in part."""
    if not isinstance(length, int):
        return math.ceil(1.5 / lowest) + 1  # a side of 1.5 pixels is rounded to one
    fewest = max(math.floor(lowest * length + 0.499), 1)
    return min(math.ceil(length / fewest) + 1, length)


def _every(small: Tensor, length: int | Tensor, count: int | Tensor, lowest: float) -> Taps:
    return (ops.arange(count, dtype="int32") * length // small)[None], None


def _exact(small: Tensor, length: int | Tensor, count: int | Tensor, lowest: float) -> Taps:
    return ((2 * ops.arange(count, dtype="int32") + 1) * length // (2 * small))[None], None


def _repeated(small: Tensor, length: int | Tensor) -> Taps:
    return (ops.arange(length, dtype="int32") * small // length)[None], None


def _blended(small: Tensor, length: int | Tensor) -> Taps:
    ratio = ops.cast(small, "float32") / ops.cast(length, "float32")
    place = (ops.cast(ops.arange(length, dtype="int32"), "float32") + 0.5) * ratio - 0.5
    place = ops.clip(place, 0.0, ops.cast(small, "float32") - 1.0)
    first = ops.floor(place)
    index = ops.cast(first, "int32")
    return ops.stack([index, ops.minimum(index + 1, small - 1)]), ops.stack([1.0 - (place - first), place - first])


_DOWN: dict[str, Callable] = {"area": _area, "nearest": _every, "nearest_exact": _exact}
_UP: dict[str, Callable] = {"bilinear": _blended, "nearest": _repeated}
DOWNSCALES, UPSCALES = tuple(_DOWN), tuple(_UP)
