"""Texts as words: split, draw for each word, join. TensorFlow only, since no other backend has strings."""

from typing import Any

import tensorflow as tf

from keras_augsynth.ops.random import Random

Tensor = Any


def split(texts: Tensor) -> tf.RaggedTensor:
    """Texts `(N,)` as words `(N, None)`, cut at white space."""
    return tf.strings.split(texts)


def uniform(words: tf.RaggedTensor, keys: Tensor) -> tf.RaggedTensor:
    """One number in [0, 1) for each word; a word's number depends on its text's key and its place alone."""
    lengths = words.row_lengths()
    longest = tf.cast(tf.reduce_max(tf.concat([[0], lengths], 0)), tf.int32)
    dense = tf.reshape(Random(keys).uniform(shape=(longest,)), (tf.shape(lengths)[0], longest))
    return tf.RaggedTensor.from_tensor(dense, lengths=lengths, row_splits_dtype=words.row_splits.dtype)


def keep(texts: Tensor, words: tf.RaggedTensor, luck: tf.RaggedTensor, rate: float) -> Tensor:
    """The texts without the words whose luck is below `rate`; the luckiest word of each text always stays."""
    best = tf.gather(tf.reduce_max(luck, axis=1), words.value_rowids())
    stays = tf.logical_or(luck.flat_values >= rate, luck.flat_values >= best)
    kept = tf.ragged.boolean_mask(words, words.with_flat_values(stays))
    whole = kept.row_lengths() == words.row_lengths()
    return tf.where(whole, texts, tf.strings.reduce_join(kept, axis=1, separator=" "))
