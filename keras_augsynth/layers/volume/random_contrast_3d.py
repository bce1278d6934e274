from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops import color
from keras_augsynth.ops.rows import per_sample


class RandomContrast3D(Intensity3D):
    """Raises or lowers the contrast of each volume about the mean of each channel, within its own range; or scales it.

    Args:
        contrast: factor of the distance from the mean, 0 or more; a pair (low, high) draws one for each volume. What
            would leave the range of the volume's own values is clipped to it.
        brightness: factor of all values, afterwards; 0 or more, or a pair.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a negative factor.

    Example:

    >>> RandomContrast3D(0.5)(np.reshape([-1.0, 0.0, 1.0], (1, 1, 1, 3, 1))).numpy().ravel().tolist()
    [-0.5, 0.0, 0.5]
    """

    def __init__(
        self,
        contrast: float | tuple[float, float] = (0.75, 1.25),
        brightness: float | tuple[float, float] = 1.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.contrast = check_range(self, contrast, "contrast")
        self.brightness = check_range(self, brightness, "brightness")

    def draw(self, rng, view) -> Params:
        return {"contrast": rng.uniform(*self.contrast), "brightness": rng.uniform(*self.brightness)}

    def apply(self, x, params) -> Tensor:
        low, span = self.limits_of(x)
        mean = per_sample(color.channel_mean(x, finite=True), x)
        changed = mean + per_sample(params["contrast"], x) * (x - mean)
        return ops.clip(changed, low, low + span) * per_sample(params["brightness"], x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"contrast": (1.0 - 0.8 * strength, 1.0 + strength)}
