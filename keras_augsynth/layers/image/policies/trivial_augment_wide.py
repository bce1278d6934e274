from typing import Any

from keras import ops

from keras_augsynth.core.checks import check_integer
from keras_augsynth.layers.image.policies.policy import OPERATIONS, WIDE, Drawn, Policy, drawn


class TrivialAugmentWide(Policy):
    """Changes each image by a single operation of fourteen, with any magnitude of a wide range. Nothing to tune.

    Operations are those of `RandAugment`; the largest magnitude is a turn by 135 degrees, a shear by 0.99, a shift
    by 32 of 224 pixels, a factor of 0.01 or 1.99, six bits lost, all solarized.

    Args:
        num_magnitude_bins: equidistant magnitudes from none to the largest, at least 2.
        **kwargs: as in `Policy`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 1 or 3 channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for fewer than 2 magnitudes.

    Example:

    >>> TrivialAugmentWide(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Müller, Hutter: TrivialAugment: tuning-free yet state-of-the-art data augmentation. ICCV 2021.
    """

    strengths = WIDE

    def __init__(self, num_magnitude_bins: int = 31, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_magnitude_bins = check_integer(self, num_magnitude_bins, "num_magnitude_bins", 2, 10**6)

    def operations(self, rng) -> Drawn:
        names = rng.integers(0, OPERATIONS.index("invert"), (1,))
        bins = ops.cast(rng.integers(0, self.num_magnitude_bins, (1,)), "float32")
        return drawn(rng, names, bins / (self.num_magnitude_bins - 1))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"p": 1.0 if strength else 0.0}
