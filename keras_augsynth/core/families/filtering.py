"""`Filtering`: layers that weigh the frequencies of recordings."""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_integer, check_range
from keras_augsynth.core.draws import Params, View
from keras_augsynth.core.families.linear import Linear
from keras_augsynth.core.families.room import room
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
        """The seconds after which what rings is 100 dB below its beginning: of the longest of the batch."""
        raise NotImplementedError(f"{type(self).__name__} must define `ringing`.")

    def needed(self, params: Params, samples: Any) -> Tensor:
        return self.hertz * ops.minimum(ops.cast(self.ringing(params), "float32"), LONGEST)

    def reach(self, params: Params, time: Any) -> Any:
        return room(params, math.ceil(UNKNOWN * self.hertz))  # what rings before the beginning comes out at the end

    def extreme(self, params: Params, name: str, which: Callable) -> Tensor:
        """The least (`min`) or the largest number (`max`) that the magnitude `name` can give, or has given."""
        low, high = (ops.cast(limit, "float32") for limit in self.current_limits(name))
        drawn = params[name]
        return ops.minimum(low, tf.reduce_min(drawn)) if which is min else ops.maximum(high, tf.reduce_max(drawn))


LONGEST = 1.0
"""Seconds of ringing for which there is room at most."""
UNKNOWN = 0.25
"""Seconds for which there is room where a length cannot depend on magnitudes."""


def butterworth_rings(hertz: Tensor, order: int) -> Tensor:
    """The seconds in which what a Butterworth filter lets ring falls by 100 dB.

    Args:
        hertz: the cutoff; of a band, half of its width or its lower edge, whichever is less.
        order: of the filter. The pole that is nearest to the axis rings longest.
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
        return butterworth_rings(self.extreme(params, "cutoff_hz", min), self.order)


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
        center, narrowest = (self.extreme(params, name, min) for name in ("center_hz", "octaves"))
        half = ops.power(2.0, -0.5 * self.extreme(params, "octaves", max))
        width = ops.power(2.0, 0.5 * narrowest) - ops.power(2.0, -0.5 * narrowest)
        return butterworth_rings(center * ops.minimum(0.5 * width, half), self.order)
