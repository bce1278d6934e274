"""Texts as their bytes, all in one row: numbers are cut and put together faster than strings."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_augsynth.ops.text import runs

Tensor = Any

MARK = 0xFF  # stands in front of each text, and behind the last; no UTF-8 text has this byte


def of_texts(texts: Tensor) -> Tensor:
    """uint8 `(B,)`: the bytes of texts `(N,)` that do not have the byte `MARK`, which stands around each of them."""
    mark = bytes([MARK])
    data = tf.io.decode_raw(tf.strings.join([mark, tf.strings.reduce_join(texts, separator=mark), mark]), tf.uint8)
    return data[: tf.size(data) * tf.minimum(tf.size(texts), 1)]  # of no texts there is no mark


def row(strings: Tensor) -> Tensor:
    """uint8 `(B,)`: the bytes of all strings `(N,)`."""
    return tf.io.decode_raw(tf.strings.reduce_join(strings), tf.uint8)


def texts(data: Tensor, count: Tensor) -> Tensor:
    """The `count` strings of which `data` are the bytes, with a `MARK` in front of each."""
    # No operation of TensorFlow makes a string of bytes, but this one ends with them.
    pieces = tf.raw_ops.StringSplit(input=tf.io.serialize_tensor(data)[None], delimiter=bytes([MARK]), skip_empty=False)
    return pieces.values[tf.size(pieces.values) - count :]


def between(texts: Tensor, separators: bytes) -> Tensor:
    """Strings: what stands between some bytes in texts `(N,)`, and is not empty."""
    return tf.raw_ops.StringSplit(input=texts, delimiter=separators, skip_empty=True).values


def places(starts: Tensor, stops: Tensor) -> tuple[Tensor, Tensor]:
    """(all places from `starts` to `stops`, int32 `(K,)`, in a row; int32 `(K + 1,)`, the ends of these runs)."""
    found = tf.raw_ops.RaggedRange(starts=starts, limits=stops, deltas=1, Tsplits=tf.int32)
    return found.rt_dense_values, found.rt_nested_splits


def parts(data: Tensor, starts: Tensor, stops: Tensor) -> Tensor:
    """Strings `(K,)`: those of the bytes from `starts` to `stops`, int32 `(K,)`, none of which is the first."""
    found, splits = places(starts - 1, stops)
    marks = tf.fill(tf.shape(starts), np.uint8(MARK))
    return texts(tf.tensor_scatter_nd_update(runs.take(data, found), splits[:-1, None], marks), tf.size(starts))


def edited(data: Tensor, starts: Tensor, stops: Tensor, pieces: Tensor, new: Tensor, ends: Tensor) -> Tensor:
    """`data` with others in the places of some of the bytes.

    Args:
        data: uint8 `(B,)`.
        starts: int32 `(K,)`, ascending, where bytes are taken out.
        stops: int32 `(K,)`, where that ends: none is beyond the next start.
        pieces: int32 `(K,)`, which of the new pieces comes there.
        new: uint8, all pieces in a row.
        ends: int32 `(K,)`, where each piece ends.
    """
    count, size = tf.size(starts), tf.size(data)
    edges = tf.reshape(tf.stack([starts, stops], 1), (-1,))
    # The rows are, in turn, what is kept and what is taken out, and then all that is new.
    order = tf.stack([2 * tf.range(count), 2 * count + 1 + pieces], 1)
    return tf.raw_ops.RaggedGather(
        params_nested_splits=[tf.concat([[0], edges, [size], size + ends], 0)],
        params_dense_values=tf.concat([data, new], 0),
        indices=tf.concat([tf.reshape(order, (-1,)), [2 * count]], 0),
        OUTPUT_RAGGED_RANK=1,
    ).output_dense_values
