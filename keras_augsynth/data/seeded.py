"""Augmented rows that are a pure function of the rows, the layer and a seed."""

from typing import Any

from keras import ops

from keras_augsynth.core.dictionaries import DictionaryLayer
from keras_augsynth.core.primary import primary
from keras_augsynth.core.random_layer import RandomLayer
from keras_augsynth.ops.casting import to_dtype

Tensor = Any


def seeded(augment: RandomLayer, rows: Any, seed: Tensor) -> Any:
    """Each of `rows` `(N, ...)` augmented by its own draw, in their dtype.

    Args:
        augment: a layer or a pipeline.
        rows: one tensor, or a dictionary that the layer takes.
        seed: scalar integer tensor.
    """
    if isinstance(augment, DictionaryLayer):
        if not isinstance(rows, dict):
            return augment(rows)  # which says what it takes
        return _in_dictionary(augment, rows, next(iter(rows.values())), seed)
    key, x, modality = primary(augment, rows)
    if key is not None:
        return _in_dictionary(augment, rows, x, seed)
    # Rows are a batch, whatever a tensor of this rank is otherwise.
    if augment.modality is None and modality.rank != len(x.shape) - 1:
        modality = next((each for each in augment.modalities if each.rank == len(x.shape) - 1), modality)
    if augment.modality is None and not modality.rank and modality.dtype == "number":  # a text has no axes either
        return seeded(augment, rows[:, None], seed)[:, 0]
    return _in_dictionary(augment, {modality.key: rows}, x, seed)[modality.key]


def _in_dictionary(augment: Any, rows: dict[str, Tensor], x: Tensor, seed: Tensor) -> dict[str, Tensor]:
    """The parts of `rows`, of which there are as many as of `x`."""
    ids = ops.arange(ops.shape(x)[0], dtype="int32")
    augmented = augment({**rows, "sample_ids": ids, "epoch": seed}, training=True)
    return {name: to_dtype(augmented[name], part.dtype) for name, part in rows.items()}
