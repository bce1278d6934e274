from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops.turns import quarter_turn, random_quarters


class RandomRot90(Geometric):
    """Turns each image by a random number of quarter turns; pixels are moved, never mixed.

    All four turns of a square image are equally likely. An image with unequal sides is turned upside down or
    not at all, since its size must stay.

    Args:
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Example:

    >>> RandomRot90(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    sampling = None
    whole_pixels = True

    def draw(self, rng, view) -> Params:
        return {"quarters": random_quarters(rng, view.size)}

    def matrix(self, params, size) -> Tensor:
        return quarter_turn(params["quarters"])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {}
