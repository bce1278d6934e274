from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.core.families.linear import Linear
from keras_augsynth.ops.rows import per_sample
from keras_augsynth.ops.waves import amplitude


class RandomGain(Linear):
    """Makes each recording louder or quieter. Nothing is clipped.

    Args:
        gain_db: change of the amplitude in decibels, from -120 to 120; 6 doubles it. A number g means (-g, g).
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a gain beyond 120 dB.

    Example:

    >>> RandomGain(6.0, seed=1)(np.zeros((4, 16000), "float32")).shape
    TensorShape([4, 16000])
    """

    def __init__(self, gain_db: float | tuple[float, float] = 6.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.gain_db = check_factor(self, gain_db, "gain_db", -120.0, 120.0)

    def draw(self, rng, view) -> Params:
        return {"gain": amplitude(rng.uniform(*self.gain_db))}

    def gain(self, x, params) -> Tensor:
        return per_sample(params["gain"], x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"gain_db": 18.0 * strength}
