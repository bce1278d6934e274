from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices


class RandomChannelShuffle(Color):
    """Puts the channels of each image in a random order.

    One order of the possible ones (one of six for RGB) is that of the image itself.

    Args:
        **kwargs: as in `Color`; results are not clipped unless a `value_range` is given.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Example:

    >>> RandomChannelShuffle(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**{"value_range": None, **kwargs})

    uses_mean = False

    def draw(self, rng, view) -> Params:
        return {"order": rng.permutation(view.shape[-1])}

    def matrix(self, params, mean) -> Tensor:
        linear = ops.one_hot(params["order"], mean.shape[-1], dtype="float64")
        return matrices.homogeneous(linear, ops.zeros_like(linear[:, 0]))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"p": min(1.0, 2.0 * strength)}
