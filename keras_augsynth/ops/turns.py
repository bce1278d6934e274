"""Quarter turns of images."""

import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.ops import matrices
from keras_augsynth.ops.random import Random

Tensor = Any


def random_quarters(rng: Random, size: Sequence[Any]) -> Tensor:
    """int32 `(N,)`: 0 to 3 quarter turns, or for images with unequal sides 0 or 2."""
    drawn = rng.integers(0, 4)
    return ops.where(ops.equal(size[0], size[1]), drawn, 2 * (drawn % 2))


def quarter_turn(count: Tensor) -> Tensor:
    """`count` quarter turns `(N,)` as matrices `(N, 3, 3)`, of whole numbers."""
    return ops.round(matrices.rotation(ops.cast(count, "float64") * (math.pi / 2.0)))
