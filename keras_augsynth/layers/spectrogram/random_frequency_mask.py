from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer
from keras_augsynth.core.families.spectral import Masking, check_width
from keras_augsynth.ops.spectrograms import spans


class RandomFrequencyMask(Masking):
    """Fills bands of frequencies of each spectrogram.

    Args:
        width: how many neighbouring frequencies a band has, a whole number drawn from 0 to `width`, both included,
            or from a pair (low, high); at most all.
        masks: how many bands there are, from 1 to 100; they may overlap.
        fill_value: what they are filled with: a number, or "mean" for the spectrogram's mean.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time, frequency)`, `(batch, time, frequency)` or `(batch, time, frequency, channels)`.

    Output shape:
        As the input's. Frames beyond "lengths" stay as they are.

    Raises:
        ValueError: for a width that is negative or no whole number, or no mask.

    Example:

    >>> RandomFrequencyMask(27, seed=1)(np.ones((4, 100, 80), "float32")).shape
    TensorShape([4, 100, 80])

    Reference:
        Park et al.: SpecAugment: a simple data augmentation method for automatic speech recognition. Interspeech 2019.
    """

    def __init__(
        self,
        width: float | tuple[float, float] = 27,
        masks: int = 1,
        fill_value: float | str = 0.0,
        **kwargs: Any,
    ):
        super().__init__(fill_value=fill_value, **kwargs)
        self.width = check_width(self, width, "frequencies")
        self.masks = check_integer(self, masks, "masks", 1, 100)

    def draw(self, rng, view) -> Params:
        low, high = self.width
        width = ops.floor(rng.uniform(low, high + 1.0, (self.masks,)))
        return {"width": width, "place": rng.uniform(shape=(self.masks,))}

    def apply(self, x, params) -> Tensor:
        bins = ops.shape(x)[2]
        masked = spans(params["width"], params["place"], ops.cast(bins, "float32"), bins)
        return self.filled(x, masked[:, None, :, None])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"width": (round(strength), round(1 + 30 * strength))}
