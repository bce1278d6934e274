"""Teachers: classifiers that were trained on real rows only, and say which generated rows may be used."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

Tensor = Any

_BATCH = 64


class Teachers:
    """Two copies of a model, each trained anew on one half of the real rows, its classes equally often.

    A sample is accepted if both give its label the highest probability. One that repeats a real row has been learned
    from by one of the two only, so the other always judges it as new.

    Args:
        model: compiled; it is cloned, not changed.
        x: real rows, arrays.
        y: their labels, in the form that the model's losses take.
        labels: class numbers `(N,)`.
        steps: training steps of each.
        to_probabilities: of the model's outputs.
        seed: of the halves and the order.
    """

    def __init__(
        self,
        model: keras.Model,
        x: Any,
        y: Any,
        labels: np.ndarray,
        steps: int,
        to_probabilities: Callable[[Tensor], Tensor],
        seed: int,
    ):
        self._to_probabilities = to_probabilities
        rng = np.random.default_rng(seed)
        half = np.zeros(len(labels), "bool")
        for label in np.unique(labels):
            mine = rng.permutation(np.flatnonzero(labels == label))
            half[mine[: len(mine) // 2]] = True
        self._models = [self._trained(model, x, y, labels, chosen, steps, rng) for chosen in (half, ~half)]

    def _trained(self, model, x, y, labels, chosen, steps, rng) -> keras.Model:
        # What was adapted is no part of a configuration; it is not trained, so the copies can share it.
        own = lambda layer: layer if hasattr(layer, "adapt") else type(layer).from_config(layer.get_config())
        teacher = keras.models.clone_model(model, clone_function=own)
        teacher.compile(keras.optimizers.Adam(1e-3), model.loss, jit_compile=False)
        classes = [np.flatnonzero(chosen & (labels == label)) for label in np.unique(labels[chosen])]
        rows = np.concatenate([rng.choice(mine, -(-steps * _BATCH // len(classes))) for mine in classes])
        rows = rng.permutation(rows)[: steps * _BATCH]
        batches = tf.data.Dataset.from_tensor_slices(rows).batch(_BATCH)
        pairs = keras.tree.map_structure(tf.convert_to_tensor, (x, y))
        take = lambda which: keras.tree.map_structure(lambda part: tf.gather(part, which), pairs)
        teacher.fit(batches.map(take), shuffle=False, verbose=0)
        return teacher

    def __call__(self, samples: Any, labels: Tensor) -> Tensor:
        agree = [
            ops.equal(
                ops.cast(ops.argmax(self._to_probabilities(teacher(samples, training=False)), axis=1), "int32"), labels
            )
            for teacher in self._models
        ]
        return ops.logical_and(*agree)
