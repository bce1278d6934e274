"""Pictures of many images, as arrays: tiles with gaps, labels and a title."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

Tensor = Any

_BACKGROUND, _INK = 208, 0  # images with a black or a white border both stand out
_GAP, _SCALE = 2, 2  # pixels between tiles; size of a pixel of the font
# A font of 3 x 5 pixels, row by row, with what labels and titles need.
_FONT = {
    **{"0": "### #.# #.# #.# ###", "1": ".#. ##. .#. .#. ###", "2": "### ..# ### #.. ###", "3": "### ..# ### ..# ###"},
    **{"4": "#.# #.# ### ..# ..#", "5": "### #.. ### ..# ###", "6": "### #.. ### #.# ###", "7": "### ..# ..# ..# ..#"},
    **{"8": "### #.# ### #.# ###", "9": "### #.# ### ..# ###", "a": "... .## #.# #.# .##", "c": "... .## #.. #.. .##"},
    **{"e": "### #.. ##. #.. ###", "h": "#.. #.. ##. #.# #.#", "l": "#.. #.. #.. #.. ###", "o": "... ### #.# #.# ###"},
    **{"p": "... ##. #.# ##. #..", "r": "... #.# ##. #.. #..", "s": ".## #.. .#. ..# ##.", " ": "... ... ... ... ..."},
}


def tile(
    images: Any,
    columns: int,
    value_range: tuple[float, float] = (0.0, 255.0),
    *,
    zoom: int = 1,
    labels: Sequence[str] | None = None,
    group: int = 1,
    title: str = "",
) -> np.ndarray:
    """Puts images side by side, row by row, with gaps between them.

    Args:
        images: `(N, height, width, channels)`, with 1 or 3 channels; others are cut to 3 or repeated.
        columns: how many stand in a row.
        value_range: what is shown as black and as white.
        zoom: side of the square that a pixel is shown as, in pixels.
        labels: of the rows, at their left. Digits, spaces and the letters of "class", "real" and "epoch" can be
            written.
        group: rows that belong together; a wider gap sets groups apart.
        title: above all rows, in the same letters.

    Returns:
        uint8 `(height, width, 1 or 3)`.
    """
    images = ops.convert_to_numpy(ops.cast(images, "float32"))
    low, high = value_range
    images = np.clip(np.nan_to_num((images - low) / (high - low)) * 255.0 + 0.5, 0.0, 255.0).astype("uint8")
    images = images[..., :3] if images.shape[-1] >= 3 else images[..., :1]
    images = images.repeat(zoom, axis=1).repeat(zoom, axis=2)
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    labels = [""] * rows if labels is None else list(labels)
    margin = max(_text_width(label) for label in labels)
    heading = _GAP + (5 * _SCALE + _GAP) * bool(title)
    tops = heading + np.arange(rows) * (height + _GAP) + np.arange(rows) // group * 4 * _GAP * (group > 1)
    lefts = margin + _GAP + np.arange(columns) * (width + _GAP)
    size = tops[-1] + height + _GAP, max(lefts[-1] + width, _text_width(title)) + _GAP
    page = np.full((*size, channels), _BACKGROUND, "uint8")
    for number, image in enumerate(images):
        top, left = tops[number // columns], lefts[number % columns]
        page[top : top + height, left : left + width] = image
    _write(page, title, _GAP, _GAP)
    for label, top in zip(labels, tops, strict=True):
        _write(page, label, top + (height - 5 * _SCALE) // 2, _GAP)
    return page


def _text_width(text: str) -> int:
    return (4 * len(text) * _SCALE + _GAP) * bool(text)


def _write(page: np.ndarray, text: str, top: int, left: int) -> None:
    for letter in text:
        dots = np.array([[dot == "#" for dot in row] for row in _FONT[letter].split()])
        dots = dots.repeat(_SCALE, axis=0).repeat(_SCALE, axis=1)
        page[top : top + len(dots), left : left + len(dots[0])][dots] = _INK
        left += 4 * _SCALE


def png(picture: np.ndarray) -> bytes:
    """What a file of a picture holds, uint8 `(height, width, 1 or 3)`."""
    return tf.io.encode_png(picture).numpy()
