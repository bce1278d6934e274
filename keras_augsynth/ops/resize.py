"""Images and volumes made smaller, each to a size of its own, and large again."""

import functools
import math
from collections.abc import Callable
from typing import Any

from keras import ops

from keras_augsynth.ops.compiled import materialized
from keras_augsynth.ops.lookup import look_up

Tensor = Any
# What a pixel of the result reads: pairs of indices and weights, each
# `(N, length)`.
Taps = list[tuple[Tensor, Tensor]]


def down_and_up(x: Tensor, scale: Tensor, limits: tuple[float, float], down: str, up: str) -> Tensor:
    """Images `(N, H, W, C)` or volumes `(N, D, H, W, C)`, made smaller by `scale` `(N,)`, then as large as they were.

    Args:
        x: float32.
        scale: 1 or below; the smaller image has at least one pixel.
        limits: the lowest and the highest scale there can be; they decide how much is read.
        down: "area", the mean of what a pixel covers; "nearest", the first of these; "nearest_exact", the middle one.
        up: "bilinear" or "nearest".
    """
    for axis in range(1, len(x.shape) - 1):
        length = ops.shape(x)[axis]
        small = ops.cast(ops.floor(scale * ops.cast(length, "float32") + 0.5), "int32")
        small = ops.maximum(small, 1)[:, None]
        most = length * math.ceil(limits[1] * 256) // 256 + 1  # in whole numbers, since the length may be a tensor
        x = _read(x, small, functools.partial(_DOWN[down], length=length, count=most, lowest=limits[0]), axis, most)
        x = _read(x, small, functools.partial(_UP[up], length=length), axis, length)
    return x


def _read(x: Tensor, small: Tensor, taps: Callable, axis: int, length: int | Tensor) -> Tensor:
    """The sum of what `taps(small)` say, `length` pixels along `axis`."""
    n, *sides = ops.shape(x)
    shape = (n, *sides[: axis - 1], length, *sides[axis:])
    before, across, behind = math.prod(sides[: axis - 1]), sides[axis - 1], math.prod(sides[axis:])

    def read(x: Tensor, small: Tensor) -> Tensor:
        pixels = ops.reshape(x, (-1, behind))
        line = ops.reshape(ops.arange(n * before, dtype="int32"), (-1, before, 1)) * across
        total = 0.0
        for index, weight in taps(small):
            values = look_up(pixels, line + ops.clip(index, 0, across - 1)[:, None])
            weight = weight[:, None, :, None]
            total = total + ops.where(weight == 0.0, 0.0, weight * values)
        return ops.reshape(total, shape)

    return materialized(read, x, small)  # or XLA on a CPU would gather anew for everything that uses the result


def _area(small: Tensor, length: int | Tensor, count: int | Tensor, lowest: float) -> Taps:
    place = ops.cast(ops.arange(count, dtype="int32"), "float32")
    ratio = ops.cast(length, "float32") / ops.cast(small, "float32")
    start, end = place * ratio, (place + 1.0) * ratio
    first = ops.floor(start + 1e-4)
    taps = []
    for k in range(math.ceil(1.5 / lowest) + 1):  # a side of 1.5 pixels is rounded to one
        covered = ops.minimum(end, first + k + 1.0) - ops.maximum(start, first + k)
        weight = ops.where(covered > 1e-3, covered / ratio, 0.0)
        taps.append((ops.cast(first, "int32") + k, weight))
    return taps


def _every(small: Tensor, length: int | Tensor, count: int | Tensor, lowest: float) -> Taps:
    index = ops.arange(count, dtype="int32") * length // small
    return [(index, ops.ones_like(index, "float32"))]


def _exact(small: Tensor, length: int | Tensor, count: int | Tensor, lowest: float) -> Taps:
    index = (2 * ops.arange(count, dtype="int32") + 1) * length // (2 * small)
    return [(index, ops.ones_like(index, "float32"))]


def _repeated(small: Tensor, length: int | Tensor) -> Taps:
    index = ops.arange(length, dtype="int32") * small // length
    return [(index, ops.ones_like(index, "float32"))]


def _blended(small: Tensor, length: int | Tensor) -> Taps:
    ratio = ops.cast(small, "float32") / ops.cast(length, "float32")
    place = (ops.cast(ops.arange(length, dtype="int32"), "float32") + 0.5) * ratio - 0.5
    place = ops.clip(place, 0.0, ops.cast(small, "float32") - 1.0)
    first = ops.floor(place)
    index = ops.cast(first, "int32")
    return [(index, 1.0 - (place - first)), (ops.minimum(index + 1, small - 1), place - first)]


_DOWN: dict[str, Callable] = {"area": _area, "nearest": _every, "nearest_exact": _exact}
_UP: dict[str, Callable] = {"bilinear": _blended, "nearest": _repeated}
DOWNSCALES, UPSCALES = tuple(_DOWN), tuple(_UP)
