from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops.rows import per_sample


class RandomGamma(Intensity):
    """Makes the middle tones of each image lighter or darker; black and white stay.

    Args:
        gamma: the exponent, above 0: below 1 is lighter, above 1 darker. A pair (low, high) draws one for each
            image, so that halving is as likely as doubling.
        value_range: lowest and highest value of a pixel; what is outside is clipped first.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an exponent below 0.01.

    Example:

    >>> round(float(RandomGamma(2.0, value_range=(0, 1))(np.full((1, 1, 1), 0.5))[0, 0, 0]), 3)
    0.25
    """

    def __init__(
        self,
        gamma: float | tuple[float, float] = (0.8, 1.25),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.gamma = check_range(self, gamma, "gamma", low=0.01)

    by_table = True

    def draw(self, rng, view) -> Params:
        return {"gamma": rng.log_uniform(*self.gamma)}

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        part = ops.clip((x - low) / (high - low), 0.0, 1.0)
        # Quicker than a power; the logarithm of 0 comes out as 0 again.
        power = ops.exp(per_sample(params["gamma"], x) * ops.log(part))
        return low + (high - low) * power

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"gamma": (1.0 / (1.0 + 2.0 * strength), 1.0 + 2.0 * strength)}
