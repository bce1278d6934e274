from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_range
from keras_augsynth.core.families.erasing import Erasing, sides, starts_and_lengths
from keras_augsynth.ops import regions


class RandomErasing(Erasing):
    """Fills one random rectangle of each image, or one cuboid of each volume, with noise or a color.

    Args:
        factor: chance that an image is erased, from 0 to 1; a pair draws one for each image.
        scale: each side of the rectangle is the square root of a number drawn from this pair times the
            image's side, so its share of the area lies in the pair, from 0 to 1. A number f means (0, f).
        fill_value: what the rectangle is filled with, within the value range: a number, one number per
            channel, or None for normal noise about the middle of the range, with a quarter of it as deviation.
        value_range: lowest and highest value of a pixel.
        mask_fill_value: class that segmentation masks have in the rectangle; None leaves them as they are.
        **kwargs: as in `Augmentation`.

    Input shape:
        Images, videos or volumes, channels last or first, any number of channels.

    Output shape:
        As the input's. Boxes and points stay as they are.

    Raises:
        ValueError: for a factor or scale outside [0, 1], or a fill outside the value range.

    Example:

    >>> RandomErasing(scale=(0.1, 0.3), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Zhong, Zheng, Kang, Li, Yang: Random erasing data augmentation. AAAI 2020.
    """

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        scale: float | tuple[float, float] = (0.02, 0.33),
        fill_value: float | Sequence[float] | None = None,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        *,
        mask_fill_value: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            fill_value=fill_value,
            mask_fill_value=mask_fill_value,
            value_range=value_range,
            seed=seed,
            data_format=data_format,
            **kwargs,
        )
        self.factor = check_range(self, factor, "factor", 0.0, 1.0)
        self.scale = check_factor(self, scale, "scale", low=0.0)

    def draw(self, rng, view) -> Params:
        erased = ops.cast(rng.bernoulli(rng.uniform(*self.factor)), "int32")
        params, axes = {}, len(view.size)
        for axis, start, length in sides(view.size):
            area = rng.uniform(*self.scale)
            share = ops.sqrt(area) if axes == 2 else area ** (1.0 / axes)
            extent = erased * ops.cast(ops.round(share * ops.cast(length, "float32")), "int32")
            params[axis], params[start] = extent, rng.integers(0, length - extent + 1)
        return params | self.noise(rng, view)

    def holes(self, params, size) -> Tensor:
        return regions.cuboids(*starts_and_lengths(params, size), size)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": (0.02, 0.02 + 0.48 * strength)}
