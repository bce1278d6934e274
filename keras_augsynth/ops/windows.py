"""Windows of images: where they begin and how large they are, in pixels."""

from collections.abc import Sequence
from typing import Any

from keras import ops

Tensor = Any


def central_window(
    count: int | Tensor, size: Sequence[Any], height: int, width: int, inside: bool = True
) -> dict[str, Tensor]:
    """The largest window in the middle of each of `count` images with the aspect ratio height : width.

    Args:
        count: of images.
        size: (rows, columns) of the images; entries may be tensors.
        height: of the target, in any unit.
        width: of the target, in the same unit.
        inside: False for the smallest window that holds the whole image instead.

    Returns:
        "left", "top", "width", "height", float32 `(count,)` each.
    """
    rows, columns = (ops.cast(length, "float32") for length in size)
    fitting = ops.minimum if inside else ops.maximum
    tall = fitting(rows, columns * (height / width))
    wide = fitting(columns, rows * (width / height))
    window = {"left": (columns - wide) / 2.0, "top": (rows - tall) / 2.0, "width": wide, "height": tall}
    return {name: ops.broadcast_to(value, (ops.cast(count, "int32"),)) for name, value in window.items()}
