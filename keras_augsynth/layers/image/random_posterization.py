from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_integer, check_value_range, wrong
from keras_augsynth.ops import color, histograms


class RandomPosterization(Augmentation):
    """Leaves only a few levels of each color, as on a poster.

    Args:
        factor: bits that are kept of the 8 of each value, a whole number from 1 (two levels) to 8 (all 256). A
            pair (low, high) draws the number for each image, both ends included. (Keras takes a single number f
            for a draw from 1 to f - 1.)
        value_range: lowest and highest value of a pixel; the levels lie between them.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a number of bits outside [1, 8].
        TypeError: for a number that is not whole.

    Example:

    >>> RandomPosterization((2, 5), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(self, factor: int | tuple[int, int], value_range: Sequence[float] = (0, 255), **kwargs: Any):
        super().__init__(**kwargs)
        if isinstance(factor, Sequence) and not isinstance(factor, str):
            if len(factor) != 2:
                raise wrong(self, "factor", "be an integer or a pair of integers (low, high)", factor)
            self.factor = tuple(sorted(check_integer(self, bits, "factor", 1, 8) for bits in factor))
        else:
            self.factor = (check_integer(self, factor, "factor", 1, 8),) * 2
        self.value_range = check_value_range(self, value_range)

    def draw(self, rng, shape) -> Params:
        low, high = self.factor
        return {"bits": rng.integers(low, high + 1)}

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        dropped = (8 - params["bits"])[:, None, None, None]
        level = histograms.levels(x, self.value_range)
        level = ops.cast(ops.left_shift(ops.right_shift(level, dropped), dropped), "float32")
        return color.clip(x, low + level * ((high - low) / 255.0), self.value_range)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": (round(7 - 6 * strength), int(8 - 5 * strength))}
