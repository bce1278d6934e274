from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_number, wrong
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices

_Range = float | int | Sequence[float]


class GeneratorShift(Geometric, listed=False):
    """Shifts each image as the old `ImageDataGenerator` did, by fractions, by pixels or by one of a list.

    Args:
        height_shift_range: a float f below 1 means a fraction from (-f, f) of the height, from 1 on pixels;
            an integer n means whole pixels in (-n, n); a list means one of its numbers, up or down: pixels,
            unless all lie between -1 and 1.
        width_shift_range: the same for the width.
        **kwargs: as in `Geometric`.
    """

    def __init__(self, height_shift_range: _Range = 0.0, width_shift_range: _Range = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.height_shift_range = check_shift(self, height_shift_range, "height_shift_range")
        self.width_shift_range = check_shift(self, width_shift_range, "width_shift_range")

    def draw(self, rng, view) -> Params:
        return {"down": _draw(rng, self.height_shift_range), "right": _draw(rng, self.width_shift_range)}

    def matrix(self, params, size) -> Tensor:
        shifts = []
        for name, length, limit in (
            ("right", size[1], self.width_shift_range),
            ("down", size[0], self.height_shift_range),
        ):
            unit = ops.cast(length, "float32") if np.max(np.abs(limit)) < 1 else 1.0
            shifts.append(-params[name] * unit)
        return matrices.translation(*shifts)


def check_shift(owner: Any, value: Any, name: str) -> float | int | list[float]:
    """A float or an integer of at least 0, or a list of numbers."""
    if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str) and np.ndim(value) == 1:
        if not len(value):
            raise wrong(owner, name, "have at least one number", value)
        return [check_number(owner, number, name) for number in value]
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return check_integer(owner, value, name, 0)
    return check_number(owner, value, name, 0.0)


def _draw(rng: Any, limit: float | int | list[float]) -> Tensor:
    if isinstance(limit, float):
        return rng.uniform(-limit, limit)
    choices = np.array(limit if isinstance(limit, list) else range(max(limit, 1)), "float32")
    chosen = ops.take(choices, rng.integers(0, len(choices)), axis=0)
    return ops.where(rng.bernoulli(0.5), chosen, -chosen)
