import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Geometric, Params, Tensor
from keras_augsynth.ops import matrices
from keras_augsynth.ops.random import Random


class RandomRot90(Geometric):
    """Turns each image by a random number of quarter turns; pixels are moved, never mixed.

    All four turns of a square image are equally likely. An image with unequal sides is turned upside down or
    not at all, since its size must stay.

    Args:
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Example:

    >>> RandomRot90(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    sampling = None
    whole_pixels = True

    def draw(self, rng, shape) -> Params:
        return {"quarters": quarters(rng, shape)}

    def matrix(self, params, size) -> Tensor:
        return quarter_turn(params["quarters"])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {}


def quarters(rng: Random, shape: Sequence[int]) -> Tensor:
    """int32 `(N,)`: 0 to 3 quarter turns, or for images with unequal sides 0 or 2."""
    drawn = rng.integers(0, 4)
    return ops.where(ops.equal(shape[1], shape[2]), drawn, 2 * (drawn % 2))


def quarter_turn(count: Tensor) -> Tensor:
    return ops.round(matrices.rotation(ops.cast(count, "float64") * (math.pi / 2.0)))
