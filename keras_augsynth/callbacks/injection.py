"""Appends rows to a model's training batches, inside the training graph, and stops doing so."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

Tensor = Any


class Rows(NamedTuple):
    """Rows to append to a batch.

    Attributes:
        x: as the batch's.
        y: as the batch's.
        active: how many of them count, from the first; a scalar tensor. None: all.
    """

    x: Any
    y: Tensor
    active: Tensor | None


# (x, y) of the real rows -> the rows to append
Source = Callable[[Any, Tensor], Rows]


class Injection:
    """A `train_function` that appends rows to every batch before the model's own `train_step`.

    It stands in `model.train_function` and nowhere else, so at any time the model can be saved, copied and
    trained without it. `fit` without the owner's callback finds nothing of it:

    - after `fit`, `remove` has dropped it;
    - an exception inside a step, Ctrl-C included, drops it at once;
    - an exception elsewhere (in another callback, say) leaves it behind, but every `fit` makes a new
      `model.history`, by which the injection sees that it is not wanted any more, and goes.

    Metrics see the real rows only. Rows that don't count have weight 0, and the others are weighted such that
    the loss is the mean over those that do.

    Args:
        model: a compiled model, in `fit`.
        source: where the rows come from.
        owner: whose injection it is. Several owners' rows are appended side by side.
    """

    def __init__(self, model: keras.Model, source: Source, owner: Any):
        previous = model.train_function
        self.sources = {**(previous.sources if isinstance(previous, Injection) else {}), id(owner): source}
        self._model, self._step, self._history = model, model.train_step, model.history
        self._real = threading.local()  # each replica of a strategy traces in a thread of its own
        with _attribute(model, "train_step", self._inject):
            model.make_train_function(force=True)
        self._function = model.train_function
        model.train_function = self

    def __call__(self, iterator: Any) -> Any:
        model = self._model
        in_fit = isinstance(iterator, (tf.data.Iterator, tf.distribute.DistributedIterator))
        if not in_fit or model.history is not self._history:
            model.train_function = None
            model.make_train_function()
            return model.train_function(iterator)
        try:
            with _attribute(model, "compute_metrics", self._compute_metrics):
                return self._function(iterator)
        except (StopIteration, tf.errors.OutOfRangeError):
            raise  # the end of the data
        except BaseException:
            model.train_function = None
            raise

    def _inject(self, data: Any) -> Any:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        count = ops.shape(keras.tree.flatten(x)[0])[0]
        self._real.rows, self._real.weight = count, weight
        more = [source(x, y) for source in self.sources.values()]
        together = lambda *parts: ops.concatenate(parts)
        all_x = keras.tree.map_structure(together, x, *(rows.x for rows in more))
        all_y = together(y, *(rows.y for rows in more))
        if all(rows.active is None for rows in more):
            weights = () if weight is None else (self._weights(weight, more, 1.0),)
            return self._step((all_x, all_y, *weights))
        # XLA wants the same number of rows in every step, so those that are too many get no weight.
        float32 = lambda number: ops.cast(number, "float32")
        active = sum(float32(_length(rows) if rows.active is None else rows.active) for rows in more)
        total = float32(count) + sum(float32(_length(rows)) for rows in more)
        weights = ops.ones((count,)) if weight is None else weight
        weights = self._weights(weights, more, total / (float32(count) + active))
        return tf.cond(active > 0, lambda: self._step((all_x, all_y, weights)), lambda: self._step(data))

    def _weights(self, weight: Tensor, more: list[Rows], scale: Tensor | float) -> Tensor:
        usual = ops.mean(weight)
        parts = [weight * scale]
        for rows in more:
            counts = True if rows.active is None else ops.arange(_length(rows)) < ops.cast(rows.active, "int32")
            part = ops.where(counts, usual * scale, 0.0) * ops.ones((_length(rows),), weight.dtype)
            parts.append(ops.reshape(part, (-1, *(1,) * (len(weight.shape) - 1))))
        return ops.concatenate(parts)

    def _compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        rows = getattr(self._real, "rows", None)
        real = (keras.tree.map_structure(lambda t: t[:rows], part) for part in (x, y, y_pred))
        return type(self._model).compute_metrics(self._model, *real, getattr(self._real, "weight", sample_weight))


def remove(model: keras.Model, owner: Any) -> None:
    """Takes the injection of `owner` out of the model, if it is still there."""
    if injected(model, owner):
        model.train_function = None


def injected(model: keras.Model, owner: Any) -> bool:
    return isinstance(model.train_function, Injection) and id(owner) in model.train_function.sources


def _length(rows: Rows) -> Tensor:
    return ops.shape(rows.y)[0]


@contextlib.contextmanager
def _attribute(model: keras.Model, name: str, value: Callable) -> Iterator[None]:
    """Gives the model's instance an attribute for a moment."""
    before = vars(model).get(name)
    setattr(model, name, value)
    try:
        yield
    finally:
        delattr(model, name)
        if before is not None:
            setattr(model, name, before)
