from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer_range, check_number, wrong
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices


class RandomChannelDropout(Color):
    """Fills randomly chosen channels of each image with one value.

    Args:
        num_channels: how many channels are filled, 1 or more and fewer than there are; a pair draws a number
            for each image.
        fill_value: what they are filled with, within the value range.
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 2 channels or more.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a number of channels below 1, a fill outside the value range, or images with too few
            channels.

    Example:

    >>> RandomChannelDropout(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        num_channels: int | tuple[int, int] = 1,
        fill_value: float = 0.0,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.num_channels = check_integer_range(self, num_channels, "num_channels", low=1)
        self.fill_value = check_number(self, fill_value, "fill_value", *(self.value_range or ()))

    uses_mean = False

    def draw(self, rng, view) -> Params:
        fewest, most = self.num_channels
        if view.shape[-1] <= most:
            raise wrong(
                self, view.modality.key, f"have more than {most} channel(s), so that one is left", view.shape[-1]
            )
        count = rng.integers(fewest, most + 1)
        return {"dropped": rng.permutation(view.shape[-1]) < count[:, None]}

    def matrix(self, params, mean) -> Tensor:
        dropped = ops.cast(params["dropped"], "float64")
        kept = ops.eye(mean.shape[-1], dtype="float64") * (1.0 - dropped)[:, None, :]
        return matrices.homogeneous(kept, self.fill_value * dropped)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"num_channels": (1, 1 if strength < 0.75 else 2), "p": min(1.0, 2.0 * strength)}
