from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.geometric_3d import Geometric3D, check_axes


class RandomAnisotropy3D(Geometric3D):
    """Makes each volume coarse along one axis, as a scan of thick slices is.

    Along an axis that is drawn for each volume, every voxel shows what is in the middle of a thick slice. The size
    stays. Masks become as coarse as the volume; points and boxes stay where they are.

    Args:
        factor: thickness of a slice in voxels, 1 or more; a pair (low, high) draws one for each volume.
        axes: along which the slices may lie: 0 depth, 1 height, 2 width.
        **kwargs: as in `Geometric3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor below 1 or an axis other than 0, 1 and 2.

    Example:

    >>> RandomAnisotropy3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Billot et al.: Partial volume segmentation of brain MRI scans of any resolution and contrast. MICCAI 2020; the
        range of the factor is TorchIO's.
    """

    bends = True

    def __init__(
        self,
        factor: float | tuple[float, float] = (1.5, 5.0),
        axes: int | Sequence[int] = (0, 1, 2),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.factor = check_range(self, factor, "factor", 1.0)
        self.axes = check_axes(self, axes)

    def draw(self, rng, view) -> Params:
        return {
            "factor": rng.uniform(*self.factor),
            "axis": rng.categorical([float(axis in self.axes) for axis in range(3)]),
        }

    def bend(self, params, size, points) -> list[Tensor]:
        factor, chosen = params["factor"][:, None], params["axis"][:, None]
        moved = []
        for t, axis, length in zip(points.xy, (2, 1, 0), reversed(size), strict=True):
            length = ops.cast(length, "float32")
            place = t + length / 2.0  # from the border
            # The little extra keeps a border of two slices from falling on either side by rounding.
            middle = (ops.floor(place / factor + 1e-4) + 0.5) * factor
            middle = ops.clip(middle, 0.5, length - 0.5) - length / 2.0
            inside = ops.logical_and(place > 0.0, place < length)
            moved.append(ops.where(ops.logical_and(ops.equal(chosen, axis), inside), middle, t))
        return moved

    def unbend(self, params, size, xy) -> list[Tensor]:
        return xy

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": (1.0 + strength, 1.0 + 2.0 * strength)}
