"""`Geometric3D`: geometric layers that move volumes as a whole, in millimeters."""

from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.core.draws import View
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.core.families.spacing import check_spacing, millimeters
from keras_augsynth.core.modalities import VOLUME

Tensor = Any


class Geometric3D(Geometric, listed=False):
    """A geometric layer for volumes. Neighbours in a Pipeline share one coordinate map and one resample.

    Args:
        spacing: side lengths of a voxel in mm, along depth, height and width; one number for cubes. None: the
            voxels are cubes. What stands beside a volume as "spacing", `(batch, 3)`, goes before.
        fill_mode: what lies beyond the border; see `Geometric`. "nearest" repeats the last voxels: air stays air,
            whatever number it has.
        **kwargs: as in `Geometric`.
    """

    modalities = (VOLUME,)
    planar = False
    receptive_field = 8  # 8 voxels in each direction, of which a NaN reaches the neighbours

    def __init__(self, *, spacing: float | Sequence[float] | None = None, fill_mode: str = "nearest", **kwargs: Any):
        super().__init__(fill_mode=fill_mode, **kwargs)
        self.spacing = check_spacing(self, spacing)

    def millimeters(self, view: View) -> Tensor:
        """The voxels' spacing, float32 `(N, 3)`."""
        return millimeters(self.spacing, view)


def check_axes(owner: Any, axes: Any) -> tuple[int, ...]:
    """Some of 0 depth, 1 height, 2 width."""
    listed = axes if isinstance(axes, Sequence) else (axes,)
    checked = tuple(sorted({check_integer(owner, axis, "axes", 0, 2) for axis in listed}))
    if not checked:
        raise wrong(owner, "axes", "name at least one axis", axes)
    return checked
