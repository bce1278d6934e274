from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer_magnitude
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.ops.rows import per_sample


class RandomBitCrush(Sound):
    """Leaves each recording a few evenly spaced levels, as cheap converters do.

    Args:
        bits: of a sample, from 2 to 24. A pair (low, high) draws it, both ends included.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`, from -1 to 1; what is louder gets the loudest level.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a number of bits out of its range.

    Example:

    >>> RandomBitCrush(3)(np.array([[0.0, 0.3, -0.9]], "float32")).numpy().tolist()
    [[0.0, 0.25, -1.0]]
    """

    knows_full_scale = True

    def __init__(self, bits: int | tuple[int, int] = (5, 12), **kwargs: Any):
        super().__init__(**kwargs)
        self.bits = check_integer_magnitude(self, bits, "bits", 2, 24)

    def draw(self, rng, view) -> Params:
        low, high = self.bits
        return {"bits": rng.integers(low, high + 1)}

    def apply(self, x, params) -> Tensor:
        half = ops.cast(ops.left_shift(1, per_sample(params["bits"], x) - 1), "float32")
        return ops.clip(ops.round(x * half), -half, half - 1.0) / half

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        bits = round(10 - 7 * strength)
        return {"bits": (bits, bits + 2)}
