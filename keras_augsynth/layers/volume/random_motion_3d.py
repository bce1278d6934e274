import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import OF_A_TURN, OF_THE_SIZE, check_factor, check_integer
from keras_augsynth.core.families.geometric_3d import check_axes
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.core.families.spacing import check_spacing, millimeters
from keras_augsynth.ops import kspace, matrices
from keras_augsynth.ops.resample import resample


class RandomMotion3D(Intensity3D):
    """Shows each volume as if the patient had moved during a magnetic resonance scan.

    The scan reads frequencies one after the other along an axis that is drawn for each volume. At random times the
    patient turns and shifts to another position; he lies in his first one while the lowest frequencies are read, so
    masks, points and boxes stay where they are.

    Args:
        rotation: angle about each axis, a fraction of a full turn from -1 to 1; a number f means (-f, f).
        translation: shift along each axis, a fraction of the side from -1 to 1.
        movements: how often the patient moves, 1 or more.
        axes: along which frequencies may be read: 0 depth, 1 height, 2 width.
        spacing: side lengths of a voxel in mm, along depth, height and width; see `Geometric3D`.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside its range, or no movement.

    Example:

    >>> RandomMotion3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Shaw et al.: MRI k-space motion artefact augmentation. MIDL 2019; the usual angle is TorchIO's.
    """

    def __init__(
        self,
        rotation: float | tuple[float, float] = 1 / 36,
        translation: float | tuple[float, float] = 0.05,
        movements: int = 2,
        axes: int | Sequence[int] = (0, 1, 2),
        spacing: float | Sequence[float] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.rotation = check_factor(self, rotation, "rotation", unit=OF_A_TURN)
        self.translation = check_factor(self, translation, "translation", unit=OF_THE_SIZE)
        self.movements = check_integer(self, movements, "movements", 1, 16)
        self.axes = check_axes(self, axes)
        self.spacing = check_spacing(self, spacing)

    def draw(self, rng, view) -> Params:
        return {
            "turns": rng.uniform(*self.rotation, (self.movements, 3)),
            "shifts": rng.uniform(*self.translation, (self.movements, 3)),
            "times": ops.sort(rng.uniform(shape=(self.movements,)), axis=1),
            "axis": rng.categorical([float(axis in self.axes) for axis in range(3)]),
            "spacing": millimeters(self.spacing, view),
        }

    def apply(self, x, params) -> Tensor:
        size, times = ops.shape(x)[1:4], params["times"]
        first = ops.sum(ops.cast(times <= 0.5, "int32"), axis=1)  # the stretch of time in which frequency 0 is read
        total = kspace.spectrum(x)
        still = total
        for movement in range(self.movements):
            stretch = ops.where(movement < first, movement, movement + 1)[:, None]

            def read(wave: Tensor, length: Tensor, stretch: Tensor = stretch) -> Tensor:
                # Of a real volume, what is read at a frequency and at its negative counts half each.
                sides = (_stretch(sign * wave, length, times) for sign in (1, -1))
                return 0.5 * sum(ops.cast(ops.equal(side, stretch), "float32") for side in sides)

            share = kspace.along_axis(read, params["axis"], size)
            moved = resample(x, self._matrix(params, movement, size), None, "bilinear", "nearest")
            total = total + kspace.scaled(kspace.spectrum(moved) - still, share)
        return kspace.volume(total, size)

    def _matrix(self, params: Params, movement: int, size: Sequence[Any]) -> Tensor:
        turns, shifts, spacing = params["turns"][:, movement], params["shifts"][:, movement], params["spacing"]
        sides = [spacing[:, axis] * ops.cast(size[axis], "float32") for axis in range(3)]
        turned = matrices.rotation_3d(*(2.0 * math.pi * turns[:, axis] for axis in (2, 1, 0)))
        moved = ops.matmul(turned, matrices.translation(*(shifts[:, axis] * sides[axis] for axis in (2, 1, 0))))
        return ops.cast(matrices.in_space(moved, spacing), "float32")

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rotation": 0.1 * strength, "translation": 0.1 * strength}


def _stretch(wave: Tensor, length: int | Tensor, times: Tensor) -> Tensor:
    """In which stretch between the movements at `times` `(N, M)` frequencies `(K,)` are read: int32 `(N, K)`."""
    when = ops.cast((wave + length // 2) % length, "float32") / ops.cast(length, "float32")
    when = when + ops.cast(length % 2, "float32") / (2.0 * ops.cast(length, "float32"))
    return ops.sum(ops.cast(times[:, :, None] <= when, "int32"), axis=1)
