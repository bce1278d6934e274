from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_magnitude
from keras_augsynth.core.families.spectral import Spectral
from keras_augsynth.ops import spectrograms


class RandomTimeWarp(Spectral):
    """Moves a moment of each spectrogram earlier or later; the time before and behind it is stretched to fit.

    Args:
        width: the furthest that it is moved, in frames, 0 or more. It lies at least that far from both ends; in short
            spectrograms the way is shorter.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time, frequency)`, `(batch, time, frequency)` or `(batch, time, frequency, channels)`.

    Output shape:
        As the input's. Frames beyond "lengths" stay as they are and are not counted.

    Raises:
        ValueError: for a negative width.

    Example:

    >>> RandomTimeWarp(20, seed=1)(np.ones((4, 100, 80), "float32")).shape
    TensorShape([4, 100, 80])

    Reference:
        Park et al.: SpecAugment: a simple data augmentation method for automatic speech recognition. Interspeech
        2019; with straight lines between the moment and the ends.
    """

    def __init__(self, width: float = 80.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.width = check_magnitude(self, width, "width", 0.0)

    def draw(self, rng, view) -> Params:
        return drawn_warp(rng, self.width)

    def apply(self, x, params) -> Tensor:
        return warped(x, params, self.frames_of(x))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"width": 80.0 * strength}


def drawn_warp(rng: Any, width: Any) -> Params:
    """What `warped` needs."""
    widest = ops.zeros_like(rng.uniform()) + ops.cast(width, "float32")
    return {"widest": widest, "center": rng.uniform(), "shift": rng.uniform(-1.0, 1.0)}


def warped(x: Tensor, params: Params, frames: Tensor) -> Tensor:
    """`x` `(N, T, F, C)`, whose first `frames` `(N,)` are valid, bent in time."""
    widest = ops.minimum(params["widest"], ops.maximum(frames - 1.0, 0.0) / 2.0)
    center = widest + params["center"] * ops.maximum(frames - 1.0 - 2.0 * widest, 0.0)
    places = spectrograms.bent_time(center, params["shift"] * widest, frames, ops.shape(x)[1])
    return spectrograms.read(x, places, 1)
