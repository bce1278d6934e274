from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.families.geometric_3d import Geometric3D, check_axes
from keras_augsynth.ops import matrices
from keras_augsynth.ops.rows import per_sample


class RandomFlip3D(Geometric3D):
    """Mirrors volumes at random along one or more axes, each with its own coin.

    Voxels are moved, not interpolated, so integer volumes and masks keep their exact values.

    Args:
        axes: which axes may be mirrored: 0 depth, 1 height, 2 width.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an axis other than 0, 1 and 2, or none at all.

    Example:

    >>> RandomFlip3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])
    """

    sampling = None
    whole_pixels = True

    def __init__(self, axes: int | Sequence[int] = (0, 1, 2), **kwargs: Any):
        super().__init__(**kwargs)
        self.axes = check_axes(self, axes)

    def draw(self, rng, view) -> Params:
        return {f"axis_{axis}": rng.bernoulli(0.5) for axis in self.axes}

    def matrix(self, params, size) -> Tensor:
        signs = [1.0, 1.0, 1.0]
        for axis in self.axes:
            signs[2 - axis] = 1.0 - 2.0 * ops.cast(params[f"axis_{axis}"], "float64")
        return matrices.scaling(*signs)

    def move(self, x, params) -> Tensor:
        for axis in self.axes:
            x = ops.where(per_sample(params[f"axis_{axis}"], x), ops.flip(x, axis + 1), x)
        return x
