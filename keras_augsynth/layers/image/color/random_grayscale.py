from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_magnitude
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices


class RandomGrayscale(Color):
    """Takes the color out of some images; the number of channels stays.

    Args:
        factor: chance that an image becomes gray, from 0 to 1.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 3 channels; images with one channel
        stay as they are.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [0, 1], or images with neither 1 nor 3 channels.

    Example:

    >>> RandomGrayscale(0.5, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, seed=seed, **{"value_range": None, **kwargs})
        self.factor = check_magnitude(self, factor, "factor", 0.0, 1.0)

    uses_mean = False

    def draw(self, rng, view) -> Params:
        return {"saturation": 1.0 - ops.cast(rng.bernoulli(self.factor), "float32")}

    def matrix(self, params, mean) -> Tensor:
        return self.rgb(matrices.saturation(params["saturation"]), mean.shape[-1])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": strength}
