from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.checks import check_integer
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops import histograms
from keras_augsynth.ops.lookup import in_memory, look_up
from keras_augsynth.ops.rows import per_sample


class Equalization(Intensity):
    """Spreads the values of each channel of each image so that all levels are equally frequent.

    A channel of one level stays as it is. Like every augmentation the layer is inactive in inference; Keras's own
    is not.

    Args:
        value_range: lowest and highest value of a pixel.
        bins: number of levels that are told apart, 2 to 65536; 256 for images that had 8 bits.
        **kwargs: as in `Augmentation`; `p` is the chance of an image to be changed.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for fewer than 2 or more than 65536 bins.

    Example:

    >>> Equalization()(np.array([[[10.0], [11.0], [12.0], [13.0]]]))[0, :, 0].numpy().tolist()
    [0.0, 85.0, 170.0, 255.0]
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, data_format=data_format, **kwargs)
        self.bins = check_integer(self, bins, "bins", 2, 65536)

    apply_dtype = None

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        channels, levels = x.shape[-1], histograms.levels(x, self.value_range, self.bins)

        def counted(x: Tensor) -> tuple[Tensor, Tensor]:
            level = histograms.levels(x, self.value_range, self.bins)
            return histograms.by_channel(level, self.bins), histograms.known(x)

        counts = histograms.count(x, counted, channels, self.bins)
        places = histograms.by_channel(levels, self.bins)
        table = histograms.equalizing(counts)
        varied = ops.max(counts, axis=-1, initial=0) < ops.sum(counts, axis=-1)
        if levels is x:  # bytes: what stays as it is can stand in the table
            table = ops.where(varied[:, None], table, ops.arange(self.bins, dtype="float32"))
            found = look_up(ops.reshape(in_memory(ops.cast(table, "int32"), x), (-1,)), places)
            return ops.cast(found, "uint8")
        table = in_memory(low + table * ((high - low) / 255.0), x)
        spread = look_up(ops.reshape(table, (-1,)), places)
        return ops.where(per_sample(ops.reshape(varied, (-1, channels)), x), spread, ops.cast(x, "float32"))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {}
