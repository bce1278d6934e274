from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_augsynth.core.augmentation import Params
from keras_augsynth.core.checks import check_number
from keras_augsynth.core.families.color import Color
from keras_augsynth.core.modalities import NUMBER, NUMERIC


class Rescaling(Color):
    """Multiplies every value and adds an offset, in training and in inference.

    In a `Pipeline` it costs nothing: it joins the pass of the color layers beside it.

    Args:
        scale: number, or one for each channel.
        offset: number, or one for each channel.
        **kwargs: `name` and `dtype`.

    Input shape:
        Any.

    Output shape:
        As the input's.

    Raises:
        TypeError: for something that is not a number.

    Example:

    >>> Rescaling(1 / 127.5, offset=-1)(np.full((1, 2, 2, 3), 255, "uint8")).numpy().max().round(3).item()
    1.0
    """

    modalities = (*NUMERIC, NUMBER)
    is_value_map = True
    uses_mean = False

    def __init__(self, scale: float | Sequence[float], offset: float | Sequence[float] = 0.0, **kwargs: Any):
        super().__init__(**{"value_range": None, **kwargs})
        self.scale = _numbers(self, scale, "scale")
        self.offset = _numbers(self, offset, "offset")

    def inference_params(self, view) -> Params:
        return {}

    @property
    def value_map(self) -> tuple[Any, Any]:
        return np.asarray(self.scale, "float32"), np.asarray(self.offset, "float32")

    @property
    def constant_map(self) -> tuple[Any, Any] | None:
        numbers = isinstance(self.scale, float) and isinstance(self.offset, float)
        return (self.scale, self.offset) if numbers else None

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": 1 / 127.5, "offset": -1.0}


def _numbers(layer: Color, value: Any, name: str) -> float | list[float]:
    if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str) and np.ndim(value):
        return [check_number(layer, item, name) for item in value]
    return check_number(layer, value, name)
