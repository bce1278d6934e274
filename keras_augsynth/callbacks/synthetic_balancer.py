"""`SyntheticBalancer`: generated rows of rare classes in every training batch."""

import math
import random as python_random
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.callbacks.injection import Injection, Rows, injected, remove
from keras_augsynth.callbacks.strategies import (
    Strategy,
    added_rows,
    check_strategy,
    count_classes,
    from_classes,
    to_classes,
)
from keras_augsynth.core.checks import check_choice, check_integer, check_number, check_seed, wrong
from keras_augsynth.ops.compiled import shared
from keras_augsynth.synthesis.seeds import mixed, random_for
from keras_augsynth.synthesis.synthesizer import Synthesizer

Tensor = Any

_LEVELS = 8  # a batch gets a multiple of an eighth of the most rows, so that kernels are compiled for few sizes
_SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda part: 1.0,
    "linear": lambda part: 1.0 - part,
    "cosine": lambda part: 0.5 + 0.5 * math.cos(math.pi * part),
}


class SyntheticBalancer(keras.callbacks.Callback):
    """Adds generated rows of rare classes to every training batch, in the training graph.

    Real rows are added to, not displaced. It works with arrays, `tf.data`, `PyDataset` and generators; sparse,
    one-hot and binary labels; sample weights; any `train_step`. Metrics in the logs are those of the real
    rows; "synthetic_share" stands beside them. The loss is the one that is minimized, over all rows. After `fit`,
    an exception or Ctrl-C the model is as it was before.

    Args:
        synthesizer: anything with `fit(x, y)` and `sample(labels, seed)`, already fitted, whose samples have the
            shape, the dtype and the range of the training data.
        strategy: "equal" fills every class up to the largest; "sqrt" brings each class's ratio to the largest to
            its square root; a dictionary {class: share} gives the synthetic part of a class's rows, from 0 to 1.
        max_share: the most that may be synthetic of all rows, from 0 to below 1.
        max_multiple: the most synthetic rows of a class as a multiple of its real ones; None: no limit.
        schedule: factor on the added rows over the epochs: "constant", "linear" or "cosine" (both down to 0 at the
            end), or a function from (epoch, epochs) to a number from 0 to 1.
        num_classes: None reads it from `adapt`, the synthesizer or the model's output.
        seed: integer for the draws.

    Raises:
        TypeError: for something that is no synthesizer.
        ValueError: for shares out of range; in `fit`, for samples that don't have the batch's shape and dtype.

    Example:

    >>> balancer = SyntheticBalancer(AugmentedResampler(RandomRotation(0.05)).fit(x, y))
    >>> balancer.adapt(y)
    >>> history = model.fit(x, y, epochs=1, verbose=0, callbacks=[balancer])
    """

    def __init__(
        self,
        synthesizer: Synthesizer,
        *,
        strategy: str | Mapping[int, float] = "equal",
        max_share: float = 0.5,
        max_multiple: float | None = None,
        schedule: str | Callable[[int, int], float] = "constant",
        num_classes: int | None = None,
        seed: int | None = None,
    ):
        super().__init__()
        if not isinstance(synthesizer, Synthesizer):
            raise wrong(self, "synthesizer", "have the methods `fit` and `sample`", synthesizer, TypeError)
        self.synthesizer = synthesizer
        self.strategy: Strategy = check_strategy(self, strategy)
        self.max_share = check_number(self, max_share, "max_share", 0.0, 1.0)
        if self.max_share == 1.0:
            raise wrong(self, "max_share", "be below 1", max_share)
        self.max_multiple = None if max_multiple is None else check_number(self, max_multiple, "max_multiple", 0.0)
        self.schedule = schedule if callable(schedule) else check_choice(self, schedule, "schedule", tuple(_SCHEDULES))
        self.num_classes = None if num_classes is None else check_integer(self, num_classes, "num_classes", 2)
        seed = check_seed(self, seed)
        self.seed = python_random.randint(1, 10**9) if seed is None else seed
        self.class_counts: np.ndarray | None = None

    def adapt(self, y: Any) -> None:
        """Counts the classes of the training labels; without it they are counted while the first epoch runs.

        Args:
            y: class numbers `(N,)` or `(N, 1)`, one-hot rows `(N, classes)`, or a data set of `(x, y, ...)`.

        Raises:
            ValueError: for labels of a single class, or that are no class numbers.
        """
        counts = count_classes(self, y)
        if self.num_classes is not None and len(counts) > self.num_classes:
            raise wrong(self, "y", f"be below num_classes={self.num_classes}", len(counts) - 1)
        if np.count_nonzero(counts) < 2:
            raise wrong(self, "y", "hold at least two classes", f"class counts {counts.tolist()}")
        self.class_counts = counts

    def on_train_begin(self, logs: dict | None = None) -> None:
        classes = self._classes()
        counts = np.zeros(classes)
        if self.class_counts is not None:
            counts[: len(self.class_counts)] = self.class_counts
        # Not attributes of the model: nothing of this is saved with it.
        variable = lambda value, dtype: tf.Variable(value, dtype=dtype, trainable=False)
        self._counts = variable(counts, "float32")
        self._counting = variable(self.class_counts is None, "float32")
        self._factor = variable(1.0, "float32")
        self._draws = variable(0, "int64")
        self._added, self._seen = variable(np.zeros(classes), "float32"), variable(0.0, "float32")
        self._most = self._most_per_real(counts)
        if self._most > 0.0:
            Injection(self.model, self._rows, self)

    def _classes(self) -> int:
        known = [self.num_classes, getattr(self.synthesizer, "num_classes", None)]
        known.append(None if self.class_counts is None else len(self.class_counts))
        known.append(max(self.strategy, default=-1) + 1 if isinstance(self.strategy, dict) else None)
        if not any(known):
            outputs = getattr(self.model, "output_shape", None)
            if not isinstance(outputs, tuple) or not isinstance(outputs[-1], int):
                raise wrong(self, "num_classes", "be given, or `adapt` be called: the model does not tell it", None)
            known.append(max(outputs[-1], 2))
        return max(number or 0 for number in known)

    def _most_per_real(self, counts: np.ndarray) -> float:
        """The most synthetic rows per real row that any step will add."""
        limit = self.max_share / (1.0 - self.max_share)
        if self.class_counts is None:
            return limit
        return min(limit, float(ops.sum(self._wanted(counts))) / max(float(counts.sum()), 1.0))

    def _wanted(self, counts: Tensor) -> Tensor:
        wanted = added_rows(self.strategy, counts)
        if self.max_multiple is not None:
            wanted = ops.minimum(wanted, self.max_multiple * ops.cast(counts, "float32"))
        return wanted

    def _rows(self, x: Any, y: Tensor) -> Rows:
        """The rows to append to a batch; part of the training graph."""
        classes = self._counts.shape[0]
        labels = to_classes(y, classes)
        count = ops.shape(labels)[0]
        self._counts.assign_add(self._counting * ops.sum(ops.one_hot(labels, classes, dtype="float32"), axis=0))
        wanted = self._wanted(self._counts) * self._factor
        per_real = ops.minimum(ops.sum(wanted) / ops.maximum(ops.sum(self._counts), 1.0), self._most)
        most = ops.cast(ops.ceil(ops.cast(count, "float32") * self._most), "int32")

        _, rng = random_for(self._new_seed(), ops.maximum(most, 1))
        level = ops.maximum(most // _LEVELS, 1)
        levels = ops.cast(count, "float32") * per_real / ops.cast(level, "float32")
        number = ops.minimum(level * ops.cast(ops.floor(levels + rng.uniform()[0]), "int32"), most)
        chosen = rng.categorical(ops.maximum(wanted, 1e-30))[:most]
        jit = self.model.jit_compile
        chosen = chosen if jit else chosen[:number]

        added = ops.one_hot(chosen, classes, dtype="float32")
        counts = ops.cast(ops.arange(ops.shape(chosen)[0]) < number, "float32")
        self._added.assign_add(ops.sum(added * ops.expand_dims(counts, 1), axis=0))
        self._seen.assign_add(ops.cast(count, "float32"))
        samples = self._like(x, self.synthesizer.sample(chosen, seed=self._new_seed()))
        return Rows(samples, from_classes(chosen, y, classes), number if jit else None)

    def _new_seed(self) -> Tensor:
        """Another number from 0 to 2**31 - 1 each time it is asked for, and in each replica."""
        context = tf.distribute.get_replica_context()
        replica = context.replica_id_in_sync_group if context else 0
        return shared(mixed)(self.seed, tf.convert_to_tensor(self._draws.assign_add(1)), ops.cast(replica, "int64"))

    def _like(self, x: Any, samples: Any) -> Any:
        """The samples in the batch's float dtype; an error if they are of another shape or kind."""

        def describe(part: Any) -> Any:
            leaf = lambda t: f"{tuple(t.shape[1:])} {'float' if t.dtype.is_floating else t.dtype.name}"
            return keras.tree.map_structure(leaf, part)

        if describe(x) != describe(samples):
            raise wrong(self, "synthesizer", f"make samples like the batch's, {describe(x)}", describe(samples))
        return keras.tree.map_structure(lambda made, real: tf.stop_gradient(ops.cast(made, real.dtype)), samples, x)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        if self._most > 0.0 and not injected(self.model, self):  # another callback has compiled the model again
            Injection(self.model, self._rows, self)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        epochs = self.params["epochs"]
        if callable(self.schedule):
            factor = check_number(self, self.schedule(epoch, epochs), "schedule", 0.0, 1.0)
        else:
            factor = _SCHEDULES[self.schedule](epoch / max(epochs - 1, 1))
        self._factor.assign(factor)
        self._added.assign(ops.zeros_like(self._added))
        self._seen.assign(0.0)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._counting.assign(0.0)
        added, seen = float(ops.sum(self._added)), float(self._seen)
        if logs is not None:
            logs["synthetic_share"] = added / (added + seen) if seen else 0.0

    def on_train_end(self, logs: dict | None = None) -> None:
        remove(self.model, self)
