"""In which range values lie along a sequence of layers."""

from collections.abc import Sequence
from typing import Any

import keras

Range = tuple[float, float]


def ranges_along(layers: Sequence[Any], value_range: Range | None) -> list[Range | None]:
    """The value range in front of each layer, for data that enter in `value_range`; None where it is not known."""
    ranges = []
    for layer in layers:
        ranges.append(value_range)
        value_range = behind(layer, value_range)
    return ranges


def behind(layer: Any, value_range: Range | None) -> Range | None:
    """The value range behind a layer; None where it is not known."""
    if value_range is None:
        return None
    if isinstance(layer, keras.layers.Rescaling):
        scale, offset = layer.scale, layer.offset
        known = (scale, offset) if isinstance(scale, (int, float)) and isinstance(offset, (int, float)) else None
    elif getattr(layer, "is_value_map", False):
        known = layer.constant_map
    else:
        return value_range
    if known is None:
        return None
    ends = [end * known[0] + known[1] for end in value_range]
    return min(ends), max(ends)
