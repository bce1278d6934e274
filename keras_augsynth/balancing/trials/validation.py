"""The validation rows that a balancer judges by."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth.balancing.labels import check_labels
from keras_augsynth.core.checks import wrong

_MOST_BATCHES = 1000


class Validation(NamedTuple):
    """Rows and their labels.

    Attributes:
        x: arrays, in the model's structure.
        labels: class numbers `(N,)`.
    """

    x: Any
    labels: np.ndarray

    def at_most(self, rows: int, classes: int, seed: int) -> "Validation":
        """About as many rows, or fewer: all of the rare classes, and the same number of each of the others."""
        counts = np.bincount(self.labels, minlength=classes)
        limits = np.arange(counts.max() + 1)
        limit = limits[np.searchsorted(np.minimum(counts[:, None], limits).sum(0), rows, side="right") - 1]
        order = np.random.default_rng(seed).permutation(len(self.labels))
        rank = np.zeros(len(order), "int64")
        for label in range(classes):
            mine = self.labels[order] == label
            rank[order[mine]] = np.arange(np.count_nonzero(mine))
        return self.only(np.flatnonzero(rank < max(limit, 1)))

    def only(self, rows: np.ndarray) -> "Validation":
        return Validation(keras.tree.map_structure(lambda part: part[rows], self.x), self.labels[rows])


def collected(owner: Any, data: Any, steps: int | None, classes: int, form: Any) -> Validation:
    """What `fit` was given as `validation_data`.

    Args:
        owner: named in errors.
        data: `(x, y)`, `(x, y, weight)`, or a data set of batches of them, which can be gone through again.
        steps: how many batches; None: all, up to 1000.
        classes: of the labels.
        form: shape of one training label; None: not known yet.
    """
    if isinstance(data, (tuple, list)):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(tuple(data))
        batches = [(x, y)]
    elif isinstance(data, Iterator):
        raise wrong(owner, "validation_data", "be arrays or a data set: a generator is used up by looking", data)
    else:
        source = (data[k] for k in range(len(data))) if isinstance(data, keras.utils.PyDataset) else iter(data)
        limit = _MOST_BATCHES if steps is None else steps
        batches = [keras.utils.unpack_x_y_sample_weight(batch)[:2] for batch in itertools.islice(source, limit)]
    if not batches or batches[0][1] is None:
        raise wrong(owner, "validation_data", "hold rows and their labels", "no rows" if not batches else "no labels")
    array = lambda part: part.numpy() if tf.is_tensor(part) else np.asarray(part)
    xs, ys = zip(*[(keras.tree.map_structure(array, x), array(y)) for x, y in batches], strict=True)
    y = np.concatenate(ys)
    x = keras.tree.map_structure(lambda *parts: np.concatenate(parts), *xs)
    return Validation(x, check_labels(owner, y, "validation_data", classes, form))


def predicted(model: keras.Model, x: Any) -> Any:
    """What a model makes of rows; texts become tensors, since Keras takes arrays of `str`, but none of bytes."""
    taken = lambda part: tf.constant(part) if part.dtype.kind in "OSU" else part
    return model.predict(keras.tree.map_structure(taken, x), batch_size=256, verbose=0)
