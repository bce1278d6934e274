"""Images resized by kernels of any width, all of them alike: one product with a matrix of weights for each axis."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

Tensor = Any


def kernel_resize(
    x: Tensor,
    window: Sequence[tuple[Any, Any]],
    output_size: Sequence[int],
    kernel: str,
    antialias: bool = False,
    fill_value: float = 0.0,
) -> Tensor:
    """Spreads the output over a window of each image.

    Args:
        x: `(..., height, width, C)`, any numeric dtype.
        window: (start, length) along height and width, in pixels of the input, numbers or scalar tensors. It may be
            larger than the images.
        output_size: (height, width) of the output.
        kernel: one of `KERNELS`. Weights beyond the border are left out; the others then sum to 1.
        antialias: whether the kernel is widened where the image becomes smaller. "area" always covers what a pixel of
            the output covers.
        fill_value: of pixels of the output whose middle lies beyond the image.

    Returns:
        `(..., *output_size, C)`, float32. A NaN or infinity reaches what the kernel reaches, as NaN.
    """
    can_be_bad = "float" in ops.dtype(x)
    size, result, seen = ops.shape(x)[-3:-1], ops.cast(x, "float32"), []
    for axis, (start, length) in enumerate(window):
        middles, scale = _middles(start, length, output_size[axis])
        weights = _weights(middles, scale, size[axis], kernel, antialias)
        result = _product(weights, result, axis, can_be_bad)
        seen.append((middles >= 0.0) & (middles <= ops.cast(size[axis], "float32")))
    inside = ops.expand_dims(ops.expand_dims(seen[0], 1) & seen[1], -1)
    return ops.where(inside, result, ops.cast(fill_value, "float32"))


def _middles(start: Any, length: Any, count: int) -> tuple[Tensor, Tensor]:
    """The middles of the output's pixels, in pixels from the input's border, and the length of one."""
    scale = ops.cast(length, "float32") / count
    return ops.cast(start, "float32") + (ops.arange(count, dtype="float32") + 0.5) * scale, scale


def _weights(middles: Tensor, scale: Tensor, length: int | Tensor, kernel: str, antialias: bool) -> Tensor:
    """`(output length, length)`: what every pixel of the output takes from each pixel of the input."""
    pixels = ops.cast(ops.arange(length, dtype="int32"), "float32")
    middles = ops.expand_dims(middles, 1)
    if kernel == "area":
        start, end = middles - scale / 2.0, middles + scale / 2.0
        weights = ops.maximum(ops.minimum(end, pixels + 1.0) - ops.maximum(start, pixels), 0.0)
    else:
        width = ops.maximum(scale, 1.0) if antialias else 1.0
        weights = _KERNELS[kernel]((pixels + 0.5 - middles) / width)
    total = ops.sum(weights, axis=1, keepdims=True)
    # Far beyond the border there are no weights, or nearly none of both signs.
    return ops.where(ops.abs(total) > 1e-3, weights / ops.where(ops.abs(total) > 1e-3, total, 1.0), 0.0)


def _product(weights: Tensor, x: Tensor, axis: int, can_be_bad: bool) -> Tensor:
    """The weighted sums along the height (axis 0) or the width (axis 1) of `x` `(..., height, width, C)`."""
    if not can_be_bad:
        return _multiplied(weights, x, axis)
    good = ops.isfinite(x)
    result = _multiplied(weights, ops.where(good, x, 0.0), axis)
    reached = _multiplied(ops.cast(weights != 0.0, "float32"), ops.cast(ops.logical_not(good), "float32"), axis)
    return ops.where(reached > 0.0, math.nan, result)


def _multiplied(weights: Tensor, x: Tensor, axis: int) -> Tensor:
    if axis == 1:
        return ops.matmul(weights, x)
    *start, height, width, channels = ops.shape(x)
    result = ops.matmul(weights, ops.reshape(x, (*start, height, width * channels)))
    return ops.reshape(result, (*start, weights.shape[0], width, channels))


def _triangle(t: Tensor) -> Tensor:
    return ops.maximum(1.0 - ops.abs(t), 0.0)


def _cubic(t: Tensor) -> Tensor:
    """Of Keys, with a = -1/2, as in TensorFlow and PIL."""
    t = ops.abs(t)
    near, far = (1.5 * t - 2.5) * t * t + 1.0, ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    return ops.where(t < 1.0, near, ops.where(t < 2.0, far, 0.0))


def _lanczos(lobes: int) -> Callable[[Tensor], Tensor]:
    def kernel(t: Tensor) -> Tensor:
        return ops.where(ops.abs(t) < lobes, _sinc(t) * _sinc(t / lobes), 0.0)

    return kernel


def _sinc(t: Tensor) -> Tensor:
    angle = math.pi * ops.where(t == 0.0, 1.0, t)
    return ops.where(t == 0.0, 1.0, ops.sin(angle) / angle)


_KERNELS = {"bilinear": _triangle, "bicubic": _cubic, "lanczos3": _lanczos(3), "lanczos5": _lanczos(5)}
KERNELS = (*_KERNELS, "area")
