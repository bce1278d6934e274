"""`Filtering`: layers that weigh the frequencies of recordings."""

import math
from typing import Any

from keras import ops

from keras_augsynth.core.checks import check_integer, check_range
from keras_augsynth.core.draws import Params, View
from keras_augsynth.core.families.linear import Linear
from keras_augsynth.core.families.room import extremes, room
from keras_augsynth.ops import fourier
from keras_augsynth.ops.random import Random

Tensor = Any


class Filtering(Linear, listed=False):
    """An augmentation that weighs the frequencies of each recording, without moving anything in time.

    Args:
        **kwargs: as in `Sound`.
    """

    filters = needs_room = True

    def response(self, hertz: Tensor, params: Params) -> Tensor:
        """The weights `(N, K)` of the frequencies `hertz` `(K,)`."""
        raise NotImplementedError(f"{type(self).__name__} must define `response`.")

    def transfer(self, params: Params, time: Any, length: Any) -> Tensor:
        return self.response(fourier.bins(length) * self.hertz, params)

    def ringing(self, params: Params) -> Any:
        """The seconds for which the filter rings, at the most of what the magnitudes can give and of what was drawn."""
        return USUAL

    def needed(self, params: Params, samples: Any) -> Tensor:
        return self.hertz * ops.minimum(ops.cast(self.ringing(params), "float32"), LONGEST)

    def reach(self, params: Params, time: Any) -> Any:
        return room(params, math.ceil(USUAL * self.hertz))  # what rings before the beginning comes out at the end


LONGEST = 1.0
"""Seconds of ringing for which there is room at most."""
USUAL = 0.25
"""Seconds of ringing where no more is known. What an equalizer of 12 dB lets ring is 80 dB lower by then."""


def butterworth_rings(hertz: Tensor, order: int) -> Tensor:
    """The seconds in which the pole of a Butterworth filter that rings longest falls by 100 dB.

    Args:
        hertz: the cutoff; of a band, half of its width or its lower edge, whichever is less.
        order: of the filter.
    """
    decay = 2.0 * math.pi * math.sin(math.pi / (2 * order))
    return 5.0 * math.log(10.0) / (decay * ops.maximum(hertz, 1e-3))


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

    def ringing(self, params: Params) -> Tensor:
        lowest, _ = extremes(self, "cutoff_hz", params["cutoff_hz"])
        return butterworth_rings(lowest, self.order)


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

    def ringing(self, params: Params) -> Tensor:
        center, _ = extremes(self, "center_hz", params["center_hz"])
        narrowest, widest = extremes(self, "octaves", params["octaves"])
        width = ops.power(2.0, 0.5 * narrowest) - ops.power(2.0, -0.5 * narrowest)
        edge = ops.power(2.0, -0.5 * widest)
        return butterworth_rings(center * ops.minimum(0.5 * width, edge), self.order)
