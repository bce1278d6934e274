"""Where generated rows come from: a synthesizer inside the step, or a pool that it fills between epochs."""

import tempfile
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.balancing.rows.class_rows import ClassRows
from keras_augsynth.balancing.rows.step_random import step_random
from keras_augsynth.synthesis.synthesizer import Synthesizer

Tensor = Any
Accept = Callable[[Any, Tensor], Tensor]
"""(samples, labels) -> which of them may be used, booleans `(N,)`."""

_BLOCK = 512


class Live:
    """Samples in the training step.

    Args:
        synthesizer: runs in a graph.
        accept: which samples may be used; None: all. "discriminator": the synthesizer sees to it.
    """

    def __init__(self, synthesizer: Synthesizer, accept: Accept | str | None):
        self._sample = synthesizer.sample
        self._options = {"accept": accept} if isinstance(accept, str) else {}
        self._accept = accept if callable(accept) else None

    def draw(self, labels: Tensor, seed: Tensor) -> tuple[Any, Tensor, Tensor]:
        """(samples, whether each is finite, whether each is finite and accepted)."""
        samples = self._sample(labels, seed=seed, **self._options)
        if hasattr(samples, "columns"):  # a DataFrame, which is a dictionary of its columns in a graph
            self._sample = tf.function(self._sample, reduce_retracing=True, autograph=False)
            samples = self._sample(labels, seed=seed, **self._options)
        sound = finite(samples)
        if self._accept is None:
            return samples, sound, sound
        return samples, sound, sound & ops.reshape(ops.cast(self._accept(samples, labels), "bool"), (-1,))


class Pool:
    """Samples between epochs, is filtered once, and gives rows in the step at the cost of a gather.

    What does not fit into memory lies on disk, and every epoch another part of it comes into memory.

    Args:
        source: of the samples.
        row: specification of a batch of rows.
        size: rows of the pool.
        wanted: how many rows of each class are needed, relative to each other, `(C,)`.
        memory: bytes that the rows may take in memory.
    """

    def __init__(self, source: Live, row: Any, size: int, wanted: np.ndarray, memory: int):
        self._source, self._row = source, row
        self.labels = np.repeat(np.arange(len(wanted)), np.ceil(size * wanted / (wanted.sum() or 1)).astype("int64"))
        each = sum(int(np.prod(part.shape[1:])) * part.dtype.size for part in keras.tree.flatten(row))
        self._fits = max(memory // max(each, 1), 1)
        part = min(self._fits / max(len(self.labels), 1), 1.0)
        room = np.bincount(self.labels, minlength=len(wanted))
        self.rows = ClassRows(row, np.minimum(room, np.ceil(part * room)).astype("int64"))
        self.filled_by: int | None = None  # the seed
        self._disk: Any = None
        self._accepted: np.ndarray | None = None

    def refresh(self, seed: int) -> tuple[int, int, int]:
        """Samples anew; (how many, how many of them were finite, how many accepted)."""
        whole = len(self.labels) > self._fits
        self._disk = keras.tree.map_structure(lambda part: self._room(part, whole), self._row)
        self._accepted = np.zeros(len(self.labels), "bool")
        sound = 0
        # Every block holds rows of all classes, and has the same size.
        self.labels = np.random.default_rng(seed).permutation(np.sort(self.labels))  # by the seed alone
        for start in range(0, len(self.labels), _BLOCK):
            mine = self.labels[start : start + _BLOCK]
            asked = np.resize(mine, min(_BLOCK, len(self.labels)))
            samples, finite, accepted = self._source.draw(
                tf.constant(asked, "int32"), tf.constant(seed + start, "int64")
            )
            place = slice(start, start + len(mine))
            for store, part in zip(keras.tree.flatten(self._disk), keras.tree.flatten(samples), strict=True):
                store[place] = np.asarray(part)[: len(mine)]
            sound += int(np.count_nonzero(np.asarray(finite)[: len(mine)]))
            self._accepted[start : start + len(mine)] = np.asarray(accepted)[: len(mine)]
        self.turn(seed)
        if not whole:
            self._disk = None
        self.filled_by = seed
        return len(self.labels), sound, int(self._accepted.sum())

    def turn(self, seed: int) -> None:
        """Brings another part of a pool on disk into memory."""
        if self._disk is None:
            return
        rng = np.random.default_rng(seed)
        of_class = (np.flatnonzero(self._accepted & (self.labels == label)) for label in range(len(self.rows.room)))
        chosen = [rng.permutation(mine)[:room] for mine, room in zip(of_class, self.rows.room, strict=True)]
        usable = np.sort(np.concatenate(chosen))
        rows = keras.tree.map_structure(lambda store: np.asarray(store[usable]), self._disk)
        self.rows.replace(rows, self.labels[usable])

    def _room(self, part: tf.TensorSpec, on_disk: bool) -> np.ndarray:
        shape, dtype = (len(self.labels), *part.shape[1:]), part.dtype.as_numpy_dtype
        if not on_disk or part.dtype == tf.string:
            return np.zeros(shape, dtype)
        with tempfile.TemporaryFile() as file:  # gone when it is not mapped any more
            return np.memmap(file, dtype, "w+", shape=shape)

    def draw(self, labels: Tensor, seed: Tensor) -> tuple[Any, Tensor, Tensor]:
        """As `Live.draw`; what was not accepted is not in the pool."""
        rows, there = self.rows.draw(labels, step_random(seed, ops.shape(labels)[0]))
        return rows, there, there


def refilled(
    sources: dict[str, Live | Pool | None], filling: int, seed: int, failed: Callable[[str, Exception], None]
) -> np.ndarray:
    """Fills the pools among sources, or lets those that lie on disk give another part of their rows.

    Args:
        sources: by name.
        filling: the seed of the samples; pools that were filled by it are not filled again.
        seed: of the part of a pool on disk that is brought into memory.
        failed: told of a source's name and the exception that it has raised.

    Returns:
        How many samples were made, were finite, were accepted; `(3,)`.
    """
    rows = np.zeros(3, "float32")
    for name, source in sources.items():
        if not isinstance(source, Pool):
            continue
        try:
            if source.filled_by != filling:
                rows += source.refresh(filling)
            if seed != filling:
                source.turn(seed)
        except Exception as error:
            failed(name, error)
    return rows


def finite(samples: Any) -> Tensor:
    """Which rows are free of NaN and infinity, booleans `(N,)`."""
    parts = keras.tree.flatten(samples)
    count = ops.shape(parts[0])[0]
    sound = ops.ones((count,), "bool")
    for part in parts:
        if tf.as_dtype(part.dtype).is_floating:
            sound = sound & ops.all(ops.isfinite(ops.reshape(part, (count, -1))), axis=1)
    return sound
