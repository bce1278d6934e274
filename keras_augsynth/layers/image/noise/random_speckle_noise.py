from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity import Intensity


class RandomSpeckleNoise(Intensity):
    """Multiplies every value of each image by normal noise about 1, as in radar and ultrasound images.

    Args:
        stddev: standard deviation of the multiplier, 0 or more; a pair (low, high) draws one for each image.
        value_range: lowest and highest value of a pixel; the lowest is what a product keeps, results are clipped.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a negative standard deviation.

    Example:

    >>> RandomSpeckleNoise(0.2, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    draws_pixels = True

    def __init__(
        self,
        stddev: float | tuple[float, float] = 0.2,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.stddev = check_range(self, stddev, "stddev")

    def draw(self, rng, view) -> Params:
        return {"noise": rng.normal(0.0, rng.uniform(*self.stddev), view.shape[1:])}

    def apply(self, x, params) -> Tensor:
        return x + (x - self.value_range[0]) * params["noise"]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"stddev": 0.5 * strength}
