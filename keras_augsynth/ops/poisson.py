"""Poisson numbers from uniform ones, pixel by pixel."""

from typing import Any

from keras import ops

from keras_augsynth.ops.compiled import materialized

Tensor = Any

_SMALL = 8.0  # up to this mean the distribution is summed term by term
_TERMS = 32  # more than this comes up once in 10 ** 10 draws at that mean


def quantile(u: Tensor, mean: Tensor) -> Tensor:
    """How often an event happens that is expected `mean` times; float32 whole numbers.

    Args:
        u: uniform in [0, 1), float32.
        mean: 0 or more, the same shape.

    Up to a mean of 8 the result is exact but for rounding; above, it is Cornish and Fisher's expansion of the third
    order: one draw in a hundred is off by one, mean and deviation are right.
    """
    # XLA on a CPU vectorizes each of them, but not both in one loop.
    few = materialized(lambda u, mean: _summed(u, ops.minimum(mean, _SMALL)), u, mean)
    more = materialized(lambda u, mean: _expanded(u, ops.maximum(mean, _SMALL)), u, mean)
    return ops.where(mean <= _SMALL, few, more)


def _summed(u: Tensor, mean: Tensor) -> Tensor:
    term = end = ops.exp(-mean)
    count = ops.zeros_like(u)
    for k in range(1, _TERMS):
        count = count + ops.where(u >= end, 1.0, 0.0)
        term = term * (mean * (1.0 / k))
        end = end + term
    return count


def _expanded(u: Tensor, mean: Tensor) -> Tensor:
    root = ops.sqrt(mean)
    z = 2.0**0.5 * ops.erfinv(ops.clip(2.0 * u - 1.0, -1.0 + 2.0**-23, 1.0 - 2.0**-23))
    expansion = mean + root * z + (z * z - 1.0) / 6.0 + (z - z * z * z) / (72.0 * root)
    return ops.maximum(ops.ceil(expansion - 0.5), 0.0)
