import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.families.geometric_3d import Geometric3D, check_axes
from keras_augsynth.ops import matrices


class RandomRot90_3D(Geometric3D):  # noqa: N801
    """Turns each volume by a random number of quarter turns about each axis; voxels are moved, never mixed.

    In a plane whose sides are unequal, in voxels or in mm, a volume is turned upside down or not at all, since its size
    and its spacing must stay.

    Args:
        axes: about which a volume is turned: 0 depth, 1 height, 2 width.
        **kwargs: as in `Geometric3D`, `spacing` among them.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an axis other than 0, 1 and 2, or none at all.

    Example:

    >>> RandomRot90_3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])
    """

    sampling = None
    whole_pixels = True

    def __init__(self, axes: int | Sequence[int] = (0, 1, 2), **kwargs: Any):
        super().__init__(**kwargs)
        self.axes = check_axes(self, axes)

    def draw(self, rng, view) -> Params:
        drawn, spacing = rng.integers(0, 4, (3,)), self.millimeters(view)
        quarters = []
        for axis in range(3):
            first, second = (other for other in range(3) if other != axis)
            square = ops.logical_and(
                ops.equal(view.size[first], view.size[second]), ops.equal(spacing[:, first], spacing[:, second])
            )
            turns = drawn[:, axis] * int(axis in self.axes)
            quarters.append(ops.where(square, turns, 2 * (turns % 2)))
        return {"quarters": ops.stack(quarters, axis=1)}

    def matrix(self, params, size) -> Tensor:
        angles = [ops.cast(params["quarters"][:, axis], "float64") * (math.pi / 2.0) for axis in (2, 1, 0)]
        return ops.round(matrices.rotation_3d(*angles))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {}
