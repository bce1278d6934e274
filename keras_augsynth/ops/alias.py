"""Draws from a few numbers by their weights, in constant time: Walker's alias method."""

from typing import Any

import numpy as np
from keras import ops

Tensor = Any


def alias(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(the chance with which each place is kept, the place that is taken otherwise), for weights of at least 0."""
    kept = weights * (len(weights) / weights.sum())
    instead = np.arange(len(weights))
    poor, rich = list(np.flatnonzero(kept < 1.0)), list(np.flatnonzero(kept >= 1.0))
    while poor and rich:
        taker, giver = poor.pop(), rich[-1]
        instead[taker] = giver
        kept[giver] -= 1.0 - kept[taker]
        if kept[giver] < 1.0:
            poor.append(rich.pop())
    kept[poor + rich] = 1.0  # what rounding has left over
    return kept, instead


def drawn(kept: np.ndarray, instead: np.ndarray, place_luck: Tensor, luck: Tensor) -> Tensor:
    """int32, places that are as likely as their weights.

    Args:
        kept: of `alias`.
        instead: of `alias`.
        place_luck: float32 in [0, 1), any shape.
        luck: float32 in [0, 1), the same shape.
    """
    place = ops.minimum(ops.cast(place_luck * float(len(kept)), "int32"), len(kept) - 1)
    stays = luck < ops.take(kept.astype("float32"), place)
    return ops.where(stays, place, ops.take(instead.astype("int32"), place))
