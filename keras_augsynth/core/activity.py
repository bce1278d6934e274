"""When a layer augments, and where its randomness comes from: decided here, once, for every layer."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_augsynth.ops import random

Tensor = Any
# What every draw of a call depends on besides a layer's seed: the words of the epoch and of the sample ids.
Keys = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]

_forced = threading.local()


@contextlib.contextmanager
def augmenting(nonce: Tensor) -> Iterator[None]:
    """Inside, every augmentation is active whatever `training` says; `nonce` (2 uint32) takes the counter's place.

    Exported endpoints use it: `model(x, training=False)` then augments and leaves dropout alone.
    """
    previous = getattr(_forced, "nonce", None)
    _forced.nonce = nonce
    try:
        yield
    finally:
        _forced.nonce = previous


def is_active(layer: keras.layers.Layer, training: bool | None) -> bool:
    """`training` if somebody said it; otherwise only if `layer` itself is the outermost call."""
    if getattr(_forced, "nonce", None) is not None:
        return True
    if training is not None:
        return bool(training)
    return layer._get_call_context().entry_layer is layer


def keys(calls: keras.random.SeedGenerator, count: int | Tensor, ids: Tensor | None, epoch: Tensor | None) -> Keys:
    """The keys of `count` samples: their own ids and epoch, or else the call's number and their row.

    Without ids, `calls` is advanced, and in a `tf.distribute` replica the replica's number enters.
    """
    if ids is not None:
        return random.words(0 if epoch is None else epoch), random.words(ids)
    rows = random.words(ops.arange(count, dtype="int32"))
    nonce = getattr(_forced, "nonce", None)
    if nonce is not None:
        return (nonce[0], nonce[1]), rows
    call = calls.next()[1]
    return (_replica(), ops.cast(call, "uint32")), rows


def _replica() -> Tensor:
    context = tf.distribute.get_replica_context()
    replica = 0 if context is None or context.num_replicas_in_sync == 1 else context.replica_id_in_sync_group
    return ops.cast(replica, "uint32")
