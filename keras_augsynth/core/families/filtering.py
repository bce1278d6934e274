"""`Filtering`: layers that weigh the frequencies of recordings."""

from typing import Any

from keras import ops

from keras_augsynth.core.draws import Params
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.ops import fourier

Tensor = Any


class Filtering(Sound, listed=False):
    """An augmentation that weighs the frequencies of each recording, without moving anything in time.

    Args:
        **kwargs: as in `Sound`.
    """

    def response(self, hertz: Tensor, params: Params) -> Tensor:
        """The weights `(N, K)` of the frequencies `hertz` `(K,)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `response`.")

    def apply(self, x: Tensor, params: Params) -> Tensor:
        time = ops.shape(x)[2]
        # Silence behind, since what rings on before the beginning comes out at the end.
        length = fourier.good_length(time + time // 4 + 16)
        weights = self.response(fourier.bins(length) * self.hertz, params)
        return fourier.wave(fourier.weighted(fourier.spectrum(x, length), weights), length)[:, :, :time]
