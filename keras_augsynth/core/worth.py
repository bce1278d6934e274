"""When compiling pays: a size is compiled once its uncompiled batches have cost about as much as compiling it.

So a size that comes once is never compiled, one that comes again and again soon is, and a huge batch is at once.
"""

import collections
import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_augsynth.ops.variables import new_variable

Tensor = Any

PAYS = 2**25
"""Pixels after which a size is compiled: ten batches of 64 images of 224 x 224. Measured in docs/results/compile.md."""
MOST = 128
"""Sizes that are compiled in a process, or in a traced function for a layer: TensorFlow never frees a kernel."""
_REMEMBERED = 256  # sizes whose work is kept in mind


class Worth:
    """Counts the work for each size of a plan's eager calls."""

    compiled = 0  # sizes in this process

    def __init__(self) -> None:
        self._work: collections.OrderedDict[tuple[int, ...], int] = collections.OrderedDict()

    def pays(self, shape: tuple[int, ...]) -> bool:
        """Whether a batch of this shape, which is now counted, is to be compiled."""
        done = self._work.pop(shape, 0)
        work = done + _pixels(shape)
        if done < PAYS <= work:
            if Worth.compiled >= MOST:
                work = 0
            else:
                Worth.compiled += 1
                if Worth.compiled == MOST:
                    _log.info("keras_augsynth: %d sizes are compiled; others run uncompiled from now on.", MOST)
        self._keep(shape, work)
        return work >= PAYS

    def settle(self, shape: tuple[int, ...]) -> None:
        """Lets a batch of this shape be compiled from now on."""
        self._keep(shape, PAYS)

    def _keep(self, shape: tuple[int, ...], work: int) -> None:
        self._work[shape] = work
        while len(self._work) > _REMEMBERED:
            self._work.popitem(last=False)


_log = logging.getLogger("keras_augsynth")


@contextlib.contextmanager
def logged(what: str, is_new: Callable[[], bool]) -> Iterator[None]:
    """Writes a line to the log if what happens inside was a compilation, by `is_new` behind it, of over a second."""
    start = time.perf_counter()
    yield
    if (seconds := time.perf_counter() - start) > 1.0 and is_new():
        _log.info("keras_augsynth: compiled %s in %.1f s.", what, seconds)


def _pixels(shape: Sequence[int]) -> int:
    return math.prod(shape[:-1] if len(shape) > 2 else shape)


# The same in a graph, where sizes are known when it runs. A variable, int64 (slots + 1, 2), keeps in each slot a size,
# as one number made of it, and its work. Two sizes that fall into one slot displace each other. Row 0: how many are
# compiled.


def new_state() -> tf.Variable:
    """What a traced function keeps in mind; to be held by the layer, so that it is saved with it."""
    return new_variable(np.zeros((_REMEMBERED + 1, 2), "int64"), "sizes_seen")


def pays_in_graph(state: tf.Variable, shape: Sequence[Any], settles: bool = False) -> Tensor:
    """`Worth.pays` as a boolean tensor; or `Worth.settle`."""
    lengths = tf.unstack(tf.cast(tf.stack(list(shape)), "int64"))
    key = tf.constant(17, "int64")
    for length in lengths:
        key = key * 1000003 + length
    slot = 1 + tf.math.floormod(key, _REMEMBERED - 5)  # a prime
    (count, _), (size, work) = (tf.unstack(row) for row in tf.unstack(tf.gather(state, tf.stack([0, slot]))))
    done = tf.where(tf.equal(size, key), work, 0)
    work = done + tf.reduce_prod(tf.stack(lengths[:-1] if len(lengths) > 2 else lengths))
    work = work + PAYS if settles else work
    begins = tf.logical_and(done < PAYS, work >= PAYS)
    work = tf.where(tf.logical_and(begins, count >= MOST), tf.zeros_like(work), work)
    count = count + tf.cast(tf.logical_and(begins, count < MOST), "int64")
    work = tf.minimum(work, 2 * PAYS)
    rows = tf.stack([tf.stack([count, tf.zeros_like(count)]), tf.stack([key, work])])
    state.scatter_nd_update(tf.stack([[tf.zeros_like(slot)], [slot]]), rows)
    return work >= PAYS
