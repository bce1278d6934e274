from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops import color
from keras_augsynth.ops.rows import per_sample


class AutoContrast(Intensity):
    """Stretches each channel of each image over the whole value range.

    A channel of one value stays as it is. Like every augmentation the layer is inactive in inference; Keras's own
    is not.

    Args:
        value_range: lowest and highest value of a pixel, which each channel has afterwards.
        **kwargs: as in `Augmentation`; `p` is the chance of an image to be changed.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a value range whose ends are the same.

    Example:

    >>> AutoContrast()(np.array([[[10.0], [20.0], [30.0]]]))[0, :, 0].numpy().tolist()
    [0.0, 127.5, 255.0]
    """

    def __init__(self, value_range: Sequence[float] = (0, 255), **kwargs: Any):
        super().__init__(value_range=value_range, **kwargs)

    apply_dtype = None

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        darkest, brightest = (per_sample(limit, x) for limit in color.channel_limits(x))
        varied = brightest > darkest  # not where nothing is finite
        scale = ops.where(varied, (high - low) / ops.where(varied, brightest - darkest, 1.0), 1.0)
        floats = ops.cast(x, "float32")
        return ops.where(varied, (floats - darkest) * scale + low, floats)  # the lowest value becomes exactly `low`

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {}
