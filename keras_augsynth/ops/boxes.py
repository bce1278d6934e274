"""Bounding boxes and points under an affine map.

Coordinates are those of Keras's "xyxy": continuous, in pixels, from the image's upper left corner, so the
pixel in row 0 and column 0 covers [0, 1) x [0, 1) and an image spans [0, width] x [0, height].
"""

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.ops import matrices

Tensor = Any

FORMATS = (
    "xyxy",
    "yxyx",
    "xywh",
    "center_xywh",
    "center_yxhw",
    "rel_xyxy",
    "rel_yxyx",
    "rel_xywh",
    "rel_center_xywh",
)


def move_points(points: Tensor, to_output: Tensor, size: Sequence[int], output_size: Sequence[int]) -> Tensor:
    """Moves `(N, K, d+)` points; columns after x, y[, z] stay.

    Args:
        points: coordinates in the input, in pixels from its corner.
        to_output: `(N, d+1, d+1)`, *input to output*, in pixels from the center.
        size: the input's (height, width) or (depth, height, width).
        output_size: the output's.
    """
    axes = len(size)
    corner = lambda lengths: ops.stack([ops.cast(length, "float64") / 2.0 for length in reversed(lengths)])
    moved = matrices.transform(to_output, ops.cast(points[..., :axes], "float64") - corner(size)) + corner(output_size)
    return ops.concatenate([ops.cast(moved, "float32"), ops.cast(points[..., axes:], "float32")], axis=-1)


def move_boxes(boxes: Tensor, to_output: Tensor, size: Sequence[int], output_size: Sequence[int]) -> Tensor:
    """The upright boxes `(N, B, 4)` in "xyxy" around the moved corners of `boxes`, cut at the output's border."""
    left, top, right, bottom = (boxes[..., k] for k in range(4))
    corners = [ops.stack(corner, axis=-1) for corner in ((left, top), (right, top), (right, bottom), (left, bottom))]
    moved = ops.stack([move_points(corner, to_output, size, output_size) for corner in corners])
    height, width = (ops.cast(length, "float32") for length in output_size)
    limit = ops.stack([width, height])
    low, high = (ops.clip(edge, 0.0, limit) for edge in (ops.min(moved, axis=0), ops.max(moved, axis=0)))
    return ops.concatenate([low, high], axis=-1)


def is_empty(boxes: Tensor) -> Tensor:
    """Which "xyxy" boxes `(N, B, 4)` have no area; bool `(N, B)`."""
    return ops.logical_or(boxes[..., 2] <= boxes[..., 0], boxes[..., 3] <= boxes[..., 1])
