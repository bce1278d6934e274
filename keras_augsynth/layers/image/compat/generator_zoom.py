from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_pair
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices


class GeneratorZoom(Geometric, listed=False):
    """Zooms each image as the old `ImageDataGenerator` did, by any factors.

    `RandomZoom` is the same for factors above 0 and up to 2.

    Args:
        zoom_range: pair (lowest, highest) factor, one drawn for each axis: above 1 everything gets smaller, below 0
            it is mirrored.
        **kwargs: as in `Geometric`.
    """

    def __init__(self, zoom_range: Sequence[float], **kwargs: Any):
        super().__init__(**kwargs)
        self.zoom_range = check_pair(self, zoom_range, "zoom_range")

    def draw(self, rng, view) -> Params:
        return {"height": rng.uniform(*self.zoom_range), "width": rng.uniform(*self.zoom_range)}

    def matrix(self, params, size) -> Tensor:
        return matrices.scaling(params["width"], params["height"])
