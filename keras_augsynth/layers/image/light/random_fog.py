from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import fields


class RandomFog(Intensity):
    """Veils each image in uneven white fog.

    Args:
        strength: how much of the light is the fog's where it is thickest, from 0 to 1 (white); a pair draws
            one for each image.
        unevenness: how much thinner the fog is where it is thinnest, from 0 (the same everywhere) to 1 (no
            fog there); a pair draws one for each image.
        value_range: lowest and highest (white) value of a pixel.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a strength or unevenness outside [0, 1].

    Example:

    >>> RandomFog((0.3, 0.7), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(
        self,
        strength: float | tuple[float, float] = (0.3, 0.7),
        unevenness: float | tuple[float, float] = (0.5, 0.9),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.strength = check_range(self, strength, "strength", high=1.0)
        self.unevenness = check_range(self, unevenness, "unevenness", high=1.0)

    def draw(self, rng, view) -> Params:
        strength, unevenness = rng.uniform(*self.strength), rng.uniform(*self.unevenness)
        return {"strength": strength, "unevenness": unevenness, "clouds": fields.clouds(rng)}

    def apply(self, x, params) -> Tensor:
        field = fields.smooth(params["clouds"], ops.shape(x)[1:3])
        strength, unevenness = (params[name][:, None, None] for name in ("strength", "unevenness"))
        fog = (strength * (1.0 - unevenness * (1.0 - field)))[..., None]
        return x + (self.value_range[1] - x) * fog

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"strength": (0.5 * strength, 0.95 * strength)}
