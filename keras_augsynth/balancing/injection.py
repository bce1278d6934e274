"""Appends rows to a model's training batches, inside the training graph, and stops doing so."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import keras
import tensorflow as tf
from keras import ops

from keras_augsynth.core import keras_internals

Tensor = Any


class Rows(NamedTuple):
    """Rows to append to a batch.

    Attributes:
        x: as the batch's.
        y: as the batch's.
        weight: of each, float32 `(N,)`; None: all 1. Rows of weight 0 don't count.
        kept: which of the batch's own rows may be trained on, booleans; None: all.
    """

    x: Any
    y: Tensor
    weight: Tensor | None = None
    kept: Tensor | None = None


class Source(Protocol):
    """Whose rows are appended, and what else is done to the batch."""

    def rows(self, x: Any, y: Tensor) -> Rows:
        """The rows to append to the real ones."""

    def row_weights(self, y: Tensor) -> Tensor | None:
        """float32 `(N,)`, factors on the loss of all rows; None: none."""

    def mixed(self, x: Any, y: Tensor) -> tuple[Any, Tensor]:
        """The whole batch, mixed."""

    def outputs(self, y_pred: Any) -> Any:
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

    Metrics see the real rows only. Rows that don't count have weight 0, and the others are weighted such that the loss
    is the mean over those that do.

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
            model.train_function = None
            raise

    def _run(self, iterator: Any) -> Any:
        """One call of the training function."""
        model = self._model
        patches = {"compute_metrics": self._compute_metrics}
        if any(owner.adjusts for owner in self.owners):
            patches["compute_loss"] = self._compute_loss
        with contextlib.ExitStack() as stack:
            for name, value in patches.items():
                stack.enter_context(_attribute(model, name, value))
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
        more = [owner.rows(x, y) for owner in self.owners]
        padded = bool(self._model.jit_compile)
        for rows in more:
            if rows.kept is not None:
                x, y, weight = filled((x, y, weight), rows.kept)
        count = ops.shape(keras.tree.flatten(x)[0])[0]
        self._real.rows, self._real.weight = count, weight

        together = lambda *parts: ops.concatenate(parts)
        all_x = keras.tree.map_structure(together, x, *(rows.x for rows in more))
        all_y = together(y, *(rows.y for rows in more))
        factors = [factor for owner in self.owners if (factor := owner.row_weights(all_y)) is not None]
        weights = self._weights(count, weight, more, factors)
        for owner in self.owners:
            all_x, all_y = owner.mixed(all_x, all_y)
        step = lambda: self._step((all_x, all_y) if weights is None else (all_x, all_y, weights))
        with contextlib.ExitStack() as stack:
            if any(owner.real_statistics for owner in self.owners):
                real = ops.arange(ops.shape(keras.tree.flatten(all_x)[0])[0]) < count
                for layer in keras_internals.flat_layers(self._model):
                    if isinstance(layer, keras.layers.BatchNormalization):
                        stack.enter_context(_attribute(layer, "call", functools.partial(_normalized, layer, real)))
            if not padded or factors or all(rows.weight is None for rows in more):
                return step()
            active = sum(ops.sum(ops.cast(rows.weight > 0.0, "float32")) for rows in more if rows.weight is not None)
            alone = keras.utils.pack_x_y_sample_weight(x, y, weight)
            return tf.cond(active > 0.0, step, lambda: self._step(alone))

    def _weights(self, count: Tensor, weight: Tensor | None, more: list[Rows], factors: list[Tensor]) -> Tensor | None:
        """Of all rows, or None if none is needed. Added rows weigh as much as the real ones on average."""
        if weight is None and not factors and all(rows.weight is None for rows in more):
            return None
        real = ops.ones((count,)) if weight is None else weight
        usual, parts, active = ops.mean(real), [real], [ops.ones((count,))]
        for rows in more:
            own = ops.ones((ops.shape(rows.y)[0],)) if rows.weight is None else rows.weight
            parts.append(usual * _like(own, real) * ops.ones((1, *(1,) * (len(real.shape) - 1)), real.dtype))
            active.append(ops.cast(own > 0.0, "float32"))
        weights, active = ops.concatenate(parts), ops.concatenate(active)
        for factor in factors:
            weights = weights * _like(factor, weights)
        # Losses divide by the number of rows, those of weight 0 with them.
        rows = ops.cast(ops.shape(active)[0], "float32")
        return weights * ops.cast(rows / ops.maximum(ops.sum(active), 1.0), weights.dtype)

    def _compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        for owner in self.owners:
            y_pred = owner.outputs(y_pred) if owner.adjusts else y_pred
        seen = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight}
        return type(self._model).compute_loss(self._model, **seen, **kwargs)

    def _compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        rows = getattr(self._real, "rows", None)
        real = (keras.tree.map_structure(lambda t: t[:rows], part) for part in (x, y, y_pred))
        return type(self._model).compute_metrics(self._model, *real, getattr(self._real, "weight", sample_weight))


def filled(parts: Any, chosen: Tensor) -> Any:
    """As many rows as there are, but only the chosen ones: in place of the others they come again.

    So shapes stay the same, and no kernel is compiled for each number of rows. Where none is chosen, one is repeated.
    """

    def fill() -> Any:
        rows = ops.argsort(ops.cast(ops.logical_not(chosen), "int32"))
        count = ops.maximum(ops.sum(ops.cast(chosen, "int32")), 1)
        rows = ops.take(rows, ops.arange(ops.shape(rows)[0]) % count)
        return keras.tree.map_structure(lambda part: None if part is None else tf.gather(part, rows), parts)

    return tf.cond(ops.all(chosen), lambda: parts, fill)


def _like(values: Tensor, real: Tensor) -> Tensor:
    """`(N,)` in the rank and the dtype of weights."""
    return ops.cast(ops.reshape(values, (-1, *(1,) * (len(real.shape) - 1))), real.dtype)


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
        model.train_function = None


def injected(model: keras.Model, owner: Any) -> bool:
    return isinstance(model.train_function, Injection) and any(one is owner for one in model.train_function.owners)


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
