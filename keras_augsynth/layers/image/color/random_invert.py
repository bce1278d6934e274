from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices
from keras_augsynth.ops.rows import per_sample


class RandomInvert(Color):
    """Turns some images into their negatives.

    Args:
        factor: chance of an image to be inverted, from 0 to 1. As in Keras a pair (low, high) draws the chance
            itself for each image, and a number f means (0, f); (1.0, 1.0) inverts all.
        value_range: lowest and highest value of a pixel; one becomes the other.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [0, 1].

    Example:

    >>> RandomInvert((1.0, 1.0), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    needs_range = True

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = check_factor(self, factor, low=0.0)

    uses_mean = False
    keeps_bytes, apply_dtype = True, None

    def draw(self, rng, view) -> Params:
        return {"inverted": ops.cast(rng.bernoulli(rng.uniform(*self.factor)), "float32")}

    def matrix(self, params, mean) -> Tensor:
        inverted, channels = params["inverted"], mean.shape[-1]
        low, high = self.value_range
        return matrices.affine_color(1.0 - 2.0 * inverted, (low + high) * inverted, channels)

    def apply(self, x, params) -> Tensor:
        if ops.dtype(x) != "uint8":
            return super().apply(x, params)
        return ops.bitwise_xor(x, per_sample(ops.cast(255.0 * params["inverted"], x.dtype), x))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": (strength**0.5,) * 2}
