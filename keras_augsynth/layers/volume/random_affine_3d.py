import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import OF_A_TURN, OF_THE_SIZE, check_factor, check_flag
from keras_augsynth.core.families.geometric_3d import Geometric3D, check_axes
from keras_augsynth.ops import matrices

_Range = float | tuple[float, float]


class RandomAffine3D(Geometric3D):
    """Shears, zooms, turns and shifts each volume by random amounts, in space, in one resample.

    Args:
        rotation: angle about each axis, a fraction of a full turn from -1 to 1; a number f means (-f, f). The
            usual value is 10 degrees.
        zoom: from -1 (excluded) to 1: above 0 everything gets smaller, as in `RandomZoom`; f means (-f, f).
        shear: mm by which a plane slides for each mm of its distance from the center, from -0.45 to 0.45 (six of 0.5
            could press a volume flat), drawn for each of the six pairs of axes.
        translation: shift along each axis, a fraction of the side from -1 to 1.
        axes: about which a volume is turned: 0 depth (each slice turns in its plane), 1 height, 2 width.
        isotropic: whether all axes are zoomed alike.
        **kwargs: as in `Geometric3D`, `spacing` among them.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside its range.

    Example:

    >>> layer = RandomAffine3D(rotation=0.05, translation=0.1, spacing=(5.0, 0.8, 0.8), seed=1)
    >>> layer(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])
    """

    def __init__(
        self,
        rotation: _Range = 1 / 36,
        zoom: _Range = 0.1,
        shear: _Range = 0.0,
        translation: _Range = 0.0,
        axes: int | Sequence[int] = (0, 1, 2),
        isotropic: bool = True,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.rotation = check_factor(self, rotation, "rotation", unit=OF_A_TURN)
        self.zoom = check_factor(self, zoom, "zoom", above=-1.0)
        self.shear = check_factor(self, shear, "shear", -0.45, 0.45)
        self.translation = check_factor(self, translation, "translation", unit=OF_THE_SIZE)
        self.axes = check_axes(self, axes)
        self.isotropic = check_flag(self, isotropic, "isotropic")

    def draw(self, rng, view) -> Params:
        return {
            "turns": rng.uniform(*self.rotation, (3,)),
            "zoom": 1.0 + rng.uniform(*self.zoom, (1 if self.isotropic else 3,)),
            "shear": rng.uniform(*self.shear, (6,)),
            "shift": rng.uniform(*self.translation, (3,)),
            "spacing": self.millimeters(view),
        }

    def matrix(self, params, size) -> Tensor:
        columns = lambda name: [params[name][:, k] for k in range(params[name].shape[1])]
        turns = [2.0 * math.pi * turn if axis in self.axes else 0.0 for axis, turn in enumerate(columns("turns"))]
        sides = [side * ops.cast(length, "float32") for side, length in zip(columns("spacing"), size, strict=True)]
        shifts = [-shift * side for shift, side in zip(columns("shift"), sides, strict=True)]
        zooms = columns("zoom") * (3 if self.isotropic else 1)
        product = matrices.shear_3d(*columns("shear"))
        for matrix in (
            matrices.scaling(*reversed(zooms)),
            matrices.rotation_3d(*reversed(turns)),
            matrices.translation(*reversed(shifts)),
        ):
            product = ops.matmul(product, matrix)
        return matrices.in_space(product, params["spacing"])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rotation": 0.1 * strength} | dict.fromkeys(("zoom", "shear", "translation"), 0.3 * strength)
