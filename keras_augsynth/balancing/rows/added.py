"""The rows that are added to a batch: generated ones, real ones again, in the training graph."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.balancing.rows.class_rows import ClassRows
from keras_augsynth.balancing.rows.sources import Live, Pool
from keras_augsynth.balancing.targets import LEVELS
from keras_augsynth.core.checks import wrong
from keras_augsynth.synthesis.seeds import random_for

Tensor = Any


class Added(NamedTuple):
    """Added rows.

    Attributes:
        x: as the batch's.
        labels: int32 `(N,)`.
        generated: which are not real rows.
        usable: which may be used at all.
    """

    x: Any
    labels: Tensor
    generated: Tensor
    usable: Tensor


class Mixture:
    """Draws rows of given classes from several synthesizers and from real rows that have come by.

    A generated row that is not finite, not accepted or withheld is replaced by a real one, where real rows are kept,
    and is marked as not usable otherwise.

    Args:
        owner: named in errors.
        sources: name -> where its rows come from; None once it has failed.
        classes: how many there are.
        new_seed: another seed each time.
        failed: told of a source's name and the exception that it has raised.
    """

    def __init__(
        self,
        owner: Any,
        sources: dict[str, Live | Pool | None],
        classes: int,
        new_seed: Callable[[], Tensor],
        failed: Callable[[str, Exception], None],
    ):
        self.sources = sources
        self.memory: ClassRows | None = None  # real rows that have come by
        # Of rows and labels: which must not be used, since they are what generated rows are judged by.
        self.withheld: Callable[[Any, Tensor], Tensor] | None = None
        # The part of each class's added rows that each synthesizer gives; the rest are real.
        self.parts = tf.Variable(np.zeros((len(sources), classes), "float32"), trainable=False)
        # Rows that were asked for, were finite, were accepted and not withheld.
        self.counts = tf.Variable(np.zeros(3, "float32"), trainable=False)
        self._owner, self._new_seed, self._failed = owner, new_seed, failed

    def draw(self, like: Any, labels: Tensor, uniform: Tensor, number: Tensor, most: Tensor, padded: bool) -> Added:
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
        return (self._padded if padded else self._sorted)(like, labels, source, meant, most)

    def _padded(self, like: Any, labels: Tensor, source: Tensor, meant: Tensor, most: Tensor) -> Added:
        """Every source gives every row, and one is chosen."""
        (rows, there), generated = self._real(like, labels), ops.zeros_like(labels, "bool")
        for place, name in enumerate(self.sources):
            samples, sound, usable = self._sampled(name, like, labels)
            mine = ops.logical_and(ops.equal(source, place), meant)
            self._count(name, mine, mine & sound, mine & usable)
            chosen = mine & usable
            rows, generated = _where(chosen, samples, rows), ops.logical_or(generated, chosen)
        return Added(rows, labels, generated, ops.logical_and(meant, ops.logical_or(generated, there)))

    def _sorted(self, like: Any, labels: Tensor, source: Tensor, meant: Tensor, most: Tensor) -> Added:
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

    def _some(self, name: str, like: Any, labels: Tensor, count: Tensor, most: Tensor) -> tuple[Any, Tensor, Tensor]:
        """A source's rows for `count` labels; it is asked for one of a few numbers of rows, or not at all."""
        level = ops.maximum(most // LEVELS, 1)
        asked = (count + level - 1) // level * level

        def some() -> tuple[Any, Tensor, Tensor]:
            repeated = ops.take(labels, ops.arange(asked) % ops.maximum(count, 1))
            return keras.tree.map_structure(lambda part: part[:count], self._sampled(name, like, repeated))

        def none() -> tuple[Any, Tensor, Tensor]:
            nothing = ops.zeros((0,), "bool")
            return keras.tree.map_structure(lambda part: part[:0], like), nothing, nothing

        return tf.cond(count > 0, some, none)

    def _real(self, like: Any, labels: Tensor) -> tuple[Any, Tensor]:
        """Real rows and whether there are any; without a memory, rows of zeros."""
        if self.memory is None:
            return _zeros(like, labels), ops.zeros_like(labels, "bool")
        rng = random_for(self._new_seed(), ops.shape(labels)[0])[1]
        rows, there = self.memory.draw(labels, rng)
        return keras.tree.map_structure(lambda row, part: ops.cast(row, part.dtype), rows, like), there

    def _sampled(self, name: str, like: Any, labels: Tensor) -> tuple[Any, Tensor, Tensor]:
        """(samples, whether each is finite, whether each may be used) of a source; of one that has failed, none."""
        source = self.sources[name]
        try:
            if source is not None:
                with tf.name_scope(scope_of(name)):
                    samples, sound, usable = source.draw(labels, self._new_seed())
                rows = alike(self._owner, like, samples)
                if self.withheld is not None:
                    usable = ops.logical_and(usable, ops.logical_not(self.withheld(rows, labels)))
                return rows, sound, usable
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


class UnlikeError(ValueError):
    """Samples are of another shape or kind than the data."""


def scope_of(name: str) -> str:
    """Under which a source's operations stand in the graph, and in the message of one that fails."""
    return "synthesizer_" + "".join(letter if letter.isalnum() else "_" for letter in name)


def alike(owner: Any, x: Any, samples: Any) -> Any:
    """The samples in the batch's float dtype; an error if they are of another shape or kind.

    Texts may be `(N,)` or `(N, 1)`, as they may everywhere.
    """

    def describe(part: Any) -> Any:
        leaf = lambda t: f"{tuple(t.shape[1:])} {'float' if t.dtype.is_floating else t.dtype.name}"
        return keras.tree.map_structure(leaf, part)

    if _is_text(x) and _is_text(samples):
        samples = ops.reshape(samples, (-1, *x.shape[1:]))
    if describe(x) != describe(samples):
        raise wrong(
            owner, "synthesizer", f"make samples like the batch's, {describe(x)}", describe(samples), UnlikeError
        )
    return keras.tree.map_structure(lambda made, real: tf.stop_gradient(ops.cast(made, real.dtype)), samples, x)


def _is_text(part: Any) -> bool:
    return ops.is_tensor(part) and part.dtype == tf.string and tuple(part.shape[1:]) in ((), (1,))


def _zeros(like: Any, labels: Tensor) -> Any:
    return keras.tree.map_structure(lambda part: ops.zeros((ops.shape(labels)[0], *part.shape[1:]), part.dtype), like)


def _where(chosen: Tensor, rows: Any, otherwise: Any) -> Any:
    per_row = lambda part: ops.reshape(chosen, (-1, *(1,) * (len(part.shape) - 1)))
    return keras.tree.map_structure(lambda a, b: tf.where(per_row(a), a, b), rows, otherwise)
