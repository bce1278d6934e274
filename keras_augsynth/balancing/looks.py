"""The recall of each class on validation rows, after every epoch."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_augsynth.balancing.labels import Target, weighted
from keras_augsynth.balancing.outputs import Outputs
from keras_augsynth.balancing.trials.validation import Validation, collected, predicted

_MOST_BYTES = 2**28  # of validation rows that are kept
_MOST_ROWS = 4096  # that are looked at after an epoch: all of rare classes, as many of each of the others


class Looks:
    """Looks at a model after each epoch.

    Args:
        model: in `fit`.
        outputs: reads it.
        validation: rows to look at.
        classes: how many there are.
    """

    def __init__(self, model: keras.Model, outputs: Outputs, validation: Validation, classes: int):
        self._model, self._outputs = model, outputs
        large = len(validation.labels) > _MOST_ROWS
        self._validation = validation.at_most(_MOST_ROWS, classes, 0) if large else validation

    def __call__(self) -> np.ndarray:
        """`(classes,)`; NaN for a class without rows."""
        outputs = predicted(self._model, self._validation.x)
        return recalls(self._outputs.of_arrays(outputs), self._validation.labels)


def recalls(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`(classes,)`; NaN where there are no rows."""
    right = (probabilities.argmax(1) == labels) & ~np.isnan(probabilities).any(1)
    hit = np.bincount(labels[right], minlength=probabilities.shape[1])
    with np.errstate(invalid="ignore"):
        return hit / np.bincount(labels, minlength=probabilities.shape[1])


def logs_of(recall: np.ndarray) -> dict[str, float]:
    """ "val_balanced_accuracy" and "val_worst_recall" of the classes that have validation rows."""
    known = recall[~np.isnan(recall)]
    mean, worst = (known.mean(), known.min()) if len(known) else (np.nan, np.nan)
    return {"val_balanced_accuracy": float(mean), "val_worst_recall": float(worst)}


def validation_rows(
    owner: Any, given: dict[str, Any], target: Target, classes: int, form: Any, most: int = _MOST_BYTES
) -> Validation | None:
    """Rows of `validation_data` with class numbers, the first ones if there are very many; None if there is none.

    Args:
        owner: named in errors.
        given: arguments of `fit`.
        target: which of several outputs is meant.
        classes: of the labels.
        form: shape of one training label; None: not known yet.
        most: bytes.
    """
    data = given.get("validation_data")
    if data is None:
        return None
    if not isinstance(data, Iterator):  # which is refused
        data = [data] if isinstance(data, (tuple, list)) else data
        data = _Batches(data, target, most)
    return collected(owner, data, given.get("validation_steps"), classes, form)


class _Batches:
    """(x, labels of the target) of the rows that count, until there are enough."""

    def __init__(self, data: Any, target: Target, most: int):
        self._data, self._target, self._most = data, target, most

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        data, size = self._data, 0
        batches = (data[k] for k in range(len(data))) if isinstance(data, keras.utils.PyDataset) else iter(data)
        for batch in batches:
            x, y, weight = keras.utils.unpack_x_y_sample_weight(tuple(batch))
            y = self._target.of(y)
            parts = keras.tree.flatten(x)
            counted = weighted(self._target.of(weight), len(parts[0]))
            if y is not None and not counted.all():
                some = lambda part, counted=counted: np.asarray(part)[counted]
                x, y = keras.tree.map_structure(some, x), some(y)
            yield x, y
            size += sum(np.asarray(part).nbytes for part in parts)
            if size > self._most:
                return
