from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.ops.rows import per_sample
from keras_augsynth.ops.waves import peak


class RandomClipping(Sound):
    """Cuts off the loudest parts of each recording, as an overdriven microphone does.

    Args:
        factor: how much of the largest amplitude is cut off, from 0 to 0.999. A number f means (0, f).
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor out of its range.

    Example:

    >>> RandomClipping((0.5, 0.5))(np.array([[0.2, -1.0, 0.6]], "float32")).numpy().round(3).tolist()
    [[0.2..., -0.5, 0.5]]
    """

    def __init__(self, factor: float | tuple[float, float] = 0.5, **kwargs: Any):
        super().__init__(**kwargs)
        self.factor = check_factor(self, factor, low=0.0, high=0.999)

    def draw(self, rng, view) -> Params:
        return {"factor": rng.uniform(*self.factor)}

    def apply(self, x, params) -> Tensor:
        highest = peak(x) * (1.0 - per_sample(params["factor"], x))
        return ops.clip(x, -highest, highest)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": (0.5 * strength, 0.9 * strength)}
