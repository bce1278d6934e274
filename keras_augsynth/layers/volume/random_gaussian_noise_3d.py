from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops.rows import per_sample
from keras_augsynth.ops.statistics import deviation


class RandomGaussianNoise3D(Intensity3D):
    """Adds normal noise to every voxel, in units of the volume's own standard deviation.

    Args:
        stddev: standard deviation of the noise as a multiple of that of each channel of each volume, 0 or more. From a
            pair (low, high) its square is drawn evenly.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a negative standard deviation.

    Example:

    >>> RandomGaussianNoise3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])
    """

    draws_pixels = True

    def __init__(self, stddev: float | tuple[float, float] = (0.0, 0.3), **kwargs: Any):
        super().__init__(**kwargs)
        self.stddev = check_range(self, stddev, "stddev")

    def draw(self, rng, view) -> Params:
        low, high = self.stddev
        stddev = ops.sqrt(rng.uniform(low * low, high * high))
        return {"noise": rng.normal(0.0, stddev, view.shape[1:])}

    def apply(self, x, params) -> Tensor:
        return x + per_sample(deviation(x), x) * params["noise"]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"stddev": (0.25 * strength, 0.5 * strength)}
