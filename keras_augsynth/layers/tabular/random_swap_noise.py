from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.modalities import TABULAR
from keras_augsynth.ops.lookup import along_last


class RandomSwapNoise(Augmentation):
    """Replaces values by those that other rows of the batch have in the same column.

    So every column keeps the values that it can have, whatever its kind: the usual noise for tables.

    Args:
        rate: chance that a value is replaced, from 0 to 1; a pair (low, high) draws one for each row.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(batch, features)`. A single row, `(features,)`, stays as it is.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a rate outside of [0, 1].

    Example:

    >>> rows = np.arange(12.0).reshape(4, 3)
    >>> bool(np.isin(RandomSwapNoise(0.5, seed=1)(rows), rows).all())
    True
    """

    modalities = (TABULAR,)
    draws_pixels = True
    mixes = True  # rows depend on who else is in the batch

    def __init__(self, rate: float | tuple[float, float] = 0.15, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = check_range(self, rate, "rate", 0.0, 1.0)

    def draw(self, rng, view) -> dict[str, Tensor]:
        others = ops.maximum(ops.cast(view.shape[0], "int32"), 2)
        return {
            "swapped": rng.bernoulli(rng.uniform(*self.rate), view.shape[1:]),
            "step": rng.integers(1, others, view.shape[1:]),
        }

    def apply(self, x, params) -> Tensor:
        count = ops.shape(x)[0]
        own = ops.expand_dims(ops.arange(count, dtype="int32"), 1)
        source = (own + params["step"]) % ops.maximum(ops.cast(count, "int32"), 1)
        swapped = ops.transpose(along_last(ops.transpose(x), ops.transpose(source)))
        return ops.where(params["swapped"], swapped, x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": strength}
