import itertools
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.checks import check_integer, check_number, wrong
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import filters, histograms
from keras_augsynth.ops.compiled import materialized
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
            0 if divides is True else ops.where(divides, 0, tiles - length % tiles)
            for tiles, length in ((rows, height), (columns, width))
        )
        tile_height, tile_width = (height + below) // rows, (width + right) // columns

        levels = lambda x: ops.cast(histograms.levels(x, self.value_range), "int32")
        row, column = (
            ops.arange(length, dtype="int32") // tile
            for length, tile in ((height + below, tile_height), (width + right, tile_width))
        )

        def tiled(x: Tensor) -> tuple[Tensor, Tensor]:
            known = ops.cast(histograms.known(x), "int32")
            wide_level, wide_known = (filters.pad(t, (0, below), (0, right)) for t in (levels(x), known))
            return _places(wide_level, row, column, self.tile_grid_size), wide_known

        counts = histograms.count(x, tiled, rows * columns * channels, _LEVELS)
        total = ops.cast(ops.maximum(ops.sum(counts, axis=-1, keepdims=True), 1), "float32")
        if self.clip_limit > 0.0:
            limit = ops.cast(self.clip_limit * ops.cast(tile_height * tile_width, "float32") / _LEVELS, "int32")
            counts = in_memory(histograms.contrast_limited(counts, ops.maximum(limit, 1)), x)
        table = ops.minimum(ops.round(ops.cast(histograms.running(counts), "float32") * (255.0 / total)), 255.0)
        table = ops.reshape(ops.cast(table, "int32"), (n, rows, columns, channels, _LEVELS))

        row, row_weights = _around(height, tile_height)
        column, column_weights = _around(width, tile_width)

        def found(x: Tensor, words: Tensor) -> Tensor:
            return look_up(ops.reshape(words, (-1,)), _places(levels(x), row, column, (rows + 1, columns + 1)))

        # Both laid down in memory, since they are used four times.
        word = materialized(found, x, materialized(lambda _, table: _four_in_a_word(table), x, table))
        result = 0.0
        for place, (row_weight, column_weight) in enumerate(itertools.product(row_weights, column_weights)):
            value = ops.cast(ops.bitwise_and(ops.right_shift(word, 8 * place), 255), "float32")
            result = result + value * row_weight[:, None] * ops.repeat(column_weight, channels)
        return low + ops.reshape(result, ops.shape(x)) * ((high - low) / 255.0)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"clip_limit": 1.0 + 7.0 * strength, "tile_grid_size": (4, 4)}


def _places(level: Tensor, row: Tensor, column: Tensor, grid: Sequence[int]) -> Tensor:
    """Levels `(N, H, W, C)` as places `(N, H, W * C)` in tables `(N, *grid, C, levels)`; pixels know row and column."""
    n, _, _, channels = ops.shape(level)
    rows, columns = grid
    table = (row[:, None] * columns + column)[..., None] * channels + ops.arange(channels, dtype="int32")
    first = ops.arange(n, dtype="int32")[:, None, None] * (rows * columns * channels)
    lines = ops.shape(row)[0]
    return (first + ops.reshape(table, (1, lines, -1))) * _LEVELS + ops.reshape(level, (n, lines, -1))


def _four_in_a_word(table: Tensor) -> Tensor:
    """Bytes of tiles `(N, rows, columns, ...)`, with those of their neighbors: one look-up finds all four.

    The word at (i, j) of the result `(N, rows + 1, columns + 1, ...)` holds, from its lowest byte on, the tiles
    (i - 1, j - 1), (i - 1, j), (i, j - 1) and (i, j); there is none beyond the border, and the nearest stands for it.
    """
    pairs = in_memory(_with_next(table, 2, 8), table)
    return _with_next(pairs, 1, 16)


def _with_next(table: Tensor, axis: int, bits: int) -> Tensor:
    """Each tile with the next one along `axis`, moved up by `bits`; the tiles at the border stand twice."""
    first, last = (ops.take(table, [end], axis) for end in (0, table.shape[axis] - 1))
    before, after = (ops.concatenate(tiles, axis) for tiles in ([first, table], [table, last]))
    return ops.bitwise_or(before, ops.left_shift(after, bits))


def _around(length: Tensor, tile: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """How many tiles have their center before each pixel of a side; weights of the tile before it and the one behind.

    Tiles count from their centers.
    """
    place = ops.cast(ops.arange(length, dtype="int32"), "float32") / ops.cast(tile, "float32") - 0.5
    before = ops.floor(place)
    weight = place - before
    return ops.cast(before, "int32") + 1, (1.0 - weight, weight)
