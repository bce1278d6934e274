from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops.rows import per_sample


class Solarization(Intensity):
    """Turns the bright parts of each image into their negative, like a print exposed to light too early.

    Args:
        addition_factor: added to each pixel first, as a fraction of the value range, from 0 to 1. A pair
            (low, high) draws one for each image, a number f means (0, f).
        threshold_factor: from where on values are inverted, as a fraction of the value range, from 0 (all) to 1
            (only the highest). A pair (low, high) draws one for each image, a number f means (0, f).
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [0, 1].

    Example:

    >>> float(Solarization(threshold_factor=(0.5, 0.5))(np.full((1, 1, 1), 200.0))[0, 0, 0])
    55.0
    """

    def __init__(
        self,
        addition_factor: float | tuple[float, float] = 0.0,
        threshold_factor: float | tuple[float, float] = 0.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, seed=seed, **kwargs)
        self.addition_factor = check_factor(self, addition_factor, "addition_factor", low=0.0)
        self.threshold_factor = check_factor(self, threshold_factor, "threshold_factor", low=0.0)

    def draw(self, rng, view) -> Params:
        low, high = self.value_range
        return {
            "addition": (high - low) * rng.uniform(*self.addition_factor),
            "threshold": low + (high - low) * rng.uniform(*self.threshold_factor),
        }

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        addition, threshold = (per_sample(params[name], x) for name in ("addition", "threshold"))
        lighter = ops.clip(x + addition, low, high)
        return ops.where(lighter < threshold, lighter, low + high - lighter)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"addition_factor": 0.3 * strength, "threshold_factor": (1.0 - strength, 1.0 - 0.5 * strength)}
