from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer_range, check_number, wrong
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.lookup import in_memory


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
    keeps_bytes, apply_dtype = True, None

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

    def apply(self, x, params) -> Tensor:
        if ops.dtype(x) != "uint8":
            return super().apply(x, params)
        n, *size, channels = shape = ops.shape(x)

        def of_a_row(values: Tensor) -> Tensor:
            """Numbers of channels `(N, C)` for all pixels of a row: XLA on a CPU does not vectorize three of them."""
            wide = ops.broadcast_to(ops.expand_dims(to_dtype(values, "uint8"), 1), (n, size[-1], channels))
            return in_memory(ops.reshape(wide, (n, 1, -1)), x)

        kept = of_a_row(ops.where(params["dropped"], 0.0, 255.0))
        filled = of_a_row(ops.where(params["dropped"], self.fill_value, 0.0))
        rows = ops.reshape(x, (n, -1, size[-1] * channels))
        return ops.reshape(ops.bitwise_or(ops.bitwise_and(rows, kept), filled), shape)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"num_channels": (1, 1 if strength < 0.75 else 2), "p": min(1.0, 2.0 * strength)}
