from typing import Any

from keras_augsynth.core.families.coarse import Coarse
from keras_augsynth.core.families.intensity_3d import Intensity3D


class RandomLowResolution3D(Coarse, Intensity3D):
    """Makes each volume coarse: smaller along all axes, and then as large as it was. Masks stay sharp.

    Args:
        scale: size of the smaller volume as a fraction of each side, from 0.05 to 1, rounded to whole voxels. A pair
            (low, high) draws one for each volume.
        downscale_interpolation: "nearest_exact", the middle one of the voxels that a coarse one covers, "nearest", the
            first one, or "area", their mean.
        upscale_interpolation: "bilinear" or "nearest".
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a scale outside [0.05, 1].

    Example:

    >>> RandomLowResolution3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Isensee et al.: nnU-Net. Nature Methods 2021, whose usual values these are.
    """

    def __init__(
        self,
        scale: float | tuple[float, float] = (0.5, 1.0),
        downscale_interpolation: str = "nearest_exact",
        upscale_interpolation: str = "bilinear",
        **kwargs: Any,
    ):
        super().__init__(scale, downscale_interpolation, upscale_interpolation, **kwargs)
