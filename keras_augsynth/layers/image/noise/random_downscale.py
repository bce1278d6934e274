from typing import Any

from keras_augsynth.core.families.coarse import Coarse
from keras_augsynth.core.modalities import SPATIAL


class RandomDownscale(Coarse):
    """Makes each image coarse: smaller, and then as large as it was.

    Args:
        scale: size of the smaller image as a fraction of each side, from 0.05 to 1, rounded to whole pixels. A pair
            (low, high) draws one for each image.
        downscale_interpolation: "area", the mean of what a coarse pixel covers, or "nearest", one of them.
        upscale_interpolation: "nearest" (blocks) or "bilinear" (blur).
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels; a volume becomes
        coarse along its depth, too.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a scale outside [0.05, 1].

    Example:

    >>> RandomDownscale((0.25, 0.5), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = SPATIAL
    planar = modality_matters = True
    apply_dtype = None

    def __init__(
        self,
        scale: float | tuple[float, float] = (0.25, 0.5),
        downscale_interpolation: str = "area",
        upscale_interpolation: str = "nearest",
        **kwargs: Any,
    ):
        super().__init__(scale, downscale_interpolation, upscale_interpolation, **kwargs)
