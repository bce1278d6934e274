from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.checks import check_choice, check_number, wrong
from keras_augsynth.core.dictionaries import DictionaryLayer
from keras_augsynth.core.modalities import MODALITIES, Modality
from keras_augsynth.ops.compiled import shared
from keras_augsynth.ops.random import Random, streams, words
from keras_augsynth.ops.rows import per_sample

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class RandomModalityDrop(DictionaryLayer):
    """Takes whole kinds of data away from a sample, so that a model learns to do with those that are left.

    What is taken away is zeros, or empty texts. One kind at least is left to every sample.

    Args:
        rate: chance, for each sample, that a kind of data is taken away, from 0 to 1. Where all would be, one of them,
            each as likely, stays.
        keys: of the kinds that can be taken away; None: all kinds that are in the input.
        seed: integer; None for a random one.
        **kwargs: `name` and `dtype`.

    Raises:
        ValueError: for a rate outside of [0, 1], or a key that stands for no kind of data.

    Example:

    >>> drop = RandomModalityDrop(0.5, seed=1)
    >>> made = drop({"images": np.ones((6, 8, 8, 3)), "audio": np.ones((6, 40))})
    >>> sorted(made)
    ['audio', 'images']

    Reference:
        Neverova et al.: ModDrop: adaptive multi-modal gesture recognition. TPAMI 38, 2016.
    """

    def __init__(self, rate: float = 0.2, keys: Sequence[str] | None = None, *, seed: int | None = None, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        self.rate = check_number(self, rate, "rate", 0.0, 1.0)
        if isinstance(keys, str) or (keys is not None and not isinstance(keys, Sequence)):
            raise wrong(self, "keys", "be a list of keys, or None", keys, TypeError)
        known = [modality.key for modality in MODALITIES]
        self.keys = None if keys is None else [check_choice(self, key, "keys", known) for key in keys]

    def kinds(self, inputs: dict[str, Any]) -> dict[str, Modality]:
        return {key: kind for key, kind in super().kinds(inputs).items() if self.keys is None or key in self.keys}

    def changed(self, inputs: dict[str, Any], ids: Tensor, epoch: Tensor, single: bool) -> dict[str, Any]:
        kinds = list(self.kinds(inputs))
        seeds = ops.convert_to_tensor(np.array([words(self.seed)], "uint32"))
        keys, scalars = shared(streams)(seeds, words(epoch), words(ids))
        rng = Random(keys[0], *((first[0], second[0]) for first, second in scalars))
        dropped = rng.bernoulli(self.rate, (len(kinds),))
        all_kinds_here = len(kinds) == len(super().kinds(inputs))
        if all_kinds_here:
            spared = ops.expand_dims(rng.integers(0, len(kinds)), 1)
            is_spared = ops.equal(ops.arange(len(kinds), dtype="int32")[None], spared)
            dropped = dropped & ~(ops.all(dropped, axis=1, keepdims=True) & is_spared)
        made = dict(inputs)
        for place, key in enumerate(kinds):
            x = made[key]
            gone = dropped[0, place] if single else per_sample(dropped[:, place], x)
            nothing = ops.convert_to_tensor("") if ops.dtype(x) == "string" else ops.zeros_like(x)
            made[key] = ops.where(gone, nothing, x)
        return made

    def draw_params(self, sample_ids: Any, epoch: int = 0) -> dict[str, Any]:
        """Nothing that could be replayed: what is drawn depends on the kinds in the input."""
        return {}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "keys": self.keys}
