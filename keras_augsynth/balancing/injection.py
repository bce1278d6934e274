"""Appends rows to a model's training batches, inside the training graph, and stops doing so."""

import contextlib
import functools
import inspect
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import keras
import tensorflow as tf
from keras import ops

from keras_augsynth.balancing import weights
from keras_augsynth.core import keras_internals, tensorflow_internals

Tensor = Any


class Rows(NamedTuple):
    """Rows to append to a batch.

    Attributes:
        x: as the batch's.
        y: as the batch's.
        weight: of each, in the form of the batch's or float32 `(N,)`, one for all outputs or one for each; None: all 1.
            Rows of weight 0 do not count.
        kept: which of the batch's own rows may be trained on, booleans; None: all.
    """

    x: Any
    y: Any
    weight: Any = None
    kept: Tensor | None = None


class Source(Protocol):
    """Whose rows are appended, and what else is done to the batch."""

    def rows(self, x: Any, y: Any, weight: Any) -> Rows | None:
        """The rows to append to the real ones, which have these sample weights, or None; None if never any are."""

    def mixed(self, x: Any, y: Any) -> tuple[Any, Any]:
        """The whole batch, mixed."""

    def loss_outputs(self, y_pred: Any) -> Any:
        """The outputs that the loss sees, if it `adjusts` them."""

    adjusts: bool

    def around(self, run: Callable[[Any], Any], iterator: Any) -> Any:
        """`run(iterator)`, one call of the training function, and whatever belongs around it."""

    def failed(self, error: Exception) -> bool:
        """Whether an error in the step comes from the rows, and it goes on without them."""

    real_statistics: bool
    """Whether batch normalization sees the real rows only."""


