import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_number, check_range
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.core.families.spacing import check_spacing, millimeters

_WATER = 0.02  # attenuation per mm at about 70 keV


class RandomDoseNoise(Intensity3D):
    """Adds the noise that a computed tomography of a lower dose would have.

    Values are Hounsfield units. The standard deviation is that of filtered back-projection with a ramp filter,
    pi * sqrt(mean of 1 / photons / (12 * views)) / voxel side, for the photons that reach the detector along the row
    and the column through a voxel, in place of all directions. So there is more noise in the middle of the body, and
    behind bones.

    Args:
        dose: as a fraction of the dose of the scan at hand, from 0.001 to 1 (no noise); a pair (low, high) draws one
            for each volume.
        photons: that each ray of the scan at hand began with, 1 or more.
        views: directions from which the scan was taken, 1 or more.
        spacing: side lengths of a voxel in mm, along depth, height and width; see `Geometric3D`.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a dose outside [0.001, 1], or less than one photon or view.

    Example:

    >>> RandomDoseNoise(0.25, seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Kak, Slaney: Principles of computerized tomographic imaging. IEEE Press 1988, chapter 5.
    """

    draws_pixels = True

    def __init__(
        self,
        dose: float | tuple[float, float] = (0.1, 0.5),
        photons: float = 1e6,
        views: int = 1000,
        spacing: float | Sequence[float] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.dose = check_range(self, dose, "dose", 0.001, 1.0)
        self.photons = check_number(self, photons, "photons", 1.0)
        self.views = check_integer(self, views, "views", 1)
        self.spacing = check_spacing(self, spacing)

    def draw(self, rng, view) -> Params:
        return {
            "dose": rng.uniform(*self.dose),
            "noise": rng.normal(shape=view.shape[1:]),
            "spacing": millimeters(self.spacing, view),
        }

    def apply(self, x, params) -> Tensor:
        column = lambda t: ops.reshape(t, (-1, 1, 1, 1, 1))
        _, height, width = (column(params["spacing"][:, axis]) for axis in range(3))
        attenuation = _WATER * ops.maximum(1.0 + x / 1000.0, 0.0)
        most = math.log(self.photons)  # a ray of which one photon is left
        paths = (ops.sum(attenuation, axis=axis, keepdims=True) * side for axis, side in ((2, height), (3, width)))
        variance = sum(ops.exp(ops.minimum(path, most)) for path in paths) / (2.0 * self.photons)
        lost = column(1.0 / params["dose"] - 1.0)  # variances add up to that of the lower dose
        side = ops.sqrt(height * width)
        deviation = math.pi / side * ops.sqrt(lost * variance / (12.0 * self.views)) * (1000.0 / _WATER)
        return x + deviation * params["noise"]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"dose": (0.5 * 0.02**strength, 0.9 * 0.05**strength)}
