from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.checks import check_factor, check_integer
from keras_augsynth.layers.image.policies.policy import OPERATIONS, Drawn, Policy, drawn


class RandAugment(Policy):
    """Changes each image by a few operations of fourteen, drawn for it alone, with a magnitude each.

    The operations are those of the paper: identity, auto contrast, equalize, rotate, solarize, color,
    posterize, contrast, brightness, sharpness, shear and translate in both directions. Magnitude 1 is a turn by
    30 degrees, a shear by 0.3, a shift by 0.45 of a side, a factor of 0.1 or 1.9, four bits lost, all solarized.

    Args:
        value_range: lowest and highest value of a pixel.
        num_ops: operations for each image, at least 1; the same one may come twice.
        factor: magnitude, from 0 to 1, drawn for each operation from the pair; a number f means (0, f).
        interpolation: "bilinear" or "nearest".
        **kwargs: as in `Policy`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 1 or 3 channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [0, 1] or no operation.

    Example:

    >>> RandAugment(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Cubuk, Zoph, Shlens, Le: RandAugment: practical automated data augmentation with a reduced search
        space. 2020.
    """

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        num_ops: int = 2,
        factor: float | tuple[float, float] = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            value_range=value_range, interpolation=interpolation, seed=seed, data_format=data_format, **kwargs
        )
        self.num_ops = check_integer(self, num_ops, "num_ops", 0, 100)
        self.factor = check_factor(self, factor, low=0.0)

    def operations(self, rng) -> Drawn:
        names = rng.integers(0, OPERATIONS.index("invert"), (self.num_ops,))
        return drawn(rng, names, rng.uniform(*self.factor, shape=(self.num_ops,)))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": (strength, strength)}
