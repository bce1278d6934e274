from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import matrices


class RandomBrightness(Color):
    """Makes each image lighter or darker by adding a random shift to all its pixels.

    Args:
        factor: the shift as a fraction of the value range, from -1 (black) to 1 (white). A number f
            means (-f, f).
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [-1, 1].

    Example:

    >>> RandomBrightness(0.2, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    needs_range = True

    def __init__(
        self,
        factor: float | tuple[float, float],
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, seed=seed, **kwargs)
        self.factor = check_factor(self, factor)

    uses_mean = False

    def draw(self, rng, view) -> Params:
        return {"shift": self.span * rng.uniform(*self.factor)}

    def matrix(self, params, mean) -> Tensor:
        return matrices.brightness(params["shift"], mean.shape[-1])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": 0.5 * strength}
