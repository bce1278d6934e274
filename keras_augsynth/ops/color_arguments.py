"""What Keras's arguments of color layers mean, as numbers that a matrix takes."""

import math
from typing import Any

from keras import ops

from keras_augsynth.ops.random import Random

Tensor = Any


def hue_angle(rng: Random, factor: tuple[Any, Any]) -> Tensor:
    """A hue factor, of half a turn and in a random direction, as an angle in radians."""
    sign = ops.where(rng.bernoulli(0.5), math.pi, -math.pi)
    return sign * rng.uniform(*factor)


def saturation_multiple(factor: Tensor) -> Tensor:
    """A saturation factor as a multiple of the distance from gray.

    0.5 changes nothing and 0 takes the color out. Full saturation is cut at 512, beyond the reach of any 8-bit color:
    more would blow up what rounding leaves of a gray pixel's color.
    """
    return ops.minimum(factor / ops.maximum(1.0 - factor, 1e-6), 512.0)
