from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.erasing import Erasing, sides, starts_and_lengths
from keras_augsynth.ops import regions


class RandomCutout(Erasing):
    """Fills one rectangle about a random point of each image; it may reach beyond the border.

    Args:
        height_factor: of the rectangle as a fraction of the image's height, from 0 to 1. A number f means
            (0, f); a pair means itself, (f, f) a fixed height.
        width_factor: likewise, of the image's width.
        fill_value: what the rectangle is filled with, within the value range: a number, one number per
            channel, or None for normal noise about the middle of the range, with a quarter of it as deviation.
        mask_fill_value: class that segmentation masks have in the rectangle; None leaves them as they are.
        value_range: lowest and highest value of a pixel.
        **kwargs: as in `Augmentation`.

    Input shape:
        Images, videos or volumes (a hole goes through all slices), any number of channels.

    Output shape:
        As the input's. Boxes and points stay as they are.

    Raises:
        ValueError: for a factor outside [0, 1], or a fill outside the value range.

    Example:

    >>> RandomCutout((0.5, 0.5), (0.5, 0.5), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        DeVries, Taylor: Improved regularization of convolutional neural networks with Cutout. 2017.
    """

    def __init__(
        self,
        height_factor: float | tuple[float, float],
        width_factor: float | tuple[float, float],
        fill_value: float | Sequence[float] | None = 0.0,
        mask_fill_value: float | None = None,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(fill_value=fill_value, mask_fill_value=mask_fill_value, value_range=value_range, **kwargs)
        self.height_factor = check_factor(self, height_factor, "height_factor", low=0.0)
        self.width_factor = check_factor(self, width_factor, "width_factor", low=0.0)

    def draw(self, rng, view) -> Params:
        params = {}
        for axis, start, length in sides(view.size[-2:]):
            share = rng.uniform(*getattr(self, f"{axis}_factor"))
            extent = ops.cast(ops.round(share * ops.cast(length, "float32")), "int32")
            params[axis], params[start] = extent, rng.integers(0, length) - extent // 2
        return params | self.noise(rng, view)

    def holes(self, params, size) -> Tensor:
        return regions.cuboids(*starts_and_lengths(params, size[-2:]), size[-2:])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        side = (0.1, 0.1 + 0.6 * strength)
        return {"height_factor": side, "width_factor": side}
