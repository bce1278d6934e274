from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices


class RandomRGBShift(Color):
    """Makes red, green and blue of each image brighter or darker, each by its own random amount.

    Args:
        r_shift_limit: how far red moves, as a fraction of the value range from -1 to 1. A number f means
            (-f, f).
        g_shift_limit: the same of green.
        b_shift_limit: the same of blue.
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 3 channels; images with one channel
        stay as they are.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a limit outside [-1, 1], or images with neither 1 nor 3 channels.

    Example:

    >>> RandomRGBShift(0.1, 0.1, 0.1, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    needs_range = True

    def __init__(
        self,
        r_shift_limit: float | tuple[float, float] = 0.1,
        g_shift_limit: float | tuple[float, float] = 0.1,
        b_shift_limit: float | tuple[float, float] = 0.1,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.r_shift_limit = check_factor(self, r_shift_limit, "r_shift_limit")
        self.g_shift_limit = check_factor(self, g_shift_limit, "g_shift_limit")
        self.b_shift_limit = check_factor(self, b_shift_limit, "b_shift_limit")

    uses_mean = False

    def draw(self, rng, view) -> Params:
        limits = {"r": self.r_shift_limit, "g": self.g_shift_limit, "b": self.b_shift_limit}
        return {name: self.span * rng.uniform(*limit) for name, limit in limits.items()}

    def matrix(self, params, mean) -> Tensor:
        shifts = matrices.per_channel(params["r"], params["g"], params["b"])
        return self.rgb(matrices.affine_color(1.0, shifts, 3), mean.shape[-1])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        limit = 0.4 * strength
        return {"r_shift_limit": limit, "g_shift_limit": limit, "b_shift_limit": limit}
