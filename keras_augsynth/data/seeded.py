"""Augmented rows that are a pure function of the rows, the layer and a seed."""

from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.inputs import primary
from keras_augsynth.ops.casting import to_dtype

Tensor = Any


def seeded(augment: Augmentation, rows: Tensor, seed: Tensor) -> Tensor:
    """Each of `rows` `(N, ...)` augmented by its own draw, in their dtype.

    Args:
        augment: a layer or a pipeline.
        rows: one tensor, or a dictionary that the layer takes.
        seed: scalar integer tensor.
    """
    key, x, modality = primary(augment, rows)
    if key is None and augment.modality is None:  # rows are a batch, whatever a tensor of this rank is otherwise
        modality = next((each for each in augment.modalities if each.rank == len(x.shape) - 1), modality)
        if not modality.rank:
            return seeded(augment, rows[:, None], seed)[:, 0]
    key = modality.key if key is None else key
    given = rows if isinstance(rows, dict) else {key: rows}
    ids = ops.arange(ops.shape(x)[0], dtype="int32")
    augmented = augment({**given, "sample_ids": ids, "epoch": seed}, training=True)
    if not isinstance(rows, dict):
        return to_dtype(augmented[key], rows.dtype)
    return {name: to_dtype(augmented[name], part.dtype) for name, part in rows.items()}
