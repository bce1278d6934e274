import math
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer_range, check_range
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops import color
from keras_augsynth.ops.rows import per_sample


class RandomSpike3D(Intensity3D):
    """Lays stripes over each volume, as spikes in the k-space of a magnetic resonance scan do.

    Args:
        spikes: how many, 1 or more; a pair (low, high) draws their number for each volume.
        intensity: height of a wave as a multiple of the mean of the absolute values, 0 or more; a pair draws it for
            each volume.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for no spike, or a negative intensity.

    Example:

    >>> RandomSpike3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])

    Reference:
        Pérez-García et al.: TorchIO. Computer Methods and Programs in Biomedicine 2021. There, where all values are
        above 0, the intensity means the same.
    """

    def __init__(
        self,
        spikes: int | tuple[int, int] = (1, 3),
        intensity: float | tuple[float, float] = (0.1, 0.5),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.spikes = check_integer_range(self, spikes, "spikes", 1, 64)
        self.intensity = check_range(self, intensity, "intensity")

    def draw(self, rng, view) -> Params:
        most = self.spikes[1]
        return {
            "spikes": rng.integers(self.spikes[0], most + 1),
            "intensity": rng.uniform(*self.intensity),
            "place": rng.uniform(-0.5, 0.5, (most, 3)),
            "phase": rng.uniform(shape=(most,)),
        }

    def apply(self, x, params) -> Tensor:
        size, waves = ops.shape(x)[1:4], 0.0
        for spike in range(self.spikes[1]):
            turns = params["phase"][:, spike, None, None, None]
            for axis, length in enumerate(size):
                turns = turns + _turns(params["place"][:, spike, axis], axis, length)
            there = (params["spikes"] > spike)[:, None, None, None]
            waves = waves + ops.where(there, ops.cos(2.0 * math.pi * (turns - ops.floor(turns))), 0.0)
        height = per_sample(params["intensity"], x) * per_sample(color.channel_mean(ops.abs(x), finite=True), x)
        return x + height * waves[..., None]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"intensity": (0.5 * strength, strength)}


def _turns(place: Tensor, axis: int, length: int | Tensor) -> Tensor:
    """Turns of a wave of whole periods along an axis, from 0 to 1, ready to meet `(N, D, H, W)`."""
    periods = ops.cast(ops.round(place * ops.cast(length, "float32")), "int32")
    steps = ops.arange(length, dtype="int32")
    part = (periods[:, None] * steps) % length  # in whole numbers: a large angle has no digits left
    part = ops.cast(part, "float32") / ops.cast(length, "float32")
    return ops.reshape(part, (-1, *(length if a == axis else 1 for a in range(3))))
