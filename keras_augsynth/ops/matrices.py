"""Homogeneous matrices, one per sample: geometry in two and three dimensions, and color.

A geometric matrix maps *output* coordinates to *input* coordinates, in pixels, from the center of the
image: x to the right, y down (and z from slice to slice in a volume), so a column vector is (x, y, 1) or
(x, y, z, 1). Matrices of successive transforms multiply from left to right. A color matrix acts on
(channel 1, …, channel C, 1) and multiplies from right to left.

All builders take scalars or tensors of shape `(N,)` and return float64 `(N, k, k)`: the matrices are tiny,
and in float64 the sine of an angle does not depend on how a compiler evaluates it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

Tensor = Any

# Rec. 601 luma, the weights of `tf.image.rgb_to_grayscale`, PIL and OpenCV.
LUMA = (0.299, 0.587, 0.114)


def matrix(rows: Sequence[Sequence[float | Tensor]]) -> Tensor:
    """Stacks rows of scalars and `(N,)` tensors to `(N, len(rows), len(rows[0]))`."""
    entries = [entry for row in rows for entry in row]
    is_constant = [isinstance(entry, (int, float)) for entry in entries]
    result = np.array([[entry if known else 0.0 for entry, known in zip(entries, is_constant, strict=True)]], "float64")
    # Each tensor times a constant that says where it stands: far fewer operations than a stack of all entries.
    tensors = {id(entry): entry for entry, known in zip(entries, is_constant, strict=True) if not known}
    for key, tensor in tensors.items():
        places = np.array([[float(id(entry) == key) for entry in entries]])
        result = result + ops.reshape(ops.cast(tensor, "float64"), (-1, 1)) * places
    return ops.reshape(ops.convert_to_tensor(result), (-1, len(rows), len(rows[0])))


def identity(size: int) -> Tensor:
    """`(1, size, size)`."""
    return ops.convert_to_tensor(np.eye(size)[None])


def diagonal(*entries: float | Tensor) -> Tensor:
    return matrix([[entry if i == j else 0.0 for j in range(len(entries))] for i, entry in enumerate(entries)])


def scaling(*factors: float | Tensor) -> Tensor:
    """Output coordinate times factor: above 1 the picture gets smaller. One factor per axis: x, y[, z]."""
    return diagonal(*factors, 1.0)


def translation(*shifts: float | Tensor) -> Tensor:
    """Output coordinate plus shift: a positive x moves the picture to the left. One shift per axis: x, y[, z]."""
    size = len(shifts)
    rows = [[float(i == j) for j in range(size)] + [shift] for i, shift in enumerate(shifts)]
    return matrix([*rows, [0.0] * size + [1.0]])


def rotation(angle: float | Tensor) -> Tensor:
    """Turns the picture counter-clockwise by `angle`, in radians."""
    cos, sin = _cos_sin(angle)
    return matrix([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def shear(x: float | Tensor, y: float | Tensor) -> Tensor:
    """Slides rows by `x` pixels per pixel of y, and columns by `y` pixels per pixel of x."""
    return matrix([[1.0, x, 0.0], [y, 1.0, 0.0], [0.0, 0.0, 1.0]])


def window(left: Tensor, top: Tensor, width: Tensor, height: Tensor, size: Sequence, output_size: Sequence) -> Tensor:
    """Spreads the output over a window of the input.

    Args:
        left: where the window begins, in pixels from the input's left edge.
        top: the same from its upper edge.
        width: of the window, in pixels.
        height: of the window, in pixels.
        size: (height, width) of the input.
        output_size: (height, width) of the output.
    """
    shifts, factors = [], []
    for start, length, whole, out in ((left, width, size[1], output_size[1]), (top, height, size[0], output_size[0])):
        start, length, whole, out = (ops.cast(value, "float64") for value in (start, length, whole, out))
        shifts.append(start + (length - whole) / 2.0)
        factors.append(length / out)
    return ops.matmul(translation(*shifts), scaling(*factors))


def crop(starts: Sequence, size: Sequence, output_size: Sequence) -> Tensor:
    """Cuts a window of `output_size` pixels out of `size`, beginning `starts` pixels from the corner, axis by axis."""
    shifts = []
    for start, whole, out in zip(starts, size, output_size, strict=True):
        start, whole, out = (ops.cast(value, "float64") for value in (start, whole, out))
        shifts.append(start + (out - whole) / 2.0)
    return translation(*reversed(shifts))


def rotation_3d(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Turns a volume about its x axis, then y, then z; angles in radians.

    About z every slice turns counter-clockwise, as an image does.
    """
    (cx, sx), (cy, sy), (cz, sz) = _cos_sin(x), _cos_sin(y), _cos_sin(z)
    about_x = matrix([[1.0, 0.0, 0.0, 0.0], [0.0, cx, -sx, 0.0], [0.0, sx, cx, 0.0], [0.0, 0.0, 0.0, 1.0]])
    about_y = matrix([[cy, 0.0, sy, 0.0], [0.0, 1.0, 0.0, 0.0], [-sy, 0.0, cy, 0.0], [0.0, 0.0, 0.0, 1.0]])
    about_z = matrix([[cz, -sz, 0.0, 0.0], [sz, cz, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    return ops.matmul(ops.matmul(about_x, about_y), about_z)


def shear_3d(xy: Tensor, xz: Tensor, yx: Tensor, yz: Tensor, zx: Tensor, zy: Tensor) -> Tensor:
    """`xy` slides along x for each step along y, and so on."""
    return matrix([[1.0, xy, xz, 0.0], [yx, 1.0, yz, 0.0], [zx, zy, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])


def in_space(m: Tensor, spacing: Tensor) -> Tensor:
    """A matrix for millimeters as one for voxels of `spacing` `(N, 3)`, in mm along depth, height and width."""
    sides = [ops.cast(spacing[:, axis], "float64") for axis in (2, 1, 0)]
    return ops.matmul(ops.matmul(scaling(*(1.0 / side for side in sides)), m), scaling(*sides))


def embedded(m: Tensor, size: int) -> Tensor:
    """A matrix for images `(N, 3, 3)` as one for each slice of a volume `(N, 4, 4)`; one of `size` as it is."""
    if m.shape[-1] == size:
        return m
    zero, one = ops.zeros_like(m[:, :1, :1]), ops.ones_like(m[:, :1, :1])
    two = ops.concatenate([zero, zero], axis=1)
    linear = ops.concatenate([m[:, :2, :2], two, m[:, :2, 2:]], axis=2)
    depth = ops.concatenate([zero, zero, one, zero], axis=2)
    last = ops.concatenate([m[:, 2:, :2], zero, m[:, 2:, 2:]], axis=2)
    return ops.concatenate([linear, depth, last], axis=1)


def inverse(m: Tensor) -> Tensor:
    """Of affine matrices `(N, d+1, d+1)`, float64; one that lays everything on a line sends what is off it far away."""
    m = ops.cast(m, "float64")
    axes = range(m.shape[-1] - 1)
    singular = ops.abs(_determinant([[m[:, i, j] for j in axes] for i in axes])) < 1e-12
    shift = 1e-6 * ops.cast(singular, "float64")
    return ops.linalg.inv(m + shift[:, None, None] * identity(m.shape[-1]))


def _determinant(rows: Sequence[Sequence[Tensor]]) -> Tensor:
    first, *rest = rows
    if not rest:
        return first[0]
    minors = [_determinant([[*row[:k], *row[k + 1 :]] for row in rest]) for k in range(len(first))]
    return sum((-1.0) ** k * entry * minor for k, (entry, minor) in enumerate(zip(first, minors, strict=True)))


def brightness(shift: Tensor, channels: int) -> Tensor:
    """Adds `shift`, in units of the pixel values, to every channel."""
    return affine_color(1.0, shift, channels)


def contrast(factor: Tensor, mean: Tensor) -> Tensor:
    """(x - mean) * factor + mean, with the mean of each channel `(N, C)`."""
    factor, mean = _column(factor), ops.cast(mean, "float64")
    return affine_color(factor, (1.0 - factor) * mean, mean.shape[-1])


def affine_color(scale: float | Tensor, offset: float | Tensor, channels: int) -> Tensor:
    """x * scale + offset, channel by channel; each a number, `(N,)`, or `(N, C)`; `(N, C+1, C+1)`."""
    scale, offset = _column(scale), _column(offset)
    scale = scale + ops.zeros_like(offset) + np.zeros((1, channels))
    offset = offset + ops.zeros_like(scale)
    return homogeneous(np.eye(channels) * ops.expand_dims(scale, 1), offset)


def per_channel(*values: float | Tensor) -> Tensor:
    """Numbers and `(N,)` tensors, one for each channel, as `(N or 1, C)`."""
    return matrix([values])[:, 0]


def _column(t: float | Tensor) -> Tensor:
    """A number or `(N,)` as `(1 or N, 1)`, ready to meet `(N, C)`; that as it is."""
    t = ops.cast(t, "float64")
    return t if len(t.shape) == 2 else ops.reshape(t, (-1, 1))


def homogeneous(linear: Tensor, offset: Tensor) -> Tensor:
    """linear @ x + offset: `(N, C, C)` and `(N, C)` as one matrix `(N, C+1, C+1)`."""
    linear = ops.concatenate([ops.cast(linear, "float64"), ops.cast(offset, "float64")[..., None]], axis=-1)
    last = np.eye(linear.shape[-1])[-1:]
    return ops.concatenate([linear, ops.broadcast_to(last, (ops.shape(linear)[0], *last.shape))], axis=1)


def saturation(factor: Tensor) -> Tensor:
    """Blends RGB with its gray value: 0 gray, 1 unchanged, above 1 more colorful."""
    factor = ops.cast(factor, "float64")
    rows = [[(1.0 - factor) * weight + (factor if i == j else 0.0) for j, weight in enumerate(LUMA)] for i in range(3)]
    return matrix([[*row, 0.0] for row in rows] + [[0.0, 0.0, 0.0, 1.0]])


def hue(angle: float | Tensor) -> Tensor:
    """Turns RGB about its gray axis by `angle`, in radians: a third of a turn takes red to green to blue.

    Gray stays gray and r + g + b stays what it was. HSV walks round a hexagon instead of this circle, so
    between the primaries the two differ a little; only this one is linear.
    """
    cos, sin = _cos_sin(angle)
    third, root = (1.0 - cos) / 3.0, sin / 3.0**0.5
    same, before, after = cos + third, third - root, third + root
    return matrix(
        [
            [same, before, after, 0.0],
            [after, same, before, 0.0],
            [before, after, same, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def _cos_sin(angle: float | Tensor) -> tuple[Tensor, Tensor]:
    angle = ops.cast(angle, "float64")
    return ops.cos(angle), ops.sin(angle)
