"""`AugmentedResampler`: real samples of a class, augmented. The baseline that every generator must beat."""

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import wrong
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.synthesizer import check_labels, check_samples

Tensor = Any


class AugmentedResampler:
    """Draws real samples of the class asked for, with repetition, and augments each anew.

    Args:
        augment: a layer or `Pipeline` of this package, or None for plain oversampling.

    Raises:
        TypeError: for an `augment` of another kind.

    Example:

    >>> resampler = AugmentedResampler(RandomRotation(0.05, seed=1))
    >>> resampler = resampler.fit(np.zeros((20, 8, 8, 1), "uint8"), np.arange(20) % 2)
    >>> resampler.sample([0, 1, 1], seed=7).shape
    TensorShape([3, 8, 8, 1])
    """

    def __init__(self, augment: Augmentation | None = None):
        if augment is not None and not isinstance(augment, Augmentation):
            raise wrong(self, "augment", "be a layer of keras_augsynth, or None", augment, TypeError)
        self.augment = augment
        self.num_classes: int | None = None

    def fit(self, x: Any, y: Any, **kwargs: Any) -> "AugmentedResampler":
        """Keeps the samples.

        Args:
            x: array `(N, ...)`.
            y: integer labels `(N,)`.
        """
        x, y = check_samples(self, x, y)
        order = np.argsort(y, kind="stable")
        counts = np.bincount(y)
        self.num_classes = len(counts)
        # Variables, not constants: a graph that samples does not carry a copy of the data.
        self._rows = tf.Variable(x[order], trainable=False, name="rows")
        self._counts = tf.constant(counts, "int32")
        self._starts = tf.constant(np.cumsum(counts) - counts, "int32")
        return self

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        """Augmented real samples.

        Args:
            labels: integers `(N,)`, classes that were in the data; in a graph nobody looks.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            `(N, ...)`, in the dtype of the data.
        """
        if self.num_classes is None:
            raise wrong(self, "sample", "come after `fit`", "sample()", RuntimeError)
        labels = check_labels(self, labels, self.num_classes)
        if tf.executing_eagerly() and len(labels) and not int(ops.min(ops.take(self._counts, labels))):
            known = np.flatnonzero(self._counts)
            raise wrong(self, "labels", f"be classes that had rows in `fit`, {known}", np.unique(labels))
        seed, rng = random_for(seed, ops.shape(labels)[0])
        place = rng.integers(0, ops.maximum(ops.take(self._counts, labels), 1))
        rows = ops.take(self._rows, ops.take(self._starts, labels) + place, axis=0)
        if self.augment is None:
            return rows
        key = self.augment.modality.key
        ids = ops.arange(ops.shape(labels)[0], dtype="int32")
        augmented = self.augment({key: rows, "sample_ids": ids, "epoch": seed}, training=True)[key]
        return to_dtype(augmented, rows.dtype)
