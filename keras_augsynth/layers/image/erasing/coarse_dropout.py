from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer_range, check_range
from keras_augsynth.core.families.erasing import Erasing, sides, starts_and_lengths
from keras_augsynth.ops import regions


class CoarseDropout(Erasing):
    """Fills several random rectangles of each image, or cuboids of each volume.

    Args:
        num_holes: how many rectangles, 1 or more; a pair draws a number for each image.
        hole_height: of a rectangle as a fraction of the image's height, from 0 to 1; a pair draws one for each
            rectangle. It is at least one pixel.
        hole_width: likewise, of the image's width.
        fill_value: what the rectangles are filled with, within the value range: a number, one number per
            channel, or None for normal noise about the middle of the range, with a quarter of it as deviation.
        mask_fill_value: class that segmentation masks have in the rectangles; None leaves them as they are.
        value_range: lowest and highest value of a pixel.
        hole_depth: as `hole_height`, for the depth of volumes.
        **kwargs: as in `Augmentation`.

    Input shape:
        Images, videos or volumes, channels last or first, any number of channels.

    Output shape:
        As the input's. Boxes and points stay as they are.

    Raises:
        ValueError: for a number of holes below 1, a side outside [0, 1], or a fill outside the value range.

    Example:

    >>> CoarseDropout(num_holes=(2, 6), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        DeVries, Taylor: Improved regularization of convolutional neural networks with Cutout. 2017.
    """

    def __init__(
        self,
        num_holes: int | tuple[int, int] = (1, 8),
        hole_height: float | tuple[float, float] = (0.05, 0.2),
        hole_width: float | tuple[float, float] = (0.05, 0.2),
        fill_value: float | Sequence[float] | None = 0.0,
        mask_fill_value: float | None = None,
        value_range: Sequence[float] = (0, 255),
        *,
        hole_depth: float | tuple[float, float] = (0.05, 0.2),
        **kwargs: Any,
    ):
        super().__init__(fill_value=fill_value, mask_fill_value=mask_fill_value, value_range=value_range, **kwargs)
        self.num_holes = check_integer_range(self, num_holes, "num_holes", 1, 1000)
        self.hole_height = check_range(self, hole_height, "hole_height", high=1.0)
        self.hole_width = check_range(self, hole_width, "hole_width", high=1.0)
        self.hole_depth = check_range(self, hole_depth, "hole_depth", high=1.0)

    def draw(self, rng, view) -> Params:
        fewest, most = self.num_holes
        there = ops.arange(most) < rng.integers(fewest, most + 1)[:, None]
        params = {}
        for axis, start, length in sides(view.size):
            share = rng.uniform(*getattr(self, f"hole_{axis}"), (most,))
            extent = ops.cast(ops.round(share * ops.cast(length, "float32")), "int32")
            extent = ops.where(there, ops.maximum(extent, 1), 0)
            params[axis], params[start] = extent, rng.integers(0, length - extent + 1, (most,))
        return params | self.noise(rng, view)

    def holes(self, params, size) -> Tensor:
        return regions.cuboids(*starts_and_lengths(params, size), size)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        side = (0.05, 0.1 + 0.2 * strength)
        return {"num_holes": (1, 2 + round(14 * strength)), "hole_height": side, "hole_width": side}
