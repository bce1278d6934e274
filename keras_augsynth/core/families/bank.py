"""`Bank`: the part of a layer that keeps what it has learned from examples."""

from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import wrong
from keras_augsynth.ops.random import Random

Tensor = Any


class Bank(Augmentation, listed=False):
    """An augmentation with a bank of examples, entries of one shape, which is saved with its weights.

    Args:
        **kwargs: as in `Augmentation`.
    """

    examples = "references"  # the argument that gives them
    needs_examples = True  # whether the layer can do nothing without

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._bank: Any = None

    def fill(self, entries: np.ndarray) -> None:
        """Keeps entries `(E, ...)`, in the place of others of the same shape."""
        if self._bank is None:
            self.make_bank(entries.shape)
        elif tuple(self._bank.shape) != entries.shape:
            count, *shape = self._bank.shape
            needed = f"be {count} as before, each kept as {tuple(shape)}: make a new layer for others"
            raise wrong(self, self.examples, needed, entries.shape)
        self._bank.assign(entries)

    def make_bank(self, shape: tuple[int, ...]) -> None:
        """Makes the weights for a bank of `shape`."""
        self._bank = self.bank_weight("bank", shape)

    def bank_weight(self, name: str, shape: tuple[int, ...], dtype: str = "float32") -> Any:
        """A weight that is learned from examples, not trained."""
        shape = tuple(shape)
        return self.add_weight(
            name=name, shape=shape, initializer="zeros", dtype=dtype, trainable=False, autocast=False
        )

    def build(self, input_shape: Any) -> None:
        if self._bank is None and self.needs_examples:
            raise wrong(self, self.examples, "be given, or learned by `adapt`, before the layer is used", None)
        self.built = True

    def get_build_config(self) -> dict | None:
        return None if self._bank is None else {"bank": list(self._bank.shape)}

    def build_from_config(self, config: dict) -> None:
        if self._bank is None:
            self.make_bank(config["bank"])
        self.built = True

    def entry_index(self, rng: Random) -> Tensor:
        """int32 `(N,)`: which entry each sample is given."""
        return rng.integers(0, self._bank.shape[0])

    def entries(self, index: Tensor) -> Tensor:
        """`(N, ...)`: the entries of `entry_index`."""
        return ops.take(self._bank.value, index, axis=0)
