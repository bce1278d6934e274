"""`Intensity3D`: layers that change the values of volumes, whose range is seldom known."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.draws import Params
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import VOLUME
from keras_augsynth.ops import color
from keras_augsynth.ops.rows import per_sample

Tensor = Any


class Intensity3D(Intensity, listed=False):
    """A layer that changes the values of volumes. A voxel that is not finite stays as it is and changes no other one.

    Args:
        value_range: lowest and highest value, to which results are clipped. None: where a layer needs a range, it is
            that of each channel of each volume, and nothing is clipped.
        **kwargs: as in `Augmentation`.
    """

    modalities = (VOLUME,)
    needs_range = False

    def __init__(self, *, value_range: Sequence[float] | None = None, **kwargs: Any):
        super().__init__(value_range=value_range, **kwargs)

    def applied(self, x: Tensor, params: Params) -> Tensor:
        known = ops.isfinite(x)
        changed = super().applied(ops.where(known, x, per_sample(color.channel_mean(x), x)), params)
        return ops.where(known, changed, x)

    def limits_of(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(lowest value, length of the range), ready to meet `x`; the length is above 0."""
        if self.value_range is not None:
            return self.value_range[0], self.span
        low, high = (per_sample(end, x) for end in color.channel_limits(x))
        return low, ops.where(high > low, high - low, 1.0)
