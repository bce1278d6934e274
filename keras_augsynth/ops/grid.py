"""Pictures of many images."""

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

Tensor = Any


def tile(images: Any, columns: int, value_range: tuple[float, float] = (0.0, 255.0)) -> np.ndarray:
    """Puts images side by side, row by row.

    Args:
        images: `(N, height, width, channels)`, with 1 or 3 channels; others are cut to 3 or repeated.
        columns: how many stand in a row; what is missing in the last row stays black.
        value_range: what is shown as black and as white.

    Returns:
        uint8 `(rows * height, columns * width, 1 or 3)`.
    """
    images = ops.convert_to_numpy(ops.cast(images, "float32"))
    low, high = value_range
    images = np.clip(np.nan_to_num((images - low) / (high - low)) * 255.0 + 0.5, 0.0, 255.0).astype("uint8")
    images = images[..., :3] if images.shape[-1] >= 3 else images[..., :1]
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    page = np.zeros((rows * columns, height, width, channels), "uint8")
    page[:count] = images
    page = page.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return page.reshape(rows * height, columns * width, channels)


def write_png(path: str, picture: np.ndarray) -> None:
    """Writes uint8 `(height, width, 1 or 3)`; the folder must be there."""
    tf.io.write_file(path, tf.io.encode_png(picture))
