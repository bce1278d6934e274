from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_range
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops.lookup import look_up


class RandomSwapPatches3D(Intensity3D):
    """Swaps pairs of cuboids of each volume, for networks that learn without labels to put them back.

    Masks, points and boxes stay, since they are of the volume as it was.

    Args:
        rate: chance that a pair is swapped, from 0 to 1; a pair (low, high) draws it for each volume.
        grid: into how many parts each side is cut, 2 or more. What is left over at the end of a side stays.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside [0, 1] or a grid below 2.

    Example:

    >>> RandomSwapPatches3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Chen et al.: Self-supervised learning for medical image analysis using image context restoration. Medical Image
        Analysis 2019.
    """

    def __init__(self, rate: float | tuple[float, float] = 0.5, grid: int = 4, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = check_range(self, rate, "rate", 0.0, 1.0)
        self.grid = check_integer(self, grid, "grid", 2, 16)

    def draw(self, rng, view) -> Params:
        cells = self.grid**3
        order = ops.cast(rng.permutation(cells), "int32")
        swapped = rng.bernoulli(rng.uniform(*self.rate), (cells // 2,))
        swapped = ops.pad(ops.repeat(swapped, 2, axis=1), ((0, 0), (0, cells % 2)))  # of an odd number one stays
        beside = ops.bitwise_xor(ops.arange(cells, dtype="int32"), 1)
        partner = ops.take(order, ops.minimum(beside, cells - 1), axis=1)
        own = ops.argsort(order, axis=1)  # where in the order each cell is
        chosen = ops.where(swapped, partner, order)
        return {"cells": ops.cast(ops.take_along_axis(chosen, ops.cast(own, "int32"), axis=1), "int32")}

    def apply(self, x, params) -> Tensor:
        n, *size, channels = ops.shape(x)
        sides = [ops.maximum(ops.cast(length, "int32") // self.grid, 1) for length in size]
        places = [ops.arange(length, dtype="int32") for length in size]
        cell, within, inside = 0, 0, True
        for axis, (place, side, length) in enumerate(zip(places, sides, size, strict=True)):
            reach = [-1 if a == axis else 1 for a in range(3)]
            index = ops.minimum(place // side, self.grid - 1)
            cell = cell * self.grid + ops.reshape(index, reach)
            within = within * length + ops.reshape(place - index * side, reach)
            inside = ops.logical_and(inside, ops.reshape(place < self.grid * side, reach))
        corners = ops.reshape(tf.gather(params["cells"], ops.reshape(cell, (-1,)), axis=1), (n, *size))
        source, there = 0, True
        for axis, (side, length) in enumerate(zip(sides, size, strict=True)):
            corner = corners // self.grid ** (2 - axis) % self.grid * side
            there = ops.logical_and(there, corner < length)  # a side may have fewer voxels than the grid has parts
            source = source * length + corner
        own = ops.reshape(ops.arange(ops.size(cell), dtype="int32"), (1, *size))
        source = ops.where(ops.logical_and(inside, there), source + within, own)
        row = ops.reshape(ops.arange(n, dtype="int32"), (-1, 1, 1, 1)) * ops.size(cell)
        return look_up(ops.reshape(x, (-1, channels)), row + source)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": strength}
