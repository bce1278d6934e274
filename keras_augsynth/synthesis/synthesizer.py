"""The two methods that every source of samples has, and the checks of what they are given."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_classes, wrong

Tensor = Any


@runtime_checkable
class Synthesizer(Protocol):
    """Something that learns from labelled samples and makes new ones."""

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Learns from samples `(N, ...)` and integer labels `(N,)`."""

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        """New samples `(N, ...)` for integer labels `(N,)`, in the range and the dtype of those it learned from.

        It runs in a graph, `seed` may be a tensor, and row i depends on the seed, the label and i alone.
        """


def check_source(owner: Any, source: Any) -> None:
    """What a callback draws samples from."""
    if not isinstance(source, Synthesizer):
        raise wrong(owner, "synthesizer", "be given: the model in training makes no samples", source, TypeError)


def check_samples(owner: Any, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Samples and their integer labels as arrays."""
    given, x = x, _array(x)
    if not x.ndim:
        needed = "be an array (N, ...); for samples of several parts there are AugmentedResampler and PairedResampler"
        raise wrong(owner, "x", needed, type(given).__name__, TypeError)
    return x, check_classes(owner, y, len(x))


def _array(x: Any) -> np.ndarray:
    """Without an axis where it is none, such as a dictionary, or arrays of different shapes."""
    try:
        array = np.asarray(x)
    except (TypeError, ValueError):
        return np.asarray(None)
    if array.dtype == object and hasattr(x, "columns") and all(dtype.kind in "iuf" for dtype in x.dtypes):
        return x.to_numpy("float64", na_value=np.nan)  # Int64 and its like
    return array


def check_labels(owner: Any, labels: Tensor, num_classes: int) -> Tensor:
    """Labels to sample for as an int32 tensor; their range is looked at where it can be."""
    labels = ops.convert_to_tensor(labels)
    if "int" not in ops.dtype(labels) or len(labels.shape) != 1:
        raise wrong(owner, "labels", "be integers (N,)", f"{ops.dtype(labels)} {tuple(labels.shape)}", TypeError)
    if tf.executing_eagerly() and len(labels) and not 0 <= int(ops.min(labels)) <= int(ops.max(labels)) < num_classes:
        raise wrong(owner, "labels", f"be from 0 to {num_classes - 1}", np.unique(labels))
    return ops.cast(labels, "int32")
