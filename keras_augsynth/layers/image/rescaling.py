from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Color, Tensor
from keras_augsynth.core.checks import check_number, wrong
from keras_augsynth.ops import matrices


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

    modality = None

    def __init__(self, scale: float | Sequence[float], offset: float | Sequence[float] = 0.0, **kwargs: Any):
        super().__init__(**{"value_range": None, **kwargs})
        self.scale = _numbers(self, scale, "scale")
        self.offset = _numbers(self, offset, "offset")
        check_always(self)

    def rest(self, shape):
        return {}

    @property
    def value_map(self) -> tuple[Any, Any]:
        return np.asarray(self.scale, "float32"), np.asarray(self.offset, "float32")

    def matrix(self, params, mean) -> Tensor:
        return value_map_matrix(self, mean.shape[-1])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": 1 / 127.5, "offset": -1.0}


def value_map_matrix(layer: Color, channels: int) -> Tensor:
    """The matrix of a value map that does not stand at the end of its pass."""
    scales, offsets = (ops.broadcast_to(value, (channels,)) for value in layer.value_map)
    return matrices.affine_color([scales[k] for k in range(channels)], [offsets[k] for k in range(channels)])


def check_always(layer: Augmentation) -> None:
    if layer.p != 1.0:
        raise wrong(layer, "p", "be 1: the layer is the same for all samples", layer.p)


def _numbers(layer: Color, value: Any, name: str) -> float | list[float]:
    if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str) and np.ndim(value):
        return [check_number(layer, item, name) for item in value]
    return check_number(layer, value, name)
