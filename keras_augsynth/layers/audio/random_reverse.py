from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.ops.waves import taken


class RandomReverse(Sound):
    """Plays some recordings backwards. What lies beyond "lengths" stays where it is.

    Args:
        p: chance of a recording to be reversed, from 0 to 1.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a chance outside [0, 1].

    Example:

    >>> RandomReverse(1.0)({"audio": np.array([[1.0, 2.0, 3.0, 0.0]]), "lengths": [3]})["audio"].numpy().tolist()
    [[3.0, 2.0, 1.0, 0.0]]
    """

    keeps_time = False

    def __init__(self, p: float = 0.5, **kwargs: Any):
        super().__init__(p=p, **kwargs)

    def apply(self, x, params) -> Tensor:
        if current_view().lengths is None:
            return ops.flip(x, axis=2)
        time, steps = ops.arange(ops.shape(x)[2], dtype="int32"), self.steps_of(x)[:, None]
        return taken(x, ops.where(time < steps, steps - 1 - time, time))
