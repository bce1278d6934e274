"""The rows that are added to a batch: generated ones, real ones again, in the training graph."""

import re
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.balancing.rows.class_rows import ClassRows
from keras_augsynth.balancing.rows.sources import Live, Pool
from keras_augsynth.balancing.rows.step_random import step_random
from keras_augsynth.balancing.targets import LEVELS
from keras_augsynth.core.checks import wrong

Tensor = Any
Row = dict[str, Any]
"""A batch of rows: "x", "y" and, where there are sample weights, "weight"."""


class Added(NamedTuple):
    """Added rows.

    Attributes:
        rows: as the batch's.
        labels: int32 `(N,)`.
        generated: which are not real rows.
        usable: which may be used at all.
    """

    rows: Row
    labels: Tensor
    generated: Tensor
    usable: Tensor


class Mixture:
    """Draws rows of given classes from several synthesizers and from real rows that have come by.

    A generated row that is not finite, not accepted or withheld is replaced by a real one, where real rows are kept,
    or else by another generated one of its class. If there is none, it is marked as not usable.

    Args:
        owner: named in errors.
        sources: name -> where its rows come from; None once it has failed.
        classes: how many there are.
        new_seed: another seed each time.
        failed: told of a source's name and the exception that it has raised.
        beside: from labels of generated rows and the batch to what a row holds beside "x".
    """

    def __init__(
        self,
        owner: Any,
        sources: dict[str, Live | Pool | None],
        classes: int,
        new_seed: Callable[[], Tensor],
        failed: Callable[[str, Exception], None],
        beside: Callable[[Tensor, Row], Row],
    ):
        self.sources = sources
        self.memory: ClassRows | None = None  # real rows that have come by
        # Of rows and labels: which must not be used, since they are what generated rows are judged by.
        self.withheld: Callable[[Any, Tensor], Tensor] | None = None
        # The part of each class's added rows that each synthesizer gives; the rest are real.
        self.parts = tf.Variable(np.zeros((len(sources), classes), "float32"), trainable=False)
        # Rows that were asked for, were finite, were accepted and not withheld.
        self.counts = tf.Variable(np.zeros(3, "float32"), trainable=False)
        self._owner, self._new_seed, self._failed, self._beside = owner, new_seed, failed, beside

    def draw(self, like: Row, labels: Tensor, uniform: Tensor, number: Tensor, most: Tensor, padded: bool) -> Added:
        """Rows for `labels`, in any order.

        Args:
            like: the batch.
            labels: int32 `(N,)`.
            uniform: from 0 to 1, `(N,)`; it decides where a row comes from.
            number: how many of the labels are meant, from the first; the others' rows are not usable.
            most: of all steps.
            padded: whether all shapes must be known, for XLA.
        """
        bounds = ops.take(ops.cumsum(ops.convert_to_tensor(self.parts), axis=0), labels, axis=1)
        source = ops.sum(ops.cast(ops.expand_dims(uniform, 0) >= bounds, "int32"), axis=0)
        meant = ops.arange(ops.shape(labels)[0]) < ops.cast(number, "int32")
        if padded:
            return in_class(self._padded(like, labels, source, meant), meant, self.parts.shape[1])
        added = self._sorted(like, labels, source, most)
        return in_class(added, ops.ones_like(added.usable), self.parts.shape[1])

    def _padded(self, like: Row, labels: Tensor, source: Tensor, meant: Tensor) -> Added:
        """Every source gives every row, and one is chosen."""
        (rows, there), generated = self._real(like, labels), ops.zeros_like(labels, "bool")
        for place, name in enumerate(self.sources):
            samples, sound, usable = self._sampled(name, like, labels)
            mine = ops.logical_and(ops.equal(source, place), meant)
            self._count(name, mine, mine & sound, mine & usable)
            chosen = mine & usable
            rows, generated = _where(chosen, samples, rows), ops.logical_or(generated, chosen)
        return Added(rows, labels, generated, ops.logical_and(meant, ops.logical_or(generated, there)))

    def _sorted(self, like: Row, labels: Tensor, source: Tensor, most: Tensor) -> Added:
        """Every source gives its own rows."""
        order = ops.argsort(source)
        labels, source = ops.take(labels, order), ops.take(source, order)
        parts, start = [], ops.zeros((), "int32")
        for place, name in enumerate(self.sources):
            count = ops.sum(ops.cast(ops.equal(source, place), "int32"))
            mine = labels[start : start + count]
            start = start + count
            parts.append(self._some(name, like, mine, count, most))
            sound, usable = parts[-1][1:]
            self._count(name, ops.ones_like(sound), sound, usable)
        empty = (keras.tree.map_structure(lambda part: part[:0], like), ops.zeros((0,), "bool"))
        samples = keras.tree.map_structure(lambda *p: ops.concatenate(p), *(part[0] for part in parts), empty[0])
        usable = ops.concatenate([*(part[2] for part in parts), empty[1]])
        if self.memory is None:
            labels = labels[:start]
            return Added(samples, labels, usable, usable)
        real, there = self._real(like, labels)
        first = _where(usable, samples, keras.tree.map_structure(lambda part: part[:start], real))
        rows = keras.tree.map_structure(lambda a, b: ops.concatenate([a, b[start:]]), first, real)
        generated = ops.concatenate([usable, ops.zeros_like(there[start:])])
        return Added(rows, labels, generated, ops.logical_or(generated, there))

    def _some(self, name: str, like: Row, labels: Tensor, count: Tensor, most: Tensor) -> tuple[Row, Tensor, Tensor]:
        """A source's rows for `count` labels; it is asked for one of a few numbers of rows, or not at all."""
        level = ops.maximum(most // LEVELS, 1)
        asked = (count + level - 1) // level * level

        def some() -> tuple[Row, Tensor, Tensor]:
            repeated = ops.take(labels, ops.arange(asked) % ops.maximum(count, 1))
            return keras.tree.map_structure(lambda part: part[:count], self._sampled(name, like, repeated))

        def none() -> tuple[Row, Tensor, Tensor]:
            nothing = ops.zeros((0,), "bool")
            return keras.tree.map_structure(lambda part: part[:0], like), nothing, nothing

        return tf.cond(count > 0, some, none)

    def _real(self, like: Row, labels: Tensor) -> tuple[Row, Tensor]:
        """Real rows and whether there are any; without a memory, rows of zeros."""
        if self.memory is None:
            return _zeros(like, labels), ops.zeros_like(labels, "bool")
        rows, there = self.memory.draw(labels, step_random(self._new_seed(), ops.shape(labels)[0]))
        return keras.tree.map_structure(lambda row, part: ops.cast(row, part.dtype), rows, like), there

    def _sampled(self, name: str, like: Row, labels: Tensor) -> tuple[Row, Tensor, Tensor]:
        """(rows, whether each is finite, whether each may be used) of a source; of one that has failed, none."""
        x, sound, usable = self.sampled(name, like["x"], labels, self._new_seed)
        return {"x": x, **self._beside(labels, like)}, sound, usable

    def sampled(
        self, name: str, like: Any, labels: Tensor, new_seed: Callable[[], Tensor]
    ) -> tuple[Any, Tensor, Tensor]:
        """As `_sampled`, the samples alone.

        Args:
            name: of the source.
            like: rows whose structure and dtypes are wanted, tensors.
            labels: int32 `(N,)`.
            new_seed: asked once, if the source has not failed.
        """
        source = self.sources[name]
        try:
            if source is not None:
                with tf.name_scope(scope_of(name)):
                    samples, sound, usable = source.draw(labels, new_seed())
                x = alike(self._owner, like, samples)
                if self.withheld is not None:
                    usable = ops.logical_and(usable, ops.logical_not(self.withheld(x, labels)))
                return x, sound, usable
        except UnlikeError:
            raise
        except Exception as error:
            self._failed(name, error)
        nothing = ops.zeros_like(labels, "bool")
        return _zeros(like, labels), nothing, nothing

    def _count(self, name: str, *chosen: Tensor) -> None:
        """Samples that are made in the step; those of a pool were counted when it was filled."""
        if isinstance(self.sources[name], Live):
            self.counts.assign_add(ops.stack([ops.sum(ops.cast(which, "float32")) for which in chosen]))


def in_class(added: Added, meant: Tensor, classes: int) -> Added:
    """Usable rows of the same class in place of those that are not; where a class has none, they stay not usable.

    So whatever is refused, no class gets more rows than were meant for it.

    Args:
        added: rows.
        meant: which of them are wanted at all, booleans `(N,)`.
        classes: how many there are.
    """

    def changed() -> Added:
        usable, labels = added.usable, added.labels
        of_class = ops.sum(ops.one_hot(labels, classes, dtype="int32") * ops.cast(usable, "int32")[:, None], axis=0)
        sorted_by_class = ops.argsort(ops.where(usable, labels, classes))
        first, count = ops.take(ops.cumsum(of_class) - of_class, labels), ops.take(of_class, labels)
        lacking = ops.logical_and(meant, ops.logical_not(usable))
        place = first + ops.cumsum(ops.cast(lacking, "int32")) % ops.maximum(count, 1)
        place = ops.take(sorted_by_class, ops.minimum(place, ops.shape(labels)[0] - 1))
        source = ops.where(ops.logical_and(lacking, count > 0), place, ops.arange(ops.shape(labels)[0]))
        rows = keras.tree.map_structure(lambda part: tf.gather(part, source), added.rows)
        return Added(rows, labels, tf.gather(added.generated, source), ops.logical_and(meant, count > 0))

    return tf.cond(ops.all(ops.equal(added.usable, meant)), lambda: added, changed)


def used(added: Added, most: Tensor) -> Added:
    """The usable rows alone, one of a few numbers of them.

    Args:
        added: rows.
        most: that there are in any step.
    """

    def some() -> Added:
        level = ops.maximum(most // LEVELS, 1)
        place = tf.reshape(tf.where(added.usable), (-1,))
        place = place[: ops.cast(ops.shape(place)[0] // level * level, "int32")]
        return keras.tree.map_structure(lambda part: tf.gather(part, place), added)

    return tf.cond(ops.all(added.usable), lambda: added, some)


class UnlikeError(ValueError):
    """Samples are of another shape or kind than the data."""


def scope_of(name: str) -> str:
    """Under which a source's operations stand in the graph, and in the message of one that fails."""
    return "synthesizer_" + "".join(letter if letter.isalnum() else "_" for letter in name)


def first_line(error: Exception) -> str:
    """An exception's kind and the first line of its message; of one in TensorFlow's graph, those of its cause."""
    lines = traceback.format_exception_only(error)[-1].strip().splitlines()
    causes = [line.strip() for line in lines[1:] if re.match(r"\s*\w*(Error|Exception): .", line)]
    return causes[0] if isinstance(error, tf.errors.OpError) and causes else lines[0]


def alike(owner: Any, x: Any, samples: Any) -> Any:
    """The samples in the batch's float dtype; an error if they are of another shape or kind.

    Texts may be `(N,)` or `(N, 1)`, as they may everywhere; a list of inputs may be a tuple.
    """

    def describe(part: Any) -> Any:
        return keras.tree.map_structure(_described, part)

    if isinstance(x, (list, tuple)) and isinstance(samples, (list, tuple)) and len(x) == len(samples):
        samples = keras.tree.pack_sequence_as(x, keras.tree.flatten(samples))
    if describe(x) != describe(samples):
        rank = len(x.shape) if tf.is_tensor(x) else 0
        is_sample = rank and tf.is_tensor(samples) and tuple(samples.shape[1:]) == tuple(x.shape)
        batches = "; these are no batches: write `dataset.batch(32)`" if is_sample else ""
        reason = f"make samples like the batch's, {describe(x)}{batches}"
        raise wrong(owner, "synthesizer", reason, describe(samples), UnlikeError)
    return keras.tree.map_structure(_in_form, samples, x)


def _described(part: Tensor) -> str:
    shape = tuple(part.shape[1:])
    if part.dtype == tf.string and shape in ((), (1,)):
        return "texts"
    return f"{shape} {'float' if part.dtype.is_floating else part.dtype.name}"


def _in_form(made: Tensor, real: Tensor) -> Tensor:
    if made.dtype == tf.string:
        return tf.reshape(made, (-1, *real.shape[1:]))
    return tf.stop_gradient(ops.cast(made, real.dtype))


def _zeros(like: Any, labels: Tensor) -> Any:
    return keras.tree.map_structure(lambda part: tf.zeros((ops.shape(labels)[0], *part.shape[1:]), part.dtype), like)


def _where(chosen: Tensor, rows: Any, otherwise: Any) -> Any:
    per_row = lambda part: ops.reshape(chosen, (-1, *(1,) * (len(part.shape) - 1)))
    return keras.tree.map_structure(lambda a, b: tf.where(per_row(a), a, b), rows, otherwise)
