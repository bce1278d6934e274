"""Polynomials of the place in a volume."""

from collections.abc import Sequence
from typing import Any

from keras import ops

Tensor = Any


def monomials(order: int) -> list[tuple[int, int, int]]:
    """The exponents of depth, height and width in a polynomial of a degree: all that sum to no more."""
    degrees = range(order + 1)
    return [(i, j, k) for i in degrees for j in degrees for k in degrees if i + j + k <= order]


def polynomial(coefficients: Tensor, order: int, size: Sequence[int | Tensor]) -> Tensor:
    """The polynomial at every voxel, over coordinates from -1 (the first) to 1 (the last).

    Args:
        coefficients: `(N, K)`, in the order of `monomials`.
        order: highest degree.
        size: (depth, height, width).

    Returns:
        float32 `(N, *size)`.
    """
    depth, height, width = (_places(length) for length in size)
    places = (depth[:, None, None], height[:, None], width)
    column = {powers: coefficients[:, k, None, None, None] for k, powers in enumerate(monomials(order))}
    return _horner(
        [
            _horner(
                [_horner([column[i, j, k] for k in range(order + 1 - i - j)], places[2]) for j in range(order + 1 - i)],
                places[1],
            )
            for i in range(order + 1)
        ],
        places[0],
    )


def _horner(terms: Sequence[Tensor], place: Tensor) -> Tensor:
    """terms[0] + terms[1] * place + …"""
    total = terms[-1]
    for term in reversed(terms[:-1]):
        total = total * place + term
    return total + 0.0 * place if len(terms) == 1 else total


def _places(length: int | Tensor) -> Tensor:
    steps = ops.cast(ops.arange(length, dtype="int32"), "float32")
    last = ops.cast(length, "float32") - 1.0
    return (2.0 * steps - last) / ops.maximum(last, 1.0)
