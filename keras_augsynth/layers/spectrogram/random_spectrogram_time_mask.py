from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_magnitude
from keras_augsynth.core.families.spectral import Masking, check_width
from keras_augsynth.ops.spectrograms import spans


class RandomSpectrogramTimeMask(Masking):
    """Fills stretches of time of each spectrogram.

    Args:
        width: how many neighbouring frames are filled, a whole number drawn from 0 to `width`, both included, or
            from a pair (low, high).
        masks: how many stretches there are, from 1 to 100; they may overlap.
        max_part: the largest part of the valid frames that one of them fills, from 0 to 1.
        fill_value: what they are filled with: a number, or "mean" for the spectrogram's mean.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time, frequency)`, `(batch, time, frequency)` or `(batch, time, frequency, channels)`.

    Output shape:
        As the input's. Frames beyond "lengths" stay as they are and are not counted.

    Raises:
        ValueError: for a width that is negative or no whole number, a part outside [0, 1], or no mask.

    Example:

    >>> RandomSpectrogramTimeMask(40, seed=1)(np.ones((4, 100, 80), "float32")).shape
    TensorShape([4, 100, 80])

    Reference:
        Park et al.: SpecAugment: a simple data augmentation method for automatic speech recognition. Interspeech 2019.
    """

    def __init__(
        self,
        width: float | tuple[float, float] = 100,
        masks: int = 1,
        max_part: float = 1.0,
        fill_value: float | str = 0.0,
        **kwargs: Any,
    ):
        super().__init__(fill_value=fill_value, **kwargs)
        self.width = check_width(self, width, "frames")
        self.masks = check_integer(self, masks, "masks", 1, 100)
        self.max_part = check_magnitude(self, max_part, "max_part", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        low, high = self.width
        width = ops.floor(rng.uniform(low, high + 1.0, (self.masks,)))
        part = ops.zeros_like(width[:, 0]) + ops.cast(self.max_part, "float32")
        return {"width": width, "place": rng.uniform(shape=(self.masks,)), "max_part": part}

    def apply(self, x, params) -> Tensor:
        frames = self.frames_of(x)[:, None]
        width = ops.minimum(params["width"], ops.floor(params["max_part"][:, None] * frames))
        masked = spans(width, params["place"], frames, ops.shape(x)[1])
        return self.filled(x, masked[:, :, None, None])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"width": (round(strength), round(1 + 60 * strength)), "max_part": 0.2 + 0.3 * strength}
