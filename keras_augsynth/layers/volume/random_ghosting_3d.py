from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer_magnitude, check_range
from keras_augsynth.core.families.geometric_3d import check_axes
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops import kspace

_KEPT = 0.02  # of all frequencies, about 0, as in TorchIO: brightness stays


class RandomGhosting3D(Intensity3D):
    """Adds faint copies of each volume to itself, as breathing and the heartbeat do in a magnetic resonance scan.

    Along an axis that is drawn for each volume, every g-th frequency is weakened; the copies lie a g-th of the side
    apart.

    Args:
        ghosts: g, a whole number of 2 or more; a pair (low, high) draws one for each volume.
        intensity: how much of these frequencies is lost, from 0 to 1; a pair draws it for each volume.
        axes: along which the ghosts may lie: 0 depth, 1 height, 2 width.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a number of ghosts below 2, or an intensity outside [0, 1].

    Example:

    >>> RandomGhosting3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Pérez-García et al.: TorchIO. Computer Methods and Programs in Biomedicine 2021, whose usual values these are.
    """

    def __init__(
        self,
        ghosts: int | tuple[int, int] = (4, 10),
        intensity: float | tuple[float, float] = (0.5, 1.0),
        axes: int | Sequence[int] = (0, 1, 2),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.ghosts = check_integer_magnitude(self, ghosts, "ghosts", 2, 1024)
        self.intensity = check_range(self, intensity, "intensity", 0.0, 1.0)
        self.axes = check_axes(self, axes)

    def draw(self, rng, view) -> Params:
        low, high = self.ghosts
        return {
            "ghosts": rng.integers(low, ops.cast(high, "int32") + 1),
            "intensity": rng.uniform(*self.intensity),
            "axis": rng.categorical([float(axis in self.axes) for axis in range(3)]),
        }

    def apply(self, x, params) -> Tensor:
        ghosts, loss = params["ghosts"][:, None], params["intensity"][:, None]

        def weakened(wave: Tensor, length: Tensor) -> Tensor:
            beyond = ops.cast(ops.abs(wave), "float32") > _KEPT / 2.0 * ops.cast(length, "float32")
            hit = ops.logical_and(ops.equal(wave % ghosts, 0), beyond)
            return 1.0 - ops.where(hit, loss, 0.0)

        factor = kspace.along_axis(weakened, params["axis"], ops.shape(x)[1:4])
        return kspace.filtered(x, lambda spectrum: kspace.scaled(spectrum, factor))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"ghosts": (2, 8), "intensity": (0.5 * strength, strength)}
