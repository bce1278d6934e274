"""In which range values lie along a sequence of layers, and whether that is the range which a layer is told."""

import functools
import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth.core import activity, keras_internals
from keras_augsynth.core.notices import first_that_fits, print_once
from keras_augsynth.core.primary import primary

Tensor = Any
Range = tuple[float, float]
BYTES = (0.0, 255.0)
"""The value range where nothing else is said."""


def effective_range(own: Range | None, given: Range | None) -> Range | None:
    """A layer's range where a composite says another: the composite's, unless the layer was given one of its own."""
    return given if own == BYTES and given is not None else own


def ranges_along(layers: Sequence[Any], value_range: Range | None) -> list[Range | None]:
    """The value range in front of each layer, for data that enter in `value_range`; None where it is not known."""
    ranges = []
    for layer in layers:
        ranges.append(value_range)
        value_range = behind(layer, value_range)
    return ranges


def behind(layer: Any, value_range: Range | None) -> Range | None:
    """The value range behind a layer, which may be made of others; None where it is not known."""
    known: Any = 1.0, 0.0
    if isinstance(layer, keras.layers.Rescaling):
        known = layer.scale, layer.offset
        known = known if all(isinstance(number, (int, float)) for number in known) else None
    elif getattr(layer, "is_value_map", False):
        known = layer.constant_map
    elif hasattr(layer, "draw_params") or isinstance(layer, (keras.Sequential, keras.layers.Pipeline)):
        value_range = ranges_along([*getattr(layer, "layers", ()), None], value_range)[-1]
    elif isinstance(layer, (keras.Model, keras.layers.Normalization)):
        known = None
    if known is None or value_range is None:
        return None
    ends = [end * known[0] + known[1] for end in value_range]
    return min(ends), max(ends)


UNKNOWN: Range = (-math.inf, math.inf)
"""What is meant where values plainly do not lie in a range, and no usual one fits."""


def _are_fractions(low: Any, high: Any) -> Any:
    return (low >= 0.0) & (high > 0.0) & (high <= 1.001)


def _are_signed(low: Any, high: Any) -> Any:
    return (low >= -1.001) & (low < 0.0) & (high > 0.0) & (high <= 1.001)


def _are_standardized(low: Any, high: Any) -> Any:
    """Of mean 0 and standard deviation 1, more or less."""
    return (low >= -64.0) & (low <= -0.5) & (high > 1.001) & (high <= 16.0)


def _are_bytes(low: Any, high: Any) -> Any:
    return (low >= -0.5) & (high >= 64.0) & (high <= 256.0)


def _lie_beyond(low: Any, high: Any, told: Range) -> Any:
    """By half of the range, as whole numbers of 12 or 16 bits and Hounsfield units do."""
    margin = (told[1] - told[0]) / 2.0
    far = (low < told[0] - margin) | (high > told[1] + margin)
    return far & (low > -_LARGEST) & (high < _LARGEST) & (low < high)


_LARGEST = 1e6  # of what may be an image
_UNITS = {(0.0, 1.0): _are_fractions, (-1.0, 1.0): _are_signed, (-3.0, 3.0): _are_standardized, BYTES: _are_bytes}


def meant_range(seen: Range, told: Range, fractions: bool = True) -> Range | None:
    """The value range that is meant, where values plainly are in another unit than the one which was told.

    Args:
        seen: the lowest and the highest value.
        told: the value range that was given.
        fractions: whether the values can be fractions.

    Returns:
        None where values may well lie in the range that was told. A black image can have any.
    """
    if told[1] >= BYTES[1] and fractions:
        if _are_fractions(*seen):
            return 0.0, 1.0
        if _are_signed(*seen):
            return -1.0, 1.0
        if told[0] >= 0.0 and _are_standardized(*seen):
            return UNKNOWN
    if told[1] <= 1.0 and _are_bytes(*seen):
        return BYTES
    if not _lie_beyond(*seen, told):
        return None
    if _are_signed(*seen):
        return -1.0, 1.0
    fitting = [top for top in (4095.0, 65535.0) if seen[0] >= -0.5 and 256.0 < seen[1] <= top]
    return (0.0, fitting[0]) if fitting else UNKNOWN


def look(layer: Any, inputs: Any, stacklevel: int = 3) -> None:
    """Warns, once for each layer, if the values that come to it are plainly not in the range that it was told.

    It looks where that costs next to nothing: at a `Rescaling` in front of the layer in the same model, or in front
    of one of its parts; and at the values of an eager call, until one has told the answer.

    Args:
        layer: whose attribute `looks_at_values` says whether there is anything left to find out.
        inputs: of a call.
        stacklevel: as in `warnings.warn`.
    """
    if not layer.looks_at_values:
        return
    if not expects_range(layer):
        layer.looks_at_values = False
        return
    x = primary(layer, inputs)[1]
    in_front = keras_internals.layers_in_front(x) if isinstance(x, keras.KerasTensor) else []
    in_front = [*itertools.takewhile(activity.prepares_data, reversed(in_front))][::-1]
    # Bytes are what everybody rescales. If something else is, the values will show it.
    misfits = _misfits(layer.plan.steps, ranges_along([*in_front, None], BYTES)[-1])
    _report(layer, [each for each in misfits if each.meant in ((0.0, 1.0), (-1.0, 1.0))], stacklevel + 1)
    if tf.is_tensor(x) and tf.executing_eagerly() and x.dtype != tf.bool and 0 not in x.shape:
        look_at(layer, (float(tf.reduce_min(x)), float(tf.reduce_max(x))), x.dtype.is_floating, stacklevel + 1)


