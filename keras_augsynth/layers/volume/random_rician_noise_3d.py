from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops.rows import per_sample


class RandomRicianNoise3D(Intensity3D):
    """Adds the noise of a magnetic resonance scan: normal in both parts of a complex number, of which the length shows.

    What is dark gets brighter on average. The lowest value of the range counts as dark.

    Args:
        stddev: standard deviation of each part as a fraction of the range of the values, 0 or more; a pair
            (low, high) draws one for each volume.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a negative standard deviation.

    Example:

    >>> RandomRicianNoise3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Gudbjartsson, Patz: The Rician distribution of noisy MRI data. Magnetic Resonance in Medicine 1995.
    """

    draws_pixels = True

    def __init__(self, stddev: float | tuple[float, float] = (0.0, 0.1), **kwargs: Any):
        super().__init__(**kwargs)
        self.stddev = check_range(self, stddev, "stddev")

    def draw(self, rng, view) -> Params:
        stddev, size = rng.uniform(*self.stddev), view.shape[1:]
        return {"real": rng.normal(0.0, stddev, size), "imaginary": rng.normal(0.0, stddev, size), "stddev": stddev}

    def apply(self, x, params) -> Tensor:
        low, span = self.limits_of(x)
        noisy = ops.sqrt((x - low + span * params["real"]) ** 2 + (span * params["imaginary"]) ** 2)
        return ops.where(per_sample(params["stddev"], x) > 0.0, low + noisy, x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"stddev": (0.1 * strength, 0.2 * strength)}
