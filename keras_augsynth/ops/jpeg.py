"""What JPEG does to an image, in the integer arithmetic of libjpeg's default ("islow"): the same bits as its decoder's.

Reference:
    Wallace: The JPEG still picture compression standard. IEEE Transactions on Consumer Electronics 38, 1992.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.ops import filters
from keras_augsynth.ops.compiled import materialized

Tensor = Any

# The standard's tables (annex K), row by row.
_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    "int32",
)
_CHROMA = np.full((8, 8), 99, "int32")
_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]

# The cosine transform times 2 ** 13, with the rounding errors of libjpeg's fast algorithm: it is not quite symmetric.
_LEFT = np.array(
    [
        [8192, 8192, 8192, 8192],
        [11363, 9633, 6437, 2260],
        [10703, 4433, -4433, -10703],
        [9633, -2259, -11362, -6436],
        [8192, -8192, -8192, 8192],
        [6437, -11362, 2261, 9633],
        [4433, -10704, 10704, -4433],
        [2260, -6436, 9633, -11363],
    ],
    "int32",
)
_COSINES = np.concatenate([_LEFT, _LEFT[:, ::-1] * np.where(np.arange(8) % 2, -1, 1)[:, None]], axis=1).astype("int32")


def compress(levels: Tensor, quality: Tensor) -> Tensor:
    """Levels 0 … 255, int32 `(N, H, W, 1 or 3)`, as they come back from a JPEG file of `quality` 1 … 100, `(N,)`."""
    height, width = ops.shape(levels)[1:3]
    quality = ops.cast(quality, "int32")[:, None, None]
    percent = ops.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    luma, chroma = (ops.clip((table * percent + 50) // 100, 1, 255) for table in (_LUMA, _CHROMA))
    if levels.shape[-1] == 1:
        return _plane(levels[..., 0], luma)[..., None]

    red, green, blue = (levels[..., k] for k in range(3))
    half = 1 << 15
    middle = (128 << 16) + half - 1
    y = _scaled((19595, red), (38470, green), (7471, blue), half)
    cb = _scaled((-11059, red), (-21709, green), (32768, blue), middle)
    cr = _scaled((32768, red), (-27439, green), (-5329, blue), middle)
    y = _plane(y, luma)
    cb, cr = (_doubled(_plane(_halved(t), chroma), height, width) for t in (cb, cr))
    red = y + _scaled((91881, cr), half)
    green = y + _scaled((-22554, cb), (-46802, cr), half)
    blue = y + _scaled((116130, cb), half)
    return ops.clip(ops.stack([red, green, blue], axis=-1), 0, 255)


def _plane(plane: Tensor, table: Tensor) -> Tensor:
    """One plane `(N, H, W)` of any size through transform, quantization `(N, 8, 8)`, and back."""
    height, width = ops.shape(plane)[1:3]
    plane = filters.pad(plane, (0, -height % 8), (0, -width % 8), "nearest")
    n, *sides = ops.shape(plane)
    rows, columns = (length // 8 for length in sides)
    # Blocks last: long loops over what is still in the processor's cache.
    blocks = ops.transpose(ops.reshape(plane - 128, (n, rows, 8, columns, 8)), (0, 2, 4, 1, 3))
    blocks = ops.reshape(blocks, (n, 8, 8, rows * columns))
    table = ops.expand_dims(table, -1)

    blocks = _transform(_COSINES, blocks, 2, 11)
    blocks = _transform(_COSINES, blocks, 1, 15, _quantized, table)
    blocks = _transform(_COSINES.T, blocks, 1, 11)
    blocks = _transform(_COSINES.T, blocks, 2, 18, _level)

    blocks = ops.transpose(ops.reshape(blocks, (n, 8, 8, rows, columns)), (0, 3, 1, 4, 2))
    return ops.reshape(blocks, (n, rows * 8, columns * 8))[:, :height, :width]


def _quantized(blocks: Tensor, table: Tensor) -> Tensor:
    # Exact in float32, and quicker than the division of whole numbers; the half keeps clear of its edges.
    size = ops.cast(ops.abs(blocks) + 4 * table, "float32") + 0.5
    steps = ops.cast(ops.floor(size / ops.cast(8 * table, "float32")), "int32")
    return ops.sign(blocks) * steps * table


def _level(blocks: Tensor) -> Tensor:
    return ops.clip(blocks + 128, 0, 255)


def _same(blocks: Tensor) -> Tensor:
    return blocks


def _transform(
    matrix: np.ndarray, blocks: Tensor, axis: int, shift: int, finish: Callable = _same, *args: Tensor
) -> Tensor:
    """`matrix` along axis 1 or 2, divided by 2 ** shift and rounded, and what `finish(…, *args)` makes of it."""

    def multiply(blocks: Tensor, *args: Tensor) -> Tensor:
        total = 1 << (shift - 1)
        for k in range(8):
            part = blocks[:, k : k + 1] if axis == 1 else blocks[:, :, k : k + 1]
            total = total + part * matrix[:, k].reshape((1, 8, 1, 1) if axis == 1 else (1, 1, 8, 1))
        return finish(ops.right_shift(total, shift), *args)

    return materialized(multiply, blocks, *args)  # or XLA would work it out again for every term of the next pass


def _scaled(*terms: Any) -> Tensor:
    """The sum of products (factor, tensor) and a constant, divided by 2 ** 16."""
    *products, constant = terms
    return ops.right_shift(sum((factor * t for factor, t in products), constant), 16)


def _halved(plane: Tensor) -> Tensor:
    """Means of 2 x 2 pixels, rounded down and up in turn; to the right of the image up to a whole block."""
    height, width = ops.shape(plane)[1:3]
    plane = filters.pad(plane, (0, height % 2), (0, -width % 16), "nearest")
    rows = materialized(lambda plane: plane[:, ::2] + plane[:, 1::2], plane)
    total = rows[:, :, ::2] + rows[:, :, 1::2]
    bias = 1 + ops.arange(ops.shape(total)[2], dtype="int32") % 2
    return ops.right_shift(total + bias, 2)


def _doubled(plane: Tensor, height: int | Tensor, width: int | Tensor) -> Tensor:
    """Back to twice the size, less 128; each pixel takes 3/4 of the nearest value and 1/4 of the next, on both axes."""
    plane = plane[:, :, : (width + 1) // 2]
    count = ops.shape(plane)[1]

    def double(wide: Tensor) -> Tensor:
        middle = 3 * wide[:, 1:-1]
        rows = ops.stack([middle + wide[:, :-2], middle + wide[:, 2:]], axis=2)
        rows = ops.reshape(rows, (-1, 2 * count, ops.shape(wide)[2]))
        middle = 3 * rows[:, :, 1:-1]
        pairs = [ops.right_shift(middle + rows[:, :, :-2] + 8, 4), ops.right_shift(middle + rows[:, :, 2:] + 7, 4)]
        columns = ops.stack(pairs, axis=3)
        return ops.reshape(columns, (-1, 2 * count, 2 * ops.shape(plane)[2]))[:, :height, :width] - 128

    return materialized(double, filters.pad(plane, (1, 1), (1, 1), "nearest"))
