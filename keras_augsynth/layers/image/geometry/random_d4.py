from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices
from keras_augsynth.ops.turns import quarter_turn, random_quarters


class RandomD4(Geometric):
    """Shows each image in one of the symmetries of its frame; pixels are moved, never mixed.

    A square has eight, the dihedral group D4: four quarter turns, with and without mirroring. An image with
    unequal sides has four: mirrored in each direction or not. All are equally likely. For images without an
    up and a left, such as those of microscopes and satellites.

    Args:
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Example:

    >>> RandomD4(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    sampling = None
    whole_pixels = True

    def draw(self, rng, view) -> Params:
        return {"quarters": random_quarters(rng, view.size), "mirrored": rng.bernoulli(0.5)}

    def matrix(self, params, size) -> Tensor:
        mirror = matrices.scaling(1.0 - 2.0 * ops.cast(params["mirrored"], "float64"), 1.0)
        return ops.matmul(mirror, quarter_turn(params["quarters"]))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {}
