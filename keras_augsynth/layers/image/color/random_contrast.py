from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_contrast
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices


class RandomContrast(Color):
    """Raises or lowers the contrast of each image about the mean of each of its channels.

    Args:
        factor: a pair (lower, upper), each from 0 to 1, draws the contrast from [1 - lower, 1 + upper]; a
            number f means (f, f).
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [0, 1].

    Example:

    >>> RandomContrast(0.3, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        factor: float | tuple[float, float],
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, seed=seed, **kwargs)
        self.factor = check_contrast(self, factor, "factor")

    def draw(self, rng, view) -> Params:
        lower, upper = self.factor
        return {"contrast": rng.uniform(1.0 - lower, 1.0 + upper)}

    def matrix(self, params, mean) -> Tensor:
        return matrices.contrast(params["contrast"], mean)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": 0.9 * strength}
