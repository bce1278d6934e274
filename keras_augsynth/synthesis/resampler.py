"""`AugmentedResampler`: real samples of a class, augmented. The baseline that every generator must beat."""

from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import wrong
from keras_augsynth.data.seeded import seeded
from keras_augsynth.synthesis.fitted import FittedSynthesizer
from keras_augsynth.synthesis.members import Members, pick
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.stored import Stored
from keras_augsynth.synthesis.synthesizer import check_samples

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class AugmentedResampler(FittedSynthesizer):
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

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Self:
        """Keeps the samples.

        Args:
            x: array `(N, ...)`.
            y: integer labels `(N,)`.
        """
        x, y = check_samples(self, x, y)
        self._keep(x, Members(y))
        return self

    def _keep(self, x: np.ndarray, members: Members) -> None:
        self._members = members
        self.class_counts, self.num_classes = self._members.counts, len(self._members.counts)
        # A variable, not a constant: a graph that samples does not carry a copy of the data.
        self._rows = tf.Variable(x, trainable=False, name="rows")

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        """Augmented real samples.

        Args:
            labels: integers `(N,)`, classes that were in the data.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            `(N, ...)`, in the dtype of the data.
        """
        labels = self._checked_labels(labels)
        count = ops.shape(labels)[0]
        seed, rng = random_for(seed, count)
        rows = ops.take(self._rows, pick(self._members.tables, labels, rng), axis=0)
        return rows if self.augment is None else seeded(self.augment, rows, seed)

    def get_config(self) -> dict[str, Any]:
        return {"augment": keras.saving.serialize_keras_object(self.augment)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(keras.saving.deserialize_keras_object(config["augment"]))

    def state(self) -> dict[str, np.ndarray]:
        rows = self._rows.numpy()
        texts = rows.dtype.kind == "O"
        return {"rows": rows.astype("S") if texts else rows, **self._members.state()}

    def layout(self) -> dict[str, Stored]:
        return {"rows": Stored("biufS", ("rows", "*")), **Members.layout()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self._keep(state["rows"], Members.restored(state))
