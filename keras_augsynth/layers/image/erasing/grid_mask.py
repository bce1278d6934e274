import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_range
from keras_augsynth.core.families.erasing import Erasing
from keras_augsynth.ops import regions


class GridMask(Erasing):
    """Fills a regular, turned grid of squares in each image.

    Args:
        ratio_factor: side of a square as a fraction of the distance between the squares, from 0 to 1, where 1
            covers all. A number f means (0, f).
        rotation_factor: angle of the grid as a fraction of a full turn, from -1 to 1. A number f means (-f, f).
        unit_size: distance from one square to the next as a fraction of the image's shorter side, above 0; a
            pair draws one for each image.
        fill_value: what the squares are filled with, within the value range: a number, one number per
            channel, or None for normal noise about the middle of the range, with a quarter of it as deviation.
        mask_fill_value: class that segmentation masks have in the squares; None leaves them as they are.
        value_range: lowest and highest value of a pixel.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's. Boxes and points stay as they are.

    Raises:
        ValueError: for a factor out of its range, or a fill outside the value range.

    Example:

    >>> GridMask(0.5, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Chen, Liu, Zhao, Jia: GridMask data augmentation. 2020.
    """

    def __init__(
        self,
        ratio_factor: float | tuple[float, float] = (0.0, 0.5),
        rotation_factor: float | tuple[float, float] = 0.15,
        unit_size: float | tuple[float, float] = (0.3, 0.6),
        fill_value: float | Sequence[float] | None = 0.0,
        mask_fill_value: float | None = None,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(fill_value=fill_value, mask_fill_value=mask_fill_value, value_range=value_range, **kwargs)
        self.ratio_factor = check_factor(self, ratio_factor, "ratio_factor", low=0.0)
        self.rotation_factor = check_factor(self, rotation_factor, "rotation_factor")
        self.unit_size = check_range(self, unit_size, "unit_size", low=0.01)

    def draw(self, rng, view) -> Params:
        shorter = ops.cast(ops.minimum(view.size[-2], view.size[-1]), "float32")
        unit = ops.round(rng.uniform(*self.unit_size) * shorter)
        unit = ops.maximum(unit, 2.0)  # whole pixels, or a grid that is not turned would have uneven squares
        return {
            "unit": unit,
            "side": ops.round(rng.uniform(*self.ratio_factor) * unit),
            "shift": ops.floor(rng.uniform(0.0, 1.0, (2,)) * unit[:, None]),
            "angle": 2.0 * math.pi * rng.uniform(*self.rotation_factor),
        } | self.noise(rng, view)

    def holes(self, params, size) -> Tensor:
        return regions.squares(params["unit"], params["side"], params["shift"], params["angle"], size[-2:])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"ratio_factor": (0.2 * strength, 0.1 + 0.5 * strength), "unit_size": (0.2, 0.6)}