def look_when_it_runs(layer: Any, x: Tensor, call: Tensor) -> None:
    """The same in a traced function, whose values are known when it runs: its first call prints what to write.

    Args:
        layer: which is traced.
        x: a batch of numbers.
        call: the number of the call.
    """
    if not layer.looks_at_values or not expects_range(layer):
        return
    steps, fractions = layer.plan.steps, x.dtype.is_floating
    found = [(fits, _misfits(steps, seen, fractions)) for seen, fits in _UNITS.items()]
    beyond = _misfits(steps, (-_LARGEST / 2.0, _LARGEST / 2.0), fractions)
    if beyond and not beyond[0].rescaled:
        found.append((functools.partial(_lie_beyond, told=beyond[0].told), beyond))
    texts = [(fits, _text(layer, [_unseen(each) for each in misfits])) for fits, misfits in found if misfits]

    def text() -> Tensor:
        low, high = (tf.cast(reduced(x), tf.float32) for reduced in (tf.reduce_min, tf.reduce_max))
        return first_that_fits([(fits(low, high), each) for fits, each in texts])

    if texts:
        print_once(call, text)


def _unseen(misfit: "Misfit") -> "Misfit":
    """Where no usual range fits, what the values are can be told only by those who have seen them."""
    return misfit._replace(seen=UNKNOWN) if misfit.meant == UNKNOWN else misfit


def look_at(layer: Any, seen: Range, fractions: bool = True, stacklevel: int = 3) -> None:
    """The same for values of which the lowest and the highest are known.

    Args:
        layer: which they come to.
        seen: their lowest and highest.
        fractions: whether they are of a floating point dtype.
        stacklevel: as in `warnings.warn`.
    """
    if layer.looks_at_values:
        _report(layer, _misfits(layer.plan.steps, seen, fractions), stacklevel + 1)
        if seen[1] > (0.0 if fractions else 1.0):  # not an image that is all black
            layer.looks_at_values = False


def expects_range(layer: Any) -> bool:
    """Whether a layer, or one of those in it, works with a value range."""
    return any(_told(step) is not None for step in layer.plan.steps)


def look_at_array(owner: Any, x: np.ndarray, told: Range, stacklevel: int = 3) -> None:
    """The same for an object with a `value_range` that is no layer of this package, and an array of numbers."""
    seen = float(x.min()), float(x.max())
    meant = meant_range(seen, told, x.dtype.kind == "f")
    if meant is not None:
        warnings.warn(_message(type(owner).__name__, seen, told, meant), UserWarning, stacklevel=stacklevel)


def _message(owner: str, seen: Range, told: Range, meant: Range, of: str = "", to: str = "") -> str:
    (low, high), (lowest, highest), (first, last) = map(_numbers, (seen, told, meant))
    values = "do not lie in it" if seen == UNKNOWN else f"lie from {low} to {high}"
    found = f"{owner}: `value_range`{of and f' of {of}'} is ({lowest}, {highest}), but the values {values}."
    write = f"Give {to}" if to else "Write"
    if meant == UNKNOWN:
        otherwise = "or put the layer before what standardizes them"
        return f"{found} {write} value_range=(lowest, highest) of your data, {otherwise}."
    return f"{found} {write} value_range=({first}, {last})."


class Misfit(NamedTuple):
    """A layer and values that do not belong together.

    Attributes:
        name: of the layer's class.
        seen: the lowest and the highest value that come to it.
        told: the range in which it was told that they lie.
        meant: the range that is meant.
        rescaled: whether another layer has rescaled the values on the way.
    """

    name: str
    seen: Range
    told: Range
    meant: Range
    rescaled: bool


def _misfits(steps: Sequence[Any], entering: Range | None, fractions: bool = True) -> list[Misfit]:
    """Of values that enter in a known range."""
    found, seen = [], entering
    for step in steps:
        if seen is None:
            break
        told = _told(step)
        meant = None if told is None else meant_range(seen, told, fractions or seen != entering)
        if told is not None and meant is not None:
            found.append(Misfit(type(step.drawer).__name__, seen, told, meant, seen != entering))
        seen = behind(getattr(step.layer, "layer", step.layer), seen)
    return found


def _report(layer: Any, misfits: list[Misfit], stacklevel: int) -> None:
    if misfits and layer.looks_at_values:
        layer.looks_at_values = False
        warnings.warn(_text(layer, misfits), UserWarning, stacklevel=stacklevel)


def _text(layer: Any, misfits: list[Misfit]) -> str:
    owner, (_, seen, told, meant, rescaled) = type(layer).__name__, misfits[0]
    names = " and ".join(dict.fromkeys(each.name for each in misfits))
    alone = names == owner
    return _message(owner, seen, told, meant, "" if alone else names, names if rescaled else "" if alone else owner)


def _told(step: Any) -> Range | None:
    """The value range that the layer of a step works with."""
    if not getattr(step.layer, "uses_range", False):
        return None
    return effective_range(step.layer.value_range, step.place.value_range)


def _numbers(pair: Range) -> tuple[str, str]:
    return f"{pair[0]:.6g}", f"{pair[1]:.6g}"
