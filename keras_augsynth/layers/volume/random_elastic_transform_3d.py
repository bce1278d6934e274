from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_integer
from keras_augsynth.core.families.geometric_3d import Geometric3D
from keras_augsynth.ops import fields

_UNFOLDED = 0.4
"""Of the distance of two control points: Choi and Lee's bound of the displacement in 3-D is 1 / 2.4795."""


class RandomElasticTransform3D(Geometric3D):
    """Bends each volume smoothly, by a cubic B-spline over a grid of random displacements.

    Displacements are the same in mm along all axes. No point moves so far that the volume folds over.

    Args:
        scale: strength of the distortion, from 0 to 1, drawn for each volume from the pair (low, high); a number
            s means (0, s). At 1 a control point moves along each axis by up to 0.4 of the distance of two control
            points (of that axis where they are closest).
        cells: of the control grid along each side, 2 or more: fewer give wider bends.
        **kwargs: as in `Geometric3D`, `spacing` among them.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a scale outside [0, 1] or fewer than 2 cells.

    Example:

    >>> RandomElasticTransform3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Rueckert et al.: Nonrigid registration using free-form deformations. IEEE TMI 1999. Choi, Lee: Injectivity
        conditions of 2D and 3D uniform cubic B-spline functions. Graphical Models 2000.
    """

    bends = True

    def __init__(self, scale: float | tuple[float, float] = 1.0, cells: int = 6, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = check_factor(self, scale, "scale", low=0.0)
        self.cells = check_integer(self, cells, "cells", 2, 64)

    def draw(self, rng, view) -> Params:
        grids = {name: rng.uniform(shape=(self.cells,) * 3) for name in "xyz"}
        return {"scale": rng.uniform(*self.scale), "spacing": self.millimeters(view), **grids}

    def bend(self, params, size, points) -> list[Tensor]:
        shifts = fields.displacements([params[name] for name in "xyz"], size, points)
        sides = ops.stack([ops.cast(length, "float32") for length in size]) / self.cells
        reach = _UNFOLDED * ops.min(params["spacing"] * sides, axis=1, keepdims=True)  # in mm
        limits = params["scale"][:, None] * reach / params["spacing"]
        moved = zip(points.xy, shifts, (2, 1, 0), strict=True)
        return [ops.cast(t, "float32") + limits[:, axis : axis + 1] * shift for t, shift, axis in moved]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": (strength, strength)}