class Injection:
    """A `train_function` that appends rows to every batch before the model's own `train_step`.

    It stands in `model.train_function` and nowhere else, so at any time the model can be saved, copied and
    trained without it. `fit` without the owner's callback finds nothing of it:

    - after `fit`, `remove` has dropped it;
    - an exception inside a step, Ctrl-C included, drops it at once;
    - an exception elsewhere (in another callback, say) leaves it behind, but every `fit` makes a new
      `model.history`, by which the injection sees that it is not wanted any more, and goes.

    Metrics see the real rows only, whoever updates them. Rows that do not count have weight 0, and the others are
    weighted such that the loss is the mean over those that do.

    Args:
        model: a compiled model, in `fit`.
        owner: the source of the rows. Several owners' rows are appended side by side.
    """

    def __init__(self, model: keras.Model, owner: Source):
        previous = model.train_function
        self.owners = [*(previous.owners if isinstance(previous, Injection) else []), owner]
        self._model, self._step, self._history = model, model.train_step, model.history
        self._logs: Any = None  # of the last call
        self._real = threading.local()  # each replica of a strategy traces in a thread of its own
        self._graphs: list[weakref.ref] = []
        self._trace()

    def _trace(self) -> None:
        with _attribute(self._model, "train_step", self._inject):
            self._model.make_train_function(force=True)
        self._function, self._model.train_function = self._model.train_function, self

    def __call__(self, iterator: Any) -> Any:
        model = self._model
        in_fit = isinstance(iterator, (tf.data.Iterator, tf.distribute.DistributedIterator))
        if not in_fit or model.history is not self._history:
            model.train_function = None
            model.make_train_function()
            return model.train_function(iterator)
        run = self._run
        for owner in self.owners:
            run = functools.partial(owner.around, run)
        try:
            return run(iterator)
        except (StopIteration, tf.errors.OutOfRangeError):
            raise  # the end of the data
        except BaseException:
            self.forget()
            model.train_function = None
            raise

    def forget(self) -> None:
        """Lets the graphs go, which are not used again."""
        self._function = None
        for graph in self._graphs:
            tensorflow_internals.forget_gradients(graph())

    def _run(self, iterator: Any) -> Any:
        """One call of the training function."""
        model = self._model
        with contextlib.ExitStack() as stack:
            for metric in model.metrics:
                if metric.name != "loss":  # which is the one that is minimized, over all rows
                    update = functools.partial(self._update, metric.update_state)
                    stack.enter_context(_attribute(metric, "update_state", update))
            if any(owner.adjusts for owner in self.owners):
                stack.enter_context(_attribute(model, "compute_loss", self._compute_loss))
            try:
                self._logs = self._function(iterator)
            except tf.errors.OpError as error:
                ended = isinstance(error, tf.errors.OutOfRangeError)
                failed = [owner.failed(error) for owner in self.owners]
                if ended or not any(failed):
                    raise
                # The batch is lost. The step is traced again, without what has failed.
                self._trace()
                self._logs = self._function(iterator) if self._logs is None else self._logs
            return self._logs

    def _inject(self, data: Any) -> Any:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        more = [rows for owner in self.owners if (rows := owner.rows(x, y, weight)) is not None]
        for rows in more:
            if rows.kept is not None:
                x, y, weight = without(x, y, weight, rows.kept)
        count = ops.shape(keras.tree.flatten(x)[0])[0]
        self._real.rows, self._real.weight = count, weight
        together = lambda real, *added: ops.concatenate([real, *added]) if added else real
        all_x, all_y = keras.tree.map_structure(together, (x, y), *((rows.x, rows.y) for rows in more))
        all_weights = self._weights(count, weight, more)
        for owner in self.owners:
            all_x, all_y = owner.mixed(all_x, all_y)
        step = functools.partial(self._step_with, all_x, all_y, all_weights, count)
        if not self._model.jit_compile or all(rows.weight is None for rows in more):
            return step()
        parts = [part for rows in more if rows.weight is not None for part in keras.tree.flatten(rows.weight)]
        active = sum(ops.sum(ops.cast(weights.counted(part), "float32")) for part in parts)
        return tf.cond(active > 0.0, step, lambda: self._step_with(x, y, weight, None))

    def _step_with(self, x: Any, y: Any, weight: Any, count: Tensor | None) -> Any:
        """The model's own step.

        Args:
            x: of all rows.
            y: of all rows.
            weight: of all rows; None: all 1.
            count: how many of them are real, from the first; None: all.
        """
        if not tf.executing_eagerly():
            self._graphs.append(weakref.ref(tf.compat.v1.get_default_graph()))
        self._real.all = ops.shape(keras.tree.flatten(x)[0])[0]
        with contextlib.ExitStack() as stack:
            if count is not None and any(owner.real_statistics for owner in self.owners):
                real = ops.arange(self._real.all) < count
                for layer in keras_internals.flat_layers(self._model):
                    if isinstance(layer, keras.layers.BatchNormalization):
                        stack.enter_context(_attribute(layer, "call", functools.partial(_normalized, layer, real)))
            return self._step(keras.utils.pack_x_y_sample_weight(x, y, weight))

    def _weights(self, count: Tensor, weight: Any, more: list[Rows]) -> Any:
        """Of all rows, or None if none is needed."""
        if not more:
            return weight
        given = [weight, *(rows.weight for rows in more)]
        form = next((one for one in given if isinstance(one, (dict, list, tuple))), None)
        if all(one is None for one in given):
            return None
        sizes = [count, *(ops.shape(keras.tree.flatten(rows.x)[0])[0] for rows in more)]
        full = [ops.ones((size,)) if one is None else one for one, size in zip(given, sizes, strict=True)]
        join = lambda real, *added: weights.joined(real, list(added))
        return keras.tree.map_structure(join, *(weights.each(one, form) for one in full))

    def _compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        for owner in self.owners:
            y_pred = owner.loss_outputs(y_pred) if owner.adjusts else y_pred
        seen = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
        return type(self._model).compute_loss(self._model, **seen, **kwargs)

    def _update(self, update: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A metric's `update_state`, for the real rows and with their own weights."""
        given = inspect.signature(update).bind(*args, **kwargs)
        for name, value in given.arguments.items():
            of_rows = any(map(_has_rows, keras.tree.flatten(value)))
            cut = keras.tree.map_structure(self._real_rows, value)
            given.arguments[name] = self._real.weight if name == "sample_weight" and of_rows else cut
        return update(*given.args, **given.kwargs)

    def _real_rows(self, part: Any) -> Any:
        """Of something that a metric is given: the real rows, if it has all of them."""
        if not _has_rows(part):
            return part
        length, every = ops.shape(part)[0], self._real.all
        return part[: ops.where(ops.equal(length, every), self._real.rows, length)]


def _has_rows(part: Any) -> bool:
    return tf.is_tensor(part) and bool(part.shape.rank)


def without(x: Any, y: Any, weight: Any, kept: Tensor) -> tuple[Any, Any, Any]:
    """A batch in which the rows that are kept stand in for the others; if there are none, no row has any weight."""
    weight = ops.ones_like(kept, "float32") if weight is None else weight
    x, y, weight = filled((x, y, weight), kept)
    there = ops.any(kept)
    return x, y, keras.tree.map_structure(lambda part: part * ops.cast(there, part.dtype), weight)


def filled(parts: Any, chosen: Tensor) -> Any:
    """As many rows as there are, but only the chosen ones: in place of the others they come again.

    So shapes stay the same, and no kernel is compiled for each number of rows. Where none is chosen, one that is not
    is repeated.
    """

    def fill() -> Any:
        rows = ops.argsort(ops.cast(ops.logical_not(chosen), "int32"))
        count = ops.maximum(ops.sum(ops.cast(chosen, "int32")), 1)
        rows = ops.take(rows, ops.arange(ops.shape(rows)[0]) % count)
        return keras.tree.map_structure(lambda part: None if part is None else tf.gather(part, rows), parts)

    return tf.cond(ops.all(chosen), lambda: parts, fill)


def _normalized(
    layer: keras.layers.BatchNormalization, real: Tensor, inputs: Tensor, training: Any = None, mask: Any = None
) -> Tensor:
    """What batch normalization makes of `inputs` by the mean and the variance of the real rows."""
    rows = ops.reshape(real, (-1, *(1,) * (len(inputs.shape) - 2)))
    rows = ops.broadcast_to(rows, ops.shape(inputs)[:-1])
    mask = rows if mask is None else ops.logical_and(mask, rows)
    return type(layer).call(layer, inputs, training=training, mask=mask)


def remove(model: keras.Model, owner: Any) -> None:
    """Takes the injection of `owner` out of the model, if it is still there."""
    if injected(model, owner):
        model.train_function.forget()
        model.train_function = None


def injected(model: keras.Model, owner: Any) -> bool:
    return isinstance(model.train_function, Injection) and any(one is owner for one in model.train_function.owners)


@contextlib.contextmanager
def _attribute(owner: Any, name: str, value: Callable) -> Iterator[None]:
    """Gives an object an attribute of its own for a moment."""
    own, nothing = vars(owner), object()
    before = own.get(name, nothing)
    own[name] = value  # not by `setattr`, which in Keras looks for layers and variables in it
    try:
        yield
    finally:
        del own[name]
        if before is not nothing:
            own[name] = before
