"""How a chain of geometric layers moves points: matrices, and bends that no matrix describes, both ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keras import ops

from keras_augsynth.ops import matrices

Tensor = Any


@dataclass
class Points:
    """Points of an image or a volume, in pixels from its center.

    Attributes:
        xy: x, y[, z], each `(N, K)` (or `(1, K)`).
        whole: whether they are all the pixels of the grid, in order: what is known for every pixel then need
            not be looked up.
    """

    xy: list[Tensor]
    whole: bool = False


class Motion:
    """The layers of a chain, first to last, as maps of points.

    Args:
        axes: 2 for images, 3 for volumes.
    """

    def __init__(self, axes: int):
        self._axes = axes
        self._parts: list[_Affine | _Bend] = []

    def add_matrix(self, matrix: Tensor) -> None:
        """Adds a layer's matrix `(N, d+1, d+1)`, output to input; one for images moves each slice of a volume."""
        matrix = matrices.embedded(ops.cast(matrix, "float64"), self._axes + 1)
        if self._parts and isinstance(last := self._parts[-1], _Affine):
            self._parts.pop()
            matrix = ops.matmul(last.matrix, matrix)
        self._parts.append(_Affine(matrix))

    def add_bend(self, layer: Any, params: dict, gate: Tensor | None, size: Sequence) -> None:
        """Adds a layer that bends an image of `size` where the gate is open."""
        self._parts.append(_Bend(layer, params, gate, size))

    @property
    def matrix(self) -> Tensor:
        """The whole motion, if there is no bend in it."""
        affine = [part for part in self._parts if isinstance(part, _Affine)]
        return affine[0].matrix if affine else matrices.identity(self._axes + 1)

    def to_input(self, points: Points) -> Points:
        """Where the output's points lie in the input."""
        for part in reversed(self._parts):
            points = Points(part.to_input(points))
        return points

    def to_output(self, xy: list[Tensor]) -> list[Tensor]:
        """Where points of the input have gone."""
        for part in self._parts:
            xy = part.to_output(xy)
        return xy


@dataclass
class _Affine:
    matrix: Tensor

    def to_input(self, points: Points) -> list[Tensor]:
        return _multiply(self.matrix, points.xy)

    def to_output(self, xy: list[Tensor]) -> list[Tensor]:
        return _multiply(matrices.inverse(self.matrix), xy)


@dataclass
class _Bend:
    layer: Any
    params: dict
    gate: Tensor | None
    size: Sequence

    def to_input(self, points: Points) -> list[Tensor]:
        axes = len(self.size)  # those of an image, which is each slice of a volume, or those of the volume
        moving = Points(points.xy[:axes], points.whole)
        return self._gated(self.layer.bend(self.params, self.size, moving), points.xy)

    def to_output(self, xy: list[Tensor]) -> list[Tensor]:
        return self._gated(self.layer.unbend(self.params, self.size, xy[: len(self.size)]), xy)

    def _gated(self, moved: list[Tensor], still: list[Tensor]) -> list[Tensor]:
        moved = [*moved, *still[len(moved) :]]
        if self.gate is None:
            return moved
        gate = ops.expand_dims(self.gate, 1)
        return [ops.where(gate, a, ops.cast(b, a.dtype)) for a, b in zip(moved, still, strict=True)]


def _multiply(matrix: Tensor, xy: list[Tensor]) -> list[Tensor]:
    dtype = xy[0].dtype
    entry = lambda i, j: ops.expand_dims(ops.cast(matrix[:, i, j], dtype), 1)
    axes = len(xy)
    return [sum(entry(i, j) * xy[j] for j in range(axes)) + entry(i, axes) for i in range(axes)]


def pixel_centers(size: Sequence) -> Points:
    """The pixels of an image of `size`, row by row; float32 `(1, K)`."""
    axes = len(size)
    count = 1
    for length in size:
        count = count * length
    xy = []
    for axis in reversed(range(axes)):
        steps = ops.cast(ops.arange(size[axis], dtype="int32"), "float32")
        steps = steps - (ops.cast(size[axis], "float32") - 1.0) / 2.0
        steps = ops.reshape(steps, [-1 if a == axis else 1 for a in range(axes)])
        xy.append(ops.reshape(ops.broadcast_to(steps, tuple(size)), (1, count)))
    return Points(xy, whole=True)
