from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops.compiled import materialized
from keras_augsynth.ops.rows import per_sample


class RandomSaltAndPepper(Intensity):
    """Turns single pixels of each image white or black.

    Args:
        rate: fraction of the pixels that is hit, from 0 to 1; a pair (low, high) draws one for each image.
        salt_vs_pepper: fraction of the hit pixels that turns white, from 0 to 1; a pair draws one for each image.
        value_range: lowest and highest value of a pixel: pepper and salt.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a fraction outside [0, 1].

    Example:

    >>> RandomSaltAndPepper(0.1, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    draws_pixels = True

    def __init__(
        self,
        rate: float | tuple[float, float] = (0.01, 0.06),
        salt_vs_pepper: float | tuple[float, float] = (0.4, 0.6),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.rate = check_range(self, rate, "rate", 0.0, 1.0)
        self.salt_vs_pepper = check_range(self, salt_vs_pepper, "salt_vs_pepper", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        rate = rng.uniform(*self.rate)
        return {
            "rate": rate,
            "salt": rate * rng.uniform(*self.salt_vs_pepper),
            "luck": rng.uniform(shape=(*view.shape[1:-1], 1)),
        }

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        rate, salt = (per_sample(params[name], x) for name in ("rate", "salt"))
        luck = materialized(lambda _, t: t, x, params["luck"])  # XLA on a CPU would draw anew for every channel
        return ops.where(luck < salt, high, ops.where(luck < rate, low, x))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": (0.02 * strength, 0.2 * strength)}
