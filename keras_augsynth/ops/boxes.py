"""Bounding boxes and points that move.

Coordinates are those of Keras's "xyxy": continuous, in pixels, from the image's upper left corner, so the
pixel in row 0 and column 0 covers [0, 1) x [0, 1) and an image spans [0, width] x [0, height].
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

Tensor = Any
# x, y[, z], each `(N, K)` in pixels from the center of the image: there and back.
Map = Callable[[list[Tensor]], list[Tensor]]

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


BENT = 8
"""Points to follow on each edge of a box where straight lines do not stay straight."""


NAMES_OF_CLASSES = ("labels", "classes")
"""What the class numbers of boxes are called; -1 there marks padding, and boxes that are gone."""


def outline(boxes: Tensor, per_edge: int = 1) -> Tensor:
    """Points on the edges of boxes `(N, B, 2 d)`, low corner first: `(N, B, points, d)`.

    Of an "xyxy" box there are 4 per_edge, from its first corner on, once round.
    """
    axes = boxes.shape[-1] // 2
    unit = _unit_outline(axes, per_edge)
    low, high = (ops.expand_dims(corner, -2) for corner in (boxes[..., :axes], boxes[..., axes:]))
    return low + (high - low) * unit


def _unit_outline(axes: int, per_edge: int) -> np.ndarray:
    """Points on the edges of the unit square or cube, `(points, axes)`."""
    part = np.arange(per_edge, dtype="float32") / per_edge
    one, zero = np.ones_like(part), np.zeros_like(part)
    if axes == 2:
        across, down = (np.concatenate(edges) for edges in ((part, one, 1 - part, zero), (zero, part, one, 1 - part)))
        return np.stack([across, down], axis=-1)
    edges = []
    for axis in range(axes):
        for corner in itertools.product((0.0, 1.0), repeat=axes - 1):
            others = iter(corner)
            edges.append(np.stack([part if a == axis else next(others) * one for a in range(axes)], axis=-1))
    return np.concatenate([*edges, np.array(list(itertools.product((0.0, 1.0), repeat=axes)), "float32")])


def move_points(points: Tensor, to_output: Map, size: Sequence[int], output_size: Sequence[int]) -> Tensor:
    """Moves `(N, K, d+)` points; columns after x, y[, z] stay.

    Args:
        points: coordinates in the input, in pixels from its corner.
        to_output: takes points of the input, from its center, to points of the output, from its center.
        size: the input's (height, width) or (depth, height, width).
        output_size: the output's.
    """
    axes = len(size)
    middle = lambda lengths: [ops.cast(length, "float64") / 2.0 for length in reversed(lengths)]
    centered = [ops.cast(points[..., k], "float64") - half for k, half in enumerate(middle(size))]
    moved = [ops.cast(t, "float64") + half for t, half in zip(to_output(centered), middle(output_size), strict=True)]
    moved = ops.cast(ops.stack(moved, axis=-1), "float32")
    return ops.concatenate([moved, ops.cast(points[..., axes:], "float32")], axis=-1)


def move_boxes(
    boxes: Tensor, to_output: Map, size: Sequence[int], output_size: Sequence[int], per_edge: int = 1
) -> Tensor:
    """The upright boxes around the moved outlines of `boxes`; they may leave the image.

    Args:
        boxes: `(N, B, 4)`, in volumes `(N, B, 6)`, the low corner first.
        to_output: as for `move_points`.
        size: as for `move_points`.
        output_size: as for `move_points`.
        per_edge: points to follow on each edge: 1, its corner, is enough where straight lines stay straight.
    """
    edges = outline(boxes, per_edge)
    n, count, points, axes = ops.shape(edges)
    moved = move_points(ops.reshape(edges, (n, count * points, axes)), to_output, size, output_size)
    moved = ops.reshape(moved, (n, count, points, axes))
    # Keras's own `min` would refuse a batch without boxes.
    return ops.concatenate([ops.min(moved, axis=2, initial=np.inf), ops.max(moved, axis=2, initial=-np.inf)], axis=-1)


def clip(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """The part of boxes inside an image of (height, width) or a volume of (depth, height, width)."""
    lengths = [ops.cast(length, "float32") for length in reversed(size)]
    return ops.clip(boxes, 0.0, ops.stack([*lengths, *lengths]))


def area(boxes: Tensor) -> Tensor:
    """Of boxes `(N, B, 4)`, or the volume of boxes `(N, B, 6)`: `(N, B)`; 0 for boxes inside out."""
    axes = boxes.shape[-1] // 2
    return ops.prod(ops.maximum(boxes[..., axes:] - boxes[..., :axes], 0.0), axis=-1)


def marked(fields: dict[str, Tensor], kept: Tensor) -> dict[str, Tensor]:
    """The fields of boxes, each `(N, B)`, with class -1 where `kept` is False."""
    mark = {name: t for name, t in fields.items() if name in NAMES_OF_CLASSES}
    return {**fields, **{name: ops.where(kept, t, ops.cast(-1, t.dtype)) for name, t in mark.items()}}


def total(values: Tensor, boxes: Tensor) -> Tensor:
    """The sum of `values` `(N, height, width)` over the whole pixels of "xyxy" boxes `(N, B, 4)`: `(N, B)`."""
    height, width = ops.shape(values)[1:3]
    summed = ops.pad(ops.cumsum(ops.cumsum(values, axis=1), axis=2), [(0, 0), (1, 0), (1, 0)])
    summed = ops.reshape(summed, (-1, (height + 1) * (width + 1)))
    edge = lambda k, length: ops.cast(ops.clip(ops.round(boxes[..., k]), 0, ops.cast(length, "float32")), "int32")
    left, top, right, bottom = edge(0, width), edge(1, height), edge(2, width), edge(3, height)
    at = lambda y, x: ops.take_along_axis(summed, y * (width + 1) + x, axis=1)
    return at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left)
