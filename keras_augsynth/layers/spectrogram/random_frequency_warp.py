from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.spectral import Spectral
from keras_augsynth.ops import spectrograms


class RandomFrequencyWarp(Spectral):
    """Stretches the frequency axis of each spectrogram, as if a smaller or a larger person spoke.

    Vocal tract length perturbation. Above 60 % of the highest frequency a second straight line leads to the highest,
    which stays where it is. It acts on bins, whatever their scale is; the literature has linear ones.

    Args:
        factor: how many times as high frequencies become, from 0.5 to 2; 1 changes nothing. A pair (low, high)
            draws it for each spectrogram.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time, frequency)`, `(batch, time, frequency)` or `(batch, time, frequency, channels)`.

    Output shape:
        As the input's. Frames beyond "lengths" stay as they are.

    Raises:
        ValueError: for a factor out of its range.

    Example:

    >>> RandomFrequencyWarp((0.9, 1.1), seed=1)(np.ones((4, 100, 80), "float32")).shape
    TensorShape([4, 100, 80])

    Reference:
        Jaitly, Hinton: Vocal tract length perturbation (VTLP) improves speech recognition. ICML workshop, 2013.
    """

    def __init__(self, factor: float | tuple[float, float] = (0.9, 1.1), **kwargs: Any):
        super().__init__(**kwargs)
        self.factor = check_range(self, factor, "factor", 0.5, 2.0)

    def draw(self, rng, view) -> Params:
        return {"factor": rng.log_uniform(*self.factor)}

    def apply(self, x, params) -> Tensor:
        return spectrograms.read(x, spectrograms.bent_frequency(params["factor"], ops.shape(x)[2]), 2)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": (1.0 / (1.0 + 0.4 * strength), 1.0 + 0.4 * strength)}
