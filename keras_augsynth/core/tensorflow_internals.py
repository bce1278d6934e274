"""Every private name of TensorFlow that this package uses."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops


def forget_gradients(graph: Any) -> None:
    """Lets go of a graph that is not used again.

    TensorFlow keeps each function with a gradient of its own for ever, by a name, and Keras's optimizers make one
    whenever a training step is traced: it holds the whole graph of the step.

    Args:
        graph: in which the functions were made; None: it is gone already.
    """
    if graph is None:
        return
    entries = ops.gradient_registry._registry
    for name in [name for name in entries if name.startswith("CustomGradient-")]:
        if any(getattr(tensor, "graph", None) is graph for tensor in _captured(entries[name]["type"])):
            del entries[name]


def _captured(function: Any, depth: int = 3) -> Iterator[Any]:
    """The tensors that a function, or one inside it, has in its closure."""
    for cell in getattr(function, "__closure__", None) or ():
        value = cell.cell_contents
        if callable(value) and depth:
            yield from _captured(value, depth - 1)
        elif isinstance(value, (list, tuple)):
            yield from filter(tf.is_tensor, value)
