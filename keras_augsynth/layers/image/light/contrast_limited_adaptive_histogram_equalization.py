from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.checks import check_integer, check_number, wrong
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import filters, histograms
from keras_augsynth.ops.lookup import in_memory, look_up

_LEVELS = 256


class ContrastLimitedAdaptiveHistogramEqualization(Intensity):
    """Brings out detail in the dark and the bright parts of each image (CLAHE), channel by channel.

    The image is cut into tiles; each tile's histogram is equalized, its contrast limited, and pixels blend the
    results of the four tiles around them, as in OpenCV's `createCLAHE`. Like every augmentation the layer is inactive
    in inference; Keras's own is not.

    Args:
        value_range: lowest and highest value of a pixel.
        clip_limit: how many times its average a histogram's bin may hold, 0 or more; 0 sets no limit.
        tile_grid_size: (rows, columns) of tiles, 1 or more each.
        **kwargs: as in `Augmentation`; `p` is the chance of an image to be changed.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a negative limit, or a grid without tiles.

    Reference:
        Zuiderveld: Contrast limited adaptive histogram equalization. Graphics Gems IV, 1994.

    Example:

    >>> ContrastLimitedAdaptiveHistogramEqualization(clip_limit=2.0)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: tuple[int, int] = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, data_format=data_format, **kwargs)
        self.clip_limit = check_number(self, clip_limit, "clip_limit", 0.0)
        if not isinstance(tile_grid_size, (list, tuple)) or len(tile_grid_size) != 2:
            raise wrong(self, "tile_grid_size", "be a pair of integers (rows, columns)", tile_grid_size)
        self.tile_grid_size = tuple(check_integer(self, tiles, "tile_grid_size", 1, 256) for tiles in tile_grid_size)

    apply_dtype = None

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        n, height, width, channels = ops.shape(x)
        rows, columns = self.tile_grid_size
        # OpenCV widens both sides as soon as one of them does not divide.
        divides = (height % rows == 0) & (width % columns == 0)
        below, right = (
            ops.where(divides, 0, tiles - length % tiles) for tiles, length in ((rows, height), (columns, width))
        )
        tile_height, tile_width = (height + below) // rows, (width + right) // columns

        level = ops.cast(histograms.levels(x, self.value_range), "int32")
        sample = ops.arange(n, dtype="int32")[:, None, None, None]
        channel = ops.arange(channels, dtype="int32")
        group = lambda row, column: (
            ((sample * rows + row[:, None, None]) * columns + column[:, None]) * channels + channel
        )
        known = ops.ones_like(level) if "int" in ops.dtype(x) else ops.cast(ops.isfinite(x), "int32")
        wide_level, wide_known = (filters.pad(t, (0, below), (0, right)) for t in (level, known))
        row, column = (
            ops.arange(length, dtype="int32") // tile
            for length, tile in ((height + below, tile_height), (width + right, tile_width))
        )
        counts = histograms.count(
            group(row, column) * _LEVELS + wide_level, wide_known, n * rows * columns * channels, _LEVELS
        )
        total = ops.cast(ops.maximum(ops.sum(counts, axis=-1, keepdims=True), 1), "float32")
        if self.clip_limit > 0.0:
            limit = ops.cast(self.clip_limit * ops.cast(tile_height * tile_width, "float32") / _LEVELS, "int32")
            counts = histograms.contrast_limited(counts, ops.maximum(limit, 1))
        table = ops.minimum(ops.round(ops.cast(ops.cumsum(counts, axis=-1), "float32") * (255.0 / total)), 255.0)

        table, result = in_memory(table, x), 0.0
        for row, row_weight in _around(height, tile_height, rows):
            for column, column_weight in _around(width, tile_width, columns):
                values = look_up(ops.reshape(table, (-1,)), group(row, column) * _LEVELS + level)
                result = result + values * row_weight[:, None, None] * column_weight[:, None]
        return low + result * ((high - low) / 255.0)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"clip_limit": 1.0 + 7.0 * strength, "tile_grid_size": (4, 4)}


def _around(length: Tensor, tile: Tensor, tiles: int) -> list[tuple[Tensor, Tensor]]:
    """The tile before and the tile behind each pixel of a side, and their weights; tiles count from their centers."""
    place = ops.cast(ops.arange(length, dtype="int32"), "float32") / ops.cast(tile, "float32") - 0.5
    before = ops.floor(place)
    weight = place - before
    return [
        (ops.clip(ops.cast(index, "int32"), 0, tiles - 1), share)
        for index, share in ((before, 1.0 - weight), (before + 1.0, weight))
    ]
