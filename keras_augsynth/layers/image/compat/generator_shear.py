import math
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_number
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices


class GeneratorShear(Geometric, listed=False):
    """Slants each image as the old `ImageDataGenerator` did: upright edges turn, level ones stay.

    Args:
        shear_range: largest angle, in degrees from 0 to 180, to either side.
        **kwargs: as in `Geometric`.
    """

    def __init__(self, shear_range: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.shear_range = check_number(self, shear_range, "shear_range", 0.0, 180.0)

    def draw(self, rng, view) -> Params:
        return {"angle": math.radians(1.0) * rng.uniform(-self.shear_range, self.shear_range)}

    def matrix(self, params, size) -> Tensor:
        angle = ops.cast(params["angle"], "float64")
        return matrices.matrix([[1.0, -ops.sin(angle), 0.0], [0.0, ops.cos(angle), 0.0], [0.0, 0.0, 1.0]])
