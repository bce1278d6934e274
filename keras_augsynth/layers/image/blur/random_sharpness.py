from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import filters

_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], "float32") / 13.0  # PIL's
_SAME = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], "float32")


class RandomSharpness(Intensity):
    """Makes each image softer or crisper.

    Args:
        factor: from 0 (smoothed) over 0.5 (unchanged) to 1 (sharpened as much as 0 smooths). A pair (low, high)
            draws one for each image, a number f means (0, f).
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [0, 1].

    Example:

    >>> RandomSharpness((0.0, 1.0), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(
        self,
        factor: float | tuple[float, float],
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, data_format=data_format, seed=seed, **kwargs)
        self.factor = check_factor(self, factor, low=0.0)

    apply_dtype = None

    def draw(self, rng, view) -> Params:
        return {"softness": 1.0 - 2.0 * rng.uniform(*self.factor)}

    def apply(self, x, params) -> Tensor:
        kernel = _SAME + params["softness"][:, None, None] * (_SMOOTH - _SAME)
        return filters.correlate(x, kernel)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": (0.5 - 0.5 * strength, 0.5 + 0.5 * strength)}
