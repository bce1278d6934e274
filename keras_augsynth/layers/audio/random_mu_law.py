from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer_magnitude
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.ops.rows import per_sample


class RandomMuLaw(Sound):
    """Sends each recording over a telephone line: few levels, closer to each other where it is quiet.

    Args:
        bits: of a sample, from 2 to 16; telephones have 8. A pair (low, high) draws it, both ends included.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`, from -1 to 1; what is louder is coded as 1.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a number of bits out of its range.

    Example:

    >>> RandomMuLaw(8)(np.array([[0.0, 0.5, -1.0]], "float32")).numpy().round(2).tolist()
    [[0.0, 0.5, -1.0]]

    Reference:
        ITU-T G.711: Pulse code modulation of voice frequencies. 1988; here with the formula, as in librosa.
    """

    knows_full_scale = True

    def __init__(self, bits: int | tuple[int, int] = (4, 8), **kwargs: Any):
        super().__init__(**kwargs)
        self.bits = check_integer_magnitude(self, bits, "bits", 2, 16)

    def draw(self, rng, view) -> Params:
        low, high = self.bits
        return {"bits": rng.integers(low, high + 1)}

    def apply(self, x, params) -> Tensor:
        half = ops.cast(ops.left_shift(1, per_sample(params["bits"], x) - 1), "float64")
        x = ops.cast(x, "float64")  # in which all rows of a batch are computed alike
        mu = 2.0 * half - 1.0
        scale = ops.log1p(mu)
        size = ops.log1p(mu * ops.minimum(ops.abs(x), 1.0)) / scale
        # 2**bits levels: one more below 0 than above, and 0 among them.
        level = ops.clip(ops.round(ops.sign(x) * size * half), -half, half - 1.0) / half
        return ops.cast(ops.sign(level) * ops.expm1(ops.abs(level) * scale) / mu, "float32")

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        bits = round(8 - 5 * strength)
        return {"bits": (bits, bits + 2)}
