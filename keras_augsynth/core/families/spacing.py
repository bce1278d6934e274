"""The spacing of voxels: a constant of a layer, or beside each volume."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.checks import check_number, wrong
from keras_augsynth.core.draws import View

Tensor = Any


def check_spacing(owner: Any, spacing: Any) -> tuple[float, ...] | None:
    """Side lengths of a voxel in mm, along depth, height and width; one number for cubes; or None."""
    if spacing is None:
        return None
    listed = spacing if isinstance(spacing, Sequence) and not isinstance(spacing, str) else (spacing,) * 3
    if len(listed) != 3:
        raise wrong(owner, "spacing", "be one number or three, in mm", spacing)
    sides = tuple(check_number(owner, side, "spacing", 0.0) for side in listed)
    if not all(sides):
        raise wrong(owner, "spacing", "be above 0, in mm", spacing)
    return sides


def millimeters(spacing: tuple[float, ...] | None, view: View) -> Tensor:
    """float32 `(N, 3)`: what stands beside the volumes, else the constant, else cubes of 1 mm."""
    if view.spacing is not None:
        return view.spacing
    own = ops.convert_to_tensor([spacing or (1.0, 1.0, 1.0)], "float32")
    return ops.broadcast_to(own, (view.shape[0], 3))
