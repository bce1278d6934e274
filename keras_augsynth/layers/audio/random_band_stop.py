from typing import Any

from keras_augsynth.core.augmentation import Tensor
from keras_augsynth.core.families.filtering import BandFilter
from keras_augsynth.ops import fourier


class RandomBandStop(BandFilter):
    """Takes a band of frequencies out of each recording. Nothing is moved in time.

    Args:
        center_hz: the middle of the band, in Hz, above 0 and below half of the sample rate. A pair (low, high) draws
            it for each recording, all octaves alike.
        octaves: width of the band, from 0.01 to 20; at both ends, half of it below and half above the middle, the
            filter takes 3 dB. A pair (low, high) draws it for each recording.
        order: of the Butterworth filter, from 1 to 16; the higher, the steeper.
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a middle that recordings of this sample rate cannot have, or an argument out of its range; in
            a call, without a sample rate.

    Example:

    >>> RandomBandStop((500.0, 2000.0), sample_rate=16000, seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])

    Reference:
        Butterworth: On the theory of filter amplifiers. Experimental Wireless, 1930.
    """

    def __init__(
        self,
        center_hz: float | tuple[float, float] = (200.0, 3500.0),
        octaves: float | tuple[float, float] = (0.2, 2.0),
        order: int = 4,
        **kwargs: Any,
    ):
        super().__init__(center_hz, octaves, order, **kwargs)

    def response(self, hertz, params) -> Tensor:
        return fourier.band_stop(hertz, params["center_hz"], params["octaves"], self.order)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"octaves": (0.1 + 1.5 * strength, 0.2 + 2.5 * strength), "sample_rate": 16000}
