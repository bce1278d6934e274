from typing import Any

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.filtering import CutoffFilter
from keras_augsynth.ops import fourier


class RandomHighPass(CutoffFilter):
    """Takes the low frequencies out of each recording. Nothing is moved in time.

    Args:
        cutoff_hz: where the filter takes 3 dB, in Hz, above 0 and below half of the sample rate. A pair (low, high)
            draws it for each recording, all octaves alike.
        order: of the Butterworth filter, from 1 to 16: behind the cutoff it takes 6 dB more per octave and order.
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a cutoff that recordings of this sample rate cannot have, or an order out of its range; in a
            call, without a sample rate.

    Example:

    >>> RandomHighPass((50.0, 1000.0), sample_rate=16000, seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])

    Reference:
        Butterworth: On the theory of filter amplifiers. Experimental Wireless, 1930.
    """

    def __init__(self, cutoff_hz: float | tuple[float, float] = (50.0, 1000.0), order: int = 4, **kwargs: Any):
        super().__init__(cutoff_hz, order, **kwargs)

    def response(self, hertz, params) -> Tensor:
        return fourier.high_pass(hertz, params["cutoff_hz"], self.order)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"cutoff_hz": (20.0 + 2000.0 * strength, 50.0 + 3000.0 * strength), "sample_rate": 16000}
