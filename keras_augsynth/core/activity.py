"""When a layer augments, and where its randomness comes from: decided here, once, for every layer."""

import threading
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

from keras_augsynth.core import keras_internals
from keras_augsynth.ops import random
from keras_augsynth.ops.scoped import Scoped

Tensor = Any


class Keys(NamedTuple):
    """What every draw of a call depends on besides a layer's seed.

    Attributes:
        call: an integer, the epoch, scalar or `(N,)`; or two words, uint32 `(2,)`, of the call without ids.
        ids: integers `(N,)`, the samples' numbers; None: they are numbered from 0 on.
    """

    call: Tensor
    ids: Tensor | None

    @property
    def number(self) -> Tensor | None:
        """Of the call, counted by the layer or by that of several kinds around it; None where nobody counts."""
        return self.call[1] if self.ids is None and _forced.value is None else _outer_number.value

    def words(self, count: int | Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """The words of the call and of `count` samples."""
        call = (self.call[0], self.call[1]) if ops.dtype(self.call) == "uint32" else random.words(self.call)
        return call, random.words(ops.arange(count, dtype="int32") if self.ids is None else self.ids)


_CONTAINERS = (keras.Model, keras.layers.Pipeline)
_NEUTRAL = (keras.layers.InputLayer, keras.layers.Lambda, keras.layers.Identity)
_forced = Scoped()
_outer_number = Scoped()
_apart = Scoped()


def augmenting(nonce: Tensor) -> AbstractContextManager[None]:
    """Inside, every augmentation is active whatever `training` says; `nonce` (2 uint32) takes the counter's place.

    Exported endpoints use it: `model(x, training=False)` then augments and leaves dropout alone.
    """
    return _forced.holding(nonce)


def numbered(keys: Keys) -> AbstractContextManager[None]:
    """Inside, calls that are given the samples' ids have the number of the call that made them."""
    return _outer_number.holding(keys.number)


def apart() -> AbstractContextManager[None]:
    """Inside, no sample is mixed with others of its batch: layers that mix leave each as it is."""
    return _apart.holding(True)


def keeps_apart() -> bool:
    """Whether layers that mix samples are to leave them as they are."""
    return bool(_apart.value)


def is_active(layer: keras.layers.Layer) -> bool:
    """Whether a layer, from within its `call`, is to augment.

    What the caller of the outermost layer or model said about `training` decides. If nobody said anything, a layer
    is active where it is the outermost call itself, or where that is a model of nothing but layers that prepare data.
    """
    if _forced.value is not None:
        return True
    given = keras_internals.training_given(layer)
    if given is not None:
        return given
    outermost = keras_internals.outermost_layer(layer)
    return outermost is layer or (isinstance(outermost, _CONTAINERS) and prepares_data(outermost))


def prepares_data(layer: keras.layers.Layer) -> bool:
    """Whether a layer, or a model with all its layers, changes data rather than learning from them."""
    if keras_internals.is_data_layer(layer) or hasattr(layer, "draw_params"):  # of Keras or of this package
        return True
    if isinstance(layer, _CONTAINERS):
        return all(map(prepares_data, layer.layers))
    if keras_internals.is_keras_own(layer):
        return isinstance(layer, _NEUTRAL)
    # A layer of the user's: one that has or will have weights is no preparation.
    return type(layer).build is keras.layers.Layer.build and not layer.weights


def keys(calls: keras.random.SeedGenerator, ids: Tensor | None, epoch: Tensor | None) -> Keys:
    """The keys of a call: the samples' own ids and epoch, or else the call's number and their row.

    Without ids, `calls` is advanced, and in a `tf.distribute` replica the replica's number enters.
    """
    if ids is not None:
        return Keys(ops.convert_to_tensor(0 if epoch is None else epoch), ids)
    nonce = _forced.value
    if nonce is not None:
        return Keys(nonce, None)
    number = _advanced(calls)  # the counter's seed, 0, and the call's number
    return Keys(number if _is_alone() else ops.stack([replica(), number[1]]), None)


def _advanced(calls: keras.random.SeedGenerator) -> Tensor:
    """`calls.next()`, in fewer operations: those made a third of an eager call of a small batch."""
    with _counting:  # threads that call a layer eagerly, such as the workers of a `PyDataset`, each get a number
        number = tf.convert_to_tensor(calls.state.value)
        calls.state.assign(tf.add(number, [0, 1]))
    return tf.cast(number, "uint32")


_counting = threading.Lock()


def _is_alone() -> bool:
    context = tf.distribute.get_replica_context()
    return context is None or context.num_replicas_in_sync == 1


def replica() -> Tensor:
    """The number of this `tf.distribute` replica, uint32; 0 where there is one."""
    number = 0 if _is_alone() else tf.distribute.get_replica_context().replica_id_in_sync_group
    return ops.cast(number, "uint32")
