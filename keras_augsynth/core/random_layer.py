"""`RandomLayer`: what all layers of this package have that draw, for one kind of data or for several."""

import random as python_random
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core import keras_internals
from keras_augsynth.core.checks import check_seed


class RandomLayer(keras.layers.Layer):
    """A layer with a seed, a counter of its calls that is saved with it, and inputs in their own dtypes.

    Args:
        seed: integer; where it is None, one is drawn from the source that `keras.utils.set_random_seed` fixes.
        **kwargs: `name` and `dtype`.
    """

    has_chance: Any = True  # whether anything is drawn

    def __init__(self, *, seed: int | None = None, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        seed = check_seed(self, seed)
        self.is_seeded = seed is not None
        self.seed = python_random.randint(1, 10**9) if seed is None else seed  # Keras's own source
        self._calls = keras.random.SeedGenerator(0) if self.has_chance else None  # state 1 counts the calls
        keras_internals.accept_inputs_as_they_are(self)

    def augmentations(self) -> list[Any]:  # no property: Keras would write what it holds into files
        """The layers for one kind of data that carry it out."""
        return []

    def save_own_variables(self, store: dict) -> None:
        super().save_own_variables(store)
        if self._calls is not None:
            store["calls"] = np.asarray(ops.convert_to_tensor(self._calls.state))

    def load_own_variables(self, store: dict) -> None:
        if self._calls is not None:
            self._calls.state.assign(store["calls"])
        super().load_own_variables({name: store[name] for name in set(store.keys()) - {"calls"}})
