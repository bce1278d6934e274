from typing import Any

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.linear import Linear


class RandomPolarityInversion(Linear):
    """Turns some recordings upside down: to the ear the same, to a network other numbers.

    Args:
        p: chance of a recording to be inverted, from 0 to 1.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a chance outside [0, 1].

    Example:

    >>> RandomPolarityInversion(1.0)(np.array([[0.5, -0.25]], "float32")).numpy().tolist()
    [[-0.5, 0.25]]
    """

    def __init__(self, p: float = 0.5, **kwargs: Any):
        super().__init__(p=p, **kwargs)

    def gain(self, x, params) -> Tensor:
        return -1.0
