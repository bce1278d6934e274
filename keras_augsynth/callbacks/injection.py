"""Puts a transform of the training data into a model's training graph, and takes it out again."""

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

# (data of one batch) -> (data with rows appended, how many rows came first)
Transform = Callable[[Any], tuple[Any, Any]]


class Injection:
    """A `train_function` that sends every batch through a transform before the model's own `train_step`.

    It stands in `model.train_function` and nowhere else, so whatever happens during `fit`, the model can be
    saved, copied and trained without it:

    - after `fit`, `remove` drops it;
    - an exception inside a step, Ctrl-C included, drops it at once;
    - an exception elsewhere (in another callback, say) leaves it behind, and the next `fit` or `train_on_batch`
      sees that it is not its own: `fit` makes a new `model.history` each time.

    Metrics see only the rows that came first, the real ones.

    Args:
        model: a compiled model, in `fit`.
        transform: see `Transform`.
        owner: whose injection it is.
    """

    def __init__(self, model: keras.Model, transform: Transform, owner: Any):
        self._model, self._transform = weakref.proxy(model), transform
        previous = model.train_function
        self._owners = {id(owner)} | (previous._owners if isinstance(previous, Injection) else set())
        self._step = previous._inject if isinstance(previous, Injection) else model.train_step
        self._history = model.history
        self._real = threading.local()  # each replica of a strategy traces in a thread of its own
        with _attribute(model, "train_step", self._inject):
            model.make_train_function(force=True)
        self._function = model.train_function
        model.train_function = self

    def belongs_to(self, owner: Any) -> bool:
        return id(owner) in self._owners

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
        data, self._real.rows = self._transform(data)
        return self._step(data)

    def _compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        rows = getattr(self._real, "rows", None)
        real = keras.tree.map_structure(lambda t: t if t is None else t[:rows], (x, y, y_pred, sample_weight))
        return type(self._model).compute_metrics(self._model, *real)


def remove(model: keras.Model, owner: Any) -> None:
    """Takes the owner's injection out of the model, if it is still there."""
    if isinstance(model.train_function, Injection) and model.train_function.belongs_to(owner):
        model.train_function = None


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
