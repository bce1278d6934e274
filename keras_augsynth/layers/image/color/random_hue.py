from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices
from keras_augsynth.ops.color_arguments import hue_angle


class RandomHue(Color):
    """Turns the colors of each image round the color circle.

    Colors turn about the gray axis of RGB. That is linear and so joins the other color layers in one matrix;
    Keras's own layer moves the H of HSV, which is the same for the primaries and close between them.

    Args:
        factor: from 0 to 1, where 1 is half a turn; the direction is random. A number f means (0, f).
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 3 channels; images with one channel
        stay as they are.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [0, 1], or images with neither 1 nor 3 channels.

    Example:

    >>> RandomHue(0.1, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

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

    uses_mean = False

    def draw(self, rng, view) -> Params:
        return {"angle": hue_angle(rng, self.factor)}

    def matrix(self, params, mean) -> Tensor:
        return self.rgb(matrices.hue(params["angle"]), mean.shape[-1])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": strength}
