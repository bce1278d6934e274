from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer_magnitude
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops import histograms
from keras_augsynth.ops.rows import per_sample


class RandomPosterization(Intensity):
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

    def __init__(
        self,
        factor: int | tuple[int, int],
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, data_format=data_format, seed=seed, **kwargs)
        self.factor = check_integer_magnitude(self, factor, "factor", 1, 8)

    apply_dtype = None

    def draw(self, rng, view) -> Params:
        low, high = self.factor
        return {"bits": rng.integers(low, high + 1)}

    def apply(self, x, params) -> Tensor:
        level = histograms.levels(x, self.value_range)
        kept = per_sample(256 - ops.left_shift(1, 8 - params["bits"]), x)
        return histograms.values(ops.bitwise_and(level, ops.cast(kept, level.dtype)), self.value_range)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": (round(7 - 6 * strength), int(8 - 5 * strength))}
