"""`warm_up`: pays for the compilation up front."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.random_layer import RandomLayer


def warm_up(layer: RandomLayer, data: Any, *, dtype: str = "uint8", verbose: int = 1) -> int:
    """Compiles a layer for the sizes of batches that will come, with a progress bar; nothing has to be called before.

    Without it a size is compiled when it has come often enough. Afterwards the layer is as it was: its next call
    draws what it would have drawn.

    Args:
        layer: a layer of this package, with `jit=None` or `True`; of a `MultiModal`, the layers in it are compiled.
        data: the shape of a batch, a list of shapes, or a `tf.data.Dataset` of batches as the layer will be given
            them, which is read once. For several kinds of data a data set.
        dtype: of the batches, where shapes are given.
        verbose: 1 shows a progress bar, 0 nothing.

    Returns:
        For how many sizes the layer was compiled.

    Raises:
        TypeError: for something that is no layer of this package.
        ValueError: for shapes with unknown sizes, and a layer that is never compiled.

    Example:

    >>> augment = Pipeline([RandomFlip("horizontal"), RandomRotation(0.1)])
    >>> warm_up(augment, (8, 32, 32, 3), verbose=0)
    1
    """
    if not isinstance(layer, RandomLayer):
        raise wrong("warm_up", "layer", "be a layer of keras_augsynth", layer, TypeError)
    parts = layer.augmentations()
    if all(part.jit is False for part in parts):
        raise wrong("warm_up", "layer", "be one that is compiled: with `jit=None` or `jit=True`", layer)
    elements = _of_a_dataset(data) if isinstance(data, tf.data.Dataset) else _of_shapes(data, dtype)
    bar = keras.utils.Progbar(None if isinstance(data, tf.data.Dataset) else len(elements), verbose=verbose)
    counters = [each._calls for each in {layer, *parts} if each._calls is not None]
    counts = [np.asarray(keras.ops.convert_to_numpy(calls.state)) for calls in counters]
    looks = [(part.looks_at_values, part.looks_left) for part in parts]
    for part in parts:
        part.remember_sizes()
        part.plan.is_warming = True
        part.looks_at_values, part.looks_left = False, frozenset()  # zeros say nothing about what will come
    seen: set[Any] = set()
    try:
        for element in elements:
            form = str(keras.tree.map_structure(lambda t: (t.shape, t.dtype), element))
            if form not in seen:
                layer(*element, training=True)
            seen.add(form)
            bar.add(1)
    finally:
        for part, looked in zip(parts, looks, strict=True):
            part.plan.is_warming, (part.looks_at_values, part.looks_left) = False, looked
        for calls, count in zip(counters, counts, strict=True):
            calls.state.assign(count)
    return len(seen)


def _of_a_dataset(dataset: tf.data.Dataset) -> Iterator[tuple]:
    for element in dataset:
        yield element if isinstance(element, tuple) else (element,)


def _of_shapes(data: Any, dtype: str) -> list[tuple]:
    shapes = data if all(isinstance(each, Sequence) or hasattr(each, "rank") for each in data) else [data]
    if any(length is None for shape in shapes for length in shape):
        raise wrong("warm_up", "data", "be shapes whose sizes are all known", data)
    return [(tf.zeros(tuple(shape), dtype),) for shape in shapes]
