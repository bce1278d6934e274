from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_flag, check_range
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops import color
from keras_augsynth.ops.rows import per_sample
from keras_augsynth.ops.statistics import deviation


class RandomGamma3D(Intensity3D):
    """Makes the middle tones of each volume lighter or darker, between its own lowest and highest value.

    Args:
        gamma: the exponent, above 0: below 1 is lighter, above 1 darker. A pair (low, high) draws one for each volume,
            so that halving is as likely as doubling.
        invert: whether it acts on the negative of the volume, which comes out as a positive again.
        retain_stats: whether mean and standard deviation of each channel are afterwards what they were.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an exponent below 0.01.

    Example:

    >>> RandomGamma3D(2.0)(np.reshape([0.0, 0.5, 1.0], (1, 1, 1, 3, 1))).numpy().ravel().round(3).tolist()
    [0.0, 0.25, 1.0]
    """

    def __init__(
        self,
        gamma: float | tuple[float, float] = (0.7, 1.5),
        invert: bool = False,
        retain_stats: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.gamma = check_range(self, gamma, "gamma", low=0.01)
        self.invert = check_flag(self, invert, "invert")
        self.retain_stats = check_flag(self, retain_stats, "retain_stats")

    def draw(self, rng, view) -> Params:
        return {"gamma": rng.log_uniform(*self.gamma)}

    def apply(self, x, params) -> Tensor:
        low, span = self.limits_of(x)
        part = ops.clip((x - low) / span, 0.0, 1.0)
        part = 1.0 - part if self.invert else part
        power = ops.exp(per_sample(params["gamma"], x) * ops.log(part))
        changed = low + span * (1.0 - power if self.invert else power)
        if not self.retain_stats:
            return changed
        before, after = (per_sample(deviation(t), x) for t in (x, changed))
        mean, other = (per_sample(color.channel_mean(t, finite=True), x) for t in (x, changed))
        return mean + (changed - other) * (before / ops.where(after > 0.0, after, 1.0))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"gamma": (1.0 / (1.0 + 2.0 * strength), 1.0 + 2.0 * strength)}
