from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer
from keras_augsynth.core.families.geometric_3d import Geometric3D
from keras_augsynth.ops import matrices
from keras_augsynth.ops.resample import resample


class RandomCrop3D(Geometric3D):
    """Cuts a window of a fixed size out of each volume, at a random place; voxels keep their values and their size.

    An inactive layer gives the central window. A volume that is smaller than the window on some side stands in its
    middle, and its last voxels are repeated beyond the border.

    Args:
        depth: of the output, in voxels.
        height: of the output, in voxels.
        width: of the output, in voxels.
        **kwargs: as in `Geometric3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        `(..., target depth, target height, target width, channels)`.

    Raises:
        ValueError: for a side below 1.

    Example:

    >>> RandomCrop3D(4, 12, 12, seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 4, 12, 12, 1])
    """

    whole_pixels = True
    sampling = None

    def __init__(self, depth: int, height: int, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.depth = check_integer(self, depth, "depth", 1)
        self.height = check_integer(self, height, "height", 1)
        self.width = check_integer(self, width, "width", 1)

    def output_size(self, size):
        return self.depth, self.height, self.width

    def draw(self, rng, view) -> Params:
        last = self._last(view.size)
        drawn = [rng.integers(0, ops.maximum(end, 0) + 1) for end in last]
        return {"start": ops.stack([ops.where(end >= 0, t, end // 2) for t, end in zip(drawn, last, strict=True)], 1)}

    def inference_params(self, view) -> Params:
        middle = ops.stack([end // 2 for end in self._last(view.size)])
        return {"start": ops.broadcast_to(middle, (ops.cast(view.shape[0], "int32"), 3))}

    def _last(self, size) -> list[Tensor]:
        """Where the last window begins, int32; below 0 where the volume is smaller."""
        return [ops.cast(length, "int32") - out for length, out in zip(size, self.output_size(size), strict=True)]

    def matrix(self, params, size) -> Tensor:
        return matrices.crop([params["start"][:, axis] for axis in range(3)], size, self.output_size(size))

    def move(self, x, params) -> Tensor:
        size = ops.shape(x)[1:-1]
        matrix = ops.cast(self.matrix(params, size), "float32")
        return resample(x, matrix, self.output_size(size), "nearest", "nearest")

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"depth": 24, "height": 24, "width": 16}
