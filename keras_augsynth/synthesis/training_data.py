"""What networks are trained on: arrays are checked, of a data set its first batch."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.synthesis.synthesizer import check_samples

Tensor = Any


def check_data(
    model: Any, x: Any, y: Any, shape: tuple[int, ...], data_range: Sequence[float]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Samples of a shape inside a range and, for a model with `num_classes`, their labels."""
    if model.num_classes is None:
        x, y = np.asarray(x), None
    elif y is None:
        raise wrong(model, "y", f"be given: the networks are conditional (num_classes={model.num_classes})", y)
    else:
        x, y = check_samples(model, x, y)
        if y.max() >= model.num_classes:
            raise wrong(model, "y", f"be below num_classes={model.num_classes}", int(y.max()))
    if x.shape[1:] != shape or not len(x):
        raise wrong(model, "x", f"be samples of shape {shape}, at least one", x.shape)
    if x.dtype.kind not in "biuf":
        raise wrong(model, "x", "be numbers", str(x.dtype), TypeError)
    check_inside(model, x, data_range)
    return x, y


def check_first(model: Any, data: Any, check: Any) -> None:
    """Hands the first batch of a data set that can be begun again to `check(x, y)`."""
    if isinstance(data, tf.data.Dataset):
        batch = next(iter(data.take(1)), None)
    elif isinstance(data, keras.utils.PyDataset):
        batch = data[0]
    else:
        return
    x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    if x is not None:
        check(np.asarray(x), None if y is None else np.asarray(y))


def check_batch(model: Any, samples: Tensor, labels: Tensor | None, weights: Any) -> tuple[Tensor, Tensor | None]:
    """A batch in a graph: samples and, for a model with `num_classes`, int32 labels `(N,)`."""
    if weights is not None:
        raise wrong(model, "sample_weight", f"not be given: {_NOT_IN_FIT['sample_weight']}", weights)
    count = model.num_classes
    if count is None:
        return samples, None
    if labels is None:
        raise wrong(model, "y", f"be given: the networks are conditional (num_classes={count})", labels)
    labels = ops.convert_to_tensor(labels)
    if len(labels.shape) > 2 or (len(labels.shape) == 2 and labels.shape[1] != 1):
        needed = "be integer labels (N,); `np.argmax(y, axis=1)` turns one-hot rows into them"
        raise wrong(model, "y", needed, f"{labels.dtype.name} {tuple(labels.shape)}")
    labels = ops.reshape(ops.cast(labels, "int32"), (-1,))
    exist = ops.all(ops.logical_and(labels >= 0, labels < count))
    message = f"{type(model).__name__}: `y` must be from 0 to {count - 1}. Received: y="
    with tf.control_dependencies([tf.debugging.Assert(exist, [message, labels])]):  # XLA, on a GPU, leaves it out
        return samples, tf.identity(labels)


def check_inside(owner: Any, x: np.ndarray, data_range: Sequence[float]) -> None:
    """Refuses what is not finite or outside of the range."""
    least, most = x.min(), x.max()
    if not (np.isfinite(least) and np.isfinite(most)):  # extremes pass on what is not finite
        raise wrong(owner, "x", "be finite", f"values from {least:g} to {most:g}")
    low, high = data_range
    # An image that was resampled leaves its range by rounding: 255.00002 is no other unit than 255.
    slack = 1e-6 * (high - low) if np.isfinite(high - low) else 0.0
    if not low - slack <= least <= most <= high + slack:
        reason = f"lie in [{low:g}, {high:g}] (give another `value_range` or scale the data)"
        raise wrong(owner, "x", reason, f"values from {least:g} to {most:g}")


_NOT_IN_FIT = {
    "sample_weight": "classes come up equally often, and so do the samples of a class",
    "class_weight": "classes come up equally often",
    "validation_split": "hand in samples that are held out as `validation_data`",
}


def check_fit_arguments(model: Any, arguments: dict[str, Any]) -> None:
    """Refuses what `fit` of a Keras model takes and would not be heard here."""
    for name, instead in _NOT_IN_FIT.items():
        if arguments.get(name) is not None and np.any(arguments[name]):
            raise wrong(model, name, f"not be given: {instead}", arguments[name])
