from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops import poisson
from keras_augsynth.ops.rows import per_sample


class RandomShotNoise(Intensity):
    """Adds the noise of few photons: each value becomes a Poisson number of equal steps.

    Steps are counted in the pixel values as they are, without undoing a gamma. The numbers are exact where 8 photons
    or fewer are expected, and a close approximation above; see `ops.poisson`. There is no gradient.

    Args:
        scale: what one photon adds, as a fraction of the value range, from 0 (no noise) to 1: white is 1 / scale
            photons, and has a standard deviation of sqrt(scale). A pair (low, high) draws one for each image.
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a scale outside [0, 1].

    Example:

    >>> RandomShotNoise(0.1, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    draws_pixels = True

    def __init__(
        self,
        scale: float | tuple[float, float] = (0.01, 0.1),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.scale = check_range(self, scale, "scale", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        return {"scale": rng.uniform(*self.scale), "luck": rng.uniform(shape=view.shape[1:])}

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        scale = per_sample(params["scale"], x)
        step = ops.where(scale > 0.0, scale, 1.0)
        part = ops.clip((x - low) / (high - low), 0.0, 1.0)
        noisy = low + (high - low) * step * poisson.quantile(params["luck"], part / step)
        return ops.where(scale > 0.0, noisy, x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": (0.02 * strength, 0.2 * strength)}
