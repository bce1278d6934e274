"""What the synthesizers that are no neural network have in common: checks, balancing, one file."""

import json
import os
import zipfile
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.extras import pandas
from keras_augsynth.core.files import beside
from keras_augsynth.core.table_schema import TableSchema
from keras_augsynth.synthesis.stored import Stored, check_stored
from keras_augsynth.synthesis.synthesizer import check_labels, check_samples

Tensor = Any


class FittedSynthesizer:
    """A synthesizer that consists of its configuration and a dictionary of arrays.

    A subclass has `get_config`, `state`, `layout` and `restore`.
    """

    num_classes: int | None = None
    """Known from `fit` on."""
    class_counts: np.ndarray
    """Rows of each class that was fitted."""

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Self:
        raise NotImplementedError

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments, as JSON can hold them."""
        raise NotImplementedError

    def state(self) -> dict[str, np.ndarray]:
        """What was learned."""
        raise NotImplementedError

    def layout(self) -> dict[str, Stored]:
        """What the arrays of `state` must be: a file is held to it."""
        raise NotImplementedError

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Takes what `state` returned."""
        raise NotImplementedError

    def fit_resample(self, x: Any, y: Any, seed: int | Tensor | None = None, **kwargs: Any) -> tuple[Any, np.ndarray]:
        """Fits, and returns the data with new rows behind them that bring every class up to the largest.

        Args:
            x: array `(N, ...)`, or a DataFrame; of one that the synthesizer takes as numbers, whole ones are rounded.
            y: integer labels `(N,)`.
            seed: as in `sample`.
            **kwargs: as in `fit`.
        """
        self.fit(x, y, **kwargs)
        _, y = check_samples(self, range(len(x)), y)
        counts = np.bincount(y)
        labels = np.repeat(np.arange(len(counts)), np.where(counts, counts.max() - counts, 0))
        made = self.sample(labels, seed=seed)
        if hasattr(x, "columns"):
            together = pandas().concat([x, made if hasattr(made, "columns") else _frame(x, made)], ignore_index=True)
        else:
            together = np.concatenate([np.asarray(x), ops.convert_to_numpy(made)])
        return together, np.concatenate([y, labels])

    def save(self, path: str | os.PathLike) -> None:
        """Writes everything to one file. It is written beside and moved into place: a file that is there stays whole.

        Args:
            path: of the file, ".npz" by custom.
        """
        self._must_be_fitted("save")
        head = json.dumps({"class": keras.saving.get_registered_name(type(self)), "config": self.get_config()})
        with beside(path) as part, open(part, "wb") as file:
            np.savez(file, **{_HEAD: np.array(head)}, **self.state())

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """The synthesizer that `save` has written.

        Args:
            path: of the file.

        Raises:
            ValueError: for a file that is damaged, or of something else.
        """
        try:
            head, state = _read(path)
            found = keras.saving.get_registered_object(head["class"])
            is_ours = found is None or issubclass(found, cls)
            if is_ours:
                synthesizer = found.from_config(head["config"])
                check_stored(synthesizer, state, synthesizer.layout())
                synthesizer.restore(state)
        except OSError:
            raise  # there is no such file, or it cannot be read
        except Exception as error:  # whatever the code of any synthesizer makes of arrays that are not its own
            reason = f"be a whole file that {cls.__name__}.save has written; this one is damaged, or something else"
            raise wrong(cls.__name__, "path", reason, str(path)) from error
        if not is_ours:
            raise wrong(cls.__name__, "path", f"be a file of {cls.__name__}, not of {head['class']}", str(path))
        return synthesizer

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)

    def _must_be_fitted(self, method: str) -> None:
        if self.num_classes is None:
            raise wrong(self, method, "come after `fit`", f"{method}()", RuntimeError)

    def _checked_labels(self, labels: Tensor, method: str = "sample") -> Tensor:
        """int32 labels of classes that have rows; in a graph that XLA compiles nobody can look."""
        self._must_be_fitted(method)
        labels = check_labels(self, labels, self.num_classes)
        if np.all(self.class_counts):
            return labels
        known = np.flatnonzero(self.class_counts)
        if tf.executing_eagerly():
            if not np.isin(labels, known).all():
                raise wrong(self, "labels", f"be classes that had rows in `fit`, {known}", np.unique(labels))
            return labels
        there = ops.all(ops.take(self.class_counts > 0, labels))
        tf.debugging.Assert(there, [f"{type(self).__name__}: `labels` must be classes that had rows in `fit`, {known}"])
        return labels


def _read(path: str | os.PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(class and configuration, arrays) of a file."""
    with open(path, "rb") as opened:
        # What `save` writes is not compressed: a small file cannot become large arrays.
        packed = [entry.filename for entry in zipfile.ZipFile(opened).infolist() if entry.compress_type]
        if packed:
            raise wrong("load", "path", "hold arrays that are not compressed", packed)
        opened.seek(0)
        with np.load(opened, allow_pickle=False) as file:
            state = {name: file[name] for name in file.files}
    return json.loads(str(state.pop(_HEAD))), state


def _frame(like: Any, rows: Tensor) -> Any:
    """Rows as a DataFrame with the columns and dtypes of `like`."""
    if rows.dtype != tf.string:
        return TableSchema.from_dataframe(like).decode(rows)
    texts = np.vectorize(bytes.decode, otypes=[object])(rows.numpy())
    return pandas().DataFrame(texts, columns=like.columns).astype(like.dtypes)


def check_numbers(owner: Any, x: Any, y: Any, advice: str = "drop or fill them") -> tuple[np.ndarray, np.ndarray]:
    """Samples of finite numbers, and their labels."""
    x, y = check_samples(owner, x, y)
    if x.dtype.kind not in "fiu" or x.ndim < 2:
        needed = "be numbers (N, ...)"
        if x.dtype.kind == "O":
            needed += "; SMOTENC, GaussianCopulaSynthesizer and TableSynthesizer take columns of several types"
        raise wrong(owner, "x", needed, f"{x.dtype} {x.shape}", ValueError if x.ndim < 2 else TypeError)
    if x.dtype.kind == "f":
        whole = np.isfinite(x).reshape(len(x), -1).all(axis=1)
        if not whole.all():
            count = int(np.count_nonzero(~whole))
            raise wrong(owner, "x", f"be finite ({advice})", f"{count} of {len(x)} rows with NaN or infinity")
    return x, y


_HEAD = "head"
