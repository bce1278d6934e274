"""`Filtering`: layers that weigh the frequencies of recordings."""

from typing import Any

from keras_augsynth.core.checks import check_integer, check_range
from keras_augsynth.core.draws import Params, View
from keras_augsynth.core.families.linear import Linear
from keras_augsynth.ops import fourier
from keras_augsynth.ops.random import Random

Tensor = Any


class Filtering(Linear, listed=False):
    """An augmentation that weighs the frequencies of each recording, without moving anything in time.

    Args:
        **kwargs: as in `Sound`.
    """

    filters = True

    def response(self, hertz: Tensor, params: Params) -> Tensor:
        """The weights `(N, K)` of the frequencies `hertz` `(K,)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `response`.")

    def transfer(self, params: Params, time: Any, length: Any) -> Tensor:
        return self.response(fourier.bins(length) * self.hertz, params)

    def reach(self, time: Any) -> Any:
        return time // 4 + 16  # what rings before the beginning comes out at the end


class CutoffFilter(Filtering, listed=False):
    """Butterworth's filter on one side of a cutoff.

    Args:
        cutoff_hz: where the filter takes 3 dB, in Hz; a pair (low, high) draws it for each recording.
        order: of the filter, from 1 to 16.
        **kwargs: as in `Sound`.
    """

    def __init__(self, cutoff_hz: float | tuple[float, float], order: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.cutoff_hz = check_range(self, cutoff_hz, "cutoff_hz", above=0.0)
        self.order = check_integer(self, order, "order", 1, 16)
        self.check_below_nyquist("cutoff_hz")

    def draw(self, rng: Random, view: View) -> Params:
        self.check_below_nyquist("cutoff_hz")
        return {"cutoff_hz": rng.log_uniform(*self.cutoff_hz)}


class BandFilter(Filtering, listed=False):
    """Butterworth's filter of a band.

    Args:
        center_hz: the middle of the band, in Hz; a pair (low, high) draws it for each recording.
        octaves: width of the band, from 0.01 to 20; a pair (low, high) draws it for each recording.
        order: of the filter, from 1 to 16.
        **kwargs: as in `Sound`.
    """

    def __init__(
        self, center_hz: float | tuple[float, float], octaves: float | tuple[float, float], order: int, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.center_hz = check_range(self, center_hz, "center_hz", above=0.0)
        self.octaves = check_range(self, octaves, "octaves", 0.01, 20.0)
        self.order = check_integer(self, order, "order", 1, 16)
        self.check_below_nyquist("center_hz")

    def draw(self, rng: Random, view: View) -> Params:
        self.check_below_nyquist("center_hz")
        return {"center_hz": rng.log_uniform(*self.center_hz), "octaves": rng.uniform(*self.octaves)}
