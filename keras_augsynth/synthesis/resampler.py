"""`AugmentedResampler`: real samples of a class, augmented. The baseline that every generator must beat."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.dictionaries import DictionaryLayer
from keras_augsynth.core.random_layer import RandomLayer
from keras_augsynth.data.seeded import seeded
from keras_augsynth.synthesis.fitted import FittedSynthesizer
from keras_augsynth.synthesis.members import Members, pick
from keras_augsynth.synthesis.parts import count_parts, parted, put_together
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.stored import Stored
from keras_augsynth.synthesis.synthesizer import check_samples

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class AugmentedResampler(FittedSynthesizer):
    """Draws real samples of the class asked for, with repetition, and augments each anew.

    A sample may have several parts, as a model of several inputs takes them: `fit` takes a dictionary, a tuple or a
    list of arrays, and `sample` gives back the same form.

    Args:
        augment: a layer, `Pipeline` or `MultiModal` of this package, or None for plain oversampling. Of a dictionary
            it changes the parts whose keys it knows, such as "images"; a tuple or a list has none.

    Raises:
        TypeError: for an `augment` of another kind.

    Example:

    >>> resampler = AugmentedResampler(RandomRotation(0.05, seed=1))
    >>> resampler = resampler.fit(np.zeros((20, 8, 8, 1), "uint8"), np.arange(20) % 2)
    >>> resampler.sample([0, 1, 1], seed=7).shape
    TensorShape([3, 8, 8, 1])
    """

    def __init__(self, augment: RandomLayer | None = None):
        if augment is not None and not isinstance(augment, RandomLayer):
            raise wrong(self, "augment", "be a layer of keras_augsynth, or None", augment, TypeError)
        self.augment = augment
        self._form: Any = 0

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Self:
        """Keeps the samples.

        Args:
            x: array `(N, ...)`, or a dictionary, a tuple or a list of such.
            y: integer labels `(N,)`.

        Raises:
            ValueError: for parts of different lengths, labels that are no classes, or a tuple or list to augment.
        """
        self._form, parts = parted(x, y)
        if not parts:
            raise wrong(self, "x", "hold at least one array", x)
        needs_keys = isinstance(self.augment, DictionaryLayer)
        if self.augment is not None and not isinstance(self._form, dict if needs_keys else (int, dict)):
            known = "a dictionary" if needs_keys else "an array or a dictionary"
            raise wrong(self, "x", f"be {known}, whose keys `augment` knows", type(x).__name__)
        checked = [check_samples(self, part, y) for part in parts]
        for part, _ in checked:
            if part.dtype == object and not all(isinstance(each, (str, bytes)) for each in part.flat):
                needed = "be of one dtype, or texts; SMOTENC and its like take columns of several types"
                raise wrong(self, "x", needed, f"{part.dtype} {part.shape}", TypeError)
        self._keep([np.asarray(part) for part in parts], Members(checked[0][1]))
        return self

    def _keep(self, parts: Sequence[np.ndarray], members: Members) -> None:
        self._members = members
        self.class_counts, self.num_classes = self._members.counts, len(self._members.counts)
        # Variables, not constants: a graph that samples does not carry a copy of the data.
        self._parts = [tf.Variable(part, trainable=False, name="rows") for part in parts]

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        """Augmented real samples.

        Args:
            labels: integers `(N,)`, classes that were in the data.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            `(N, ...)`, in the form and the dtypes of the data.
        """
        labels = self._checked_labels(labels)
        count = ops.shape(labels)[0]
        seed, rng = random_for(seed, count)
        chosen = pick(self._members.tables, labels, rng)
        rows = put_together(self._form, [ops.take(part, chosen, axis=0) for part in self._parts])
        return rows if self.augment is None else seeded(self.augment, rows, seed)

    def get_config(self) -> dict[str, Any]:
        return {"augment": keras.saving.serialize_keras_object(self.augment), "form": self._form}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        resampler = cls(keras.saving.deserialize_keras_object(config["augment"]))
        resampler._form = config["form"]
        return resampler

    def state(self) -> dict[str, np.ndarray]:
        parts = [part.numpy() for part in self._parts]
        parts = [part.astype("S") if part.dtype.kind == "O" else part for part in parts]  # texts
        return {**{f"rows_{k}": part for k, part in enumerate(parts)}, **self._members.state()}

    def layout(self) -> dict[str, Stored]:
        parts = {f"rows_{k}": Stored("biufS", ("rows", "*")) for k in range(count_parts(self._form))}
        return {**parts, **Members.layout()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self._keep([state[f"rows_{k}"] for k in range(count_parts(self._form))], Members.restored(state))
