import math
from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import OF_A_TURN, check_factor
from keras_augsynth.core.families.geometric_3d import Geometric3D, check_axes
from keras_augsynth.ops import matrices


class RandomRotation3D(Geometric3D):
    """Turns each volume about its center by random angles.

    Args:
        factor: angle about each axis, a fraction of a full turn from -1 to 1. A number f means (-f, f).
        fill_mode: "nearest", "constant", "reflect" or "wrap"; see `Geometric`.
        interpolation: "bilinear" (between eight voxels) or "nearest".
        fill_value: the value beyond the border in mode "constant".
        axes: about which a volume is turned: 0 depth (each slice turns in its plane, counter-clockwise where the
            angle is positive), 1 height, 2 width.
        **kwargs: as in `Geometric3D`, `spacing` among them.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [-1, 1].

    Example:

    >>> RandomRotation3D(0.1, seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])
    """

    def __init__(
        self,
        factor: float | tuple[float, float],
        fill_mode: str = "nearest",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        axes: int | Sequence[int] = (0, 1, 2),
        **kwargs: Any,
    ):
        super().__init__(fill_mode=fill_mode, interpolation=interpolation, fill_value=fill_value, **kwargs)
        self.factor = check_factor(self, factor, unit=OF_A_TURN)
        self.axes = check_axes(self, axes)

    def draw(self, rng, view) -> Params:
        return {"turns": rng.uniform(*self.factor, (3,)), "spacing": self.millimeters(view)}

    def matrix(self, params, size) -> Tensor:
        turns = [2.0 * math.pi * params["turns"][:, axis] if axis in self.axes else 0.0 for axis in (2, 1, 0)]
        return matrices.in_space(matrices.rotation_3d(*turns), params["spacing"])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": 0.25 * strength}
