"""`PairedResampler`: real rows of one kind of data beside other rows of the same class in another kind."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.synthesis.fitted import FittedSynthesizer
from keras_augsynth.synthesis.members import Members, pick
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.stored import Stored
from keras_augsynth.synthesis.synthesizer import check_samples

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class PairedResampler(FittedSynthesizer):
    """Puts together real rows of several kinds of data that belong to one class, but not to one sample.

    The image of a digit comes with another recording of its word, so that n rows of a class make n² pairs. All of a
    pair is real; what is new is that they meet. It says something wrong where the kinds of data of one sample have
    more in common than their class: there, `AugmentedResampler` keeps them together.

    Args:
        together: groups of keys whose rows stay together, such as `[("images", "segmentation_masks")]`. A key that is
            in none is drawn by itself.

    Raises:
        TypeError: for something else than a list of lists of keys.
        ValueError: for a key that stands in two groups.

    Example:

    >>> x = {"images": np.zeros((20, 8, 8, 1), "uint8"), "audio": np.zeros((20, 400), "float32")}
    >>> made = PairedResampler().fit(x, np.arange(20) % 2).sample([0, 1, 1], seed=7)
    >>> made["images"].shape, made["audio"].shape
    (TensorShape([3, 8, 8, 1]), TensorShape([3, 400]))
    """

    def __init__(self, together: Sequence[Sequence[str]] = ()):
        if isinstance(together, str) or not all(isinstance(each, (list, tuple)) for each in together):
            raise wrong(self, "together", "be a list of lists of keys", together, TypeError)
        keys = [key for each in together for key in each]
        if len(set(keys)) < len(keys):
            raise wrong(self, "together", "have each key in one group", together)
        self.together = [list(each) for each in together]
        self._keys: list[str] = []

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Self:
        """Keeps the rows.

        Args:
            x: a dictionary of arrays `(N, ...)`, one for each kind of data.
            y: integer labels `(N,)`; or a dictionary of labels by key, where the kinds of data come from different
                collections with different numbers of rows.

        Raises:
            TypeError: for something else than a dictionary of arrays.
            ValueError: for less than two kinds that are drawn apart, keys of `together` that are not there, labels
                that do not fit the rows, or no class that all kinds have.
        """
        if not isinstance(x, Mapping) or any(isinstance(part, Mapping) for part in x.values()):
            raise wrong(self, "x", "be a dictionary of arrays, one for each kind of data", type(x).__name__, TypeError)
        unknown = sorted({key for each in self.together for key in each} - set(x))
        if unknown:
            raise wrong(self, "x", f"have the keys of `together`, {unknown}", sorted(map(str, x)))
        if isinstance(y, Mapping) and set(y) != set(x):
            raise wrong(self, "y", f"have labels for {sorted(map(str, x))}", sorted(map(str, y)))
        if len(self._groups_of(list(x))) < 2:
            raise wrong(self, "x", "have two kinds of data that can be drawn apart", sorted(map(str, x)))
        found = {key: check_samples(self, part, y[key] if isinstance(y, Mapping) else y) for key, part in x.items()}
        for first, *others in self._groups_of(list(x)):
            if any(not np.array_equal(found[first][1], found[other][1]) for other in others):
                raise wrong(self, "y", f"be the same for {[first, *others]}, which stay together", "different labels")
        self._keep({key: part for key, (part, _) in found.items()}, {key: labels for key, (_, labels) in found.items()})
        return self

    def _groups_of(self, keys: Sequence[str]) -> list[list[str]]:
        """All keys, those that stay together in one list."""
        grouped = {key for each in self.together for key in each}
        return [*self.together, *([key] for key in keys if key not in grouped)]

    def _keep(self, parts: dict[str, np.ndarray], labels: dict[str, np.ndarray]) -> None:
        self._keys, self._groups = list(parts), self._groups_of(list(parts))
        self._members = [Members(labels[first]) for first, *_ in self._groups]
        counts = np.zeros((len(self._members), max(len(each.counts) for each in self._members)), int)
        for row, members in zip(counts, self._members, strict=True):
            row[: len(members.counts)] = members.counts
        if not counts.min(axis=0).any():
            raise wrong(self, "y", "have a class that has rows in each kind of data", "none")
        self.class_counts, self.num_classes = counts.min(axis=0), counts.shape[1]
        # Variables, not constants: a graph that samples does not carry a copy of the data.
        self._rows = {key: tf.Variable(part, trainable=False, name="rows") for key, part in parts.items()}

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> dict[str, Tensor]:
        """Real rows of each kind of data, drawn apart.

        Args:
            labels: integers `(N,)`, classes that had rows in each kind of data.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            A dictionary like that of `fit`, with `N` rows under each key.
        """
        labels = self._checked_labels(labels)
        _, rng = random_for(seed, ops.shape(labels)[0])
        chosen = {}
        for keys, members in zip(self._groups, self._members, strict=True):
            chosen |= dict.fromkeys(keys, pick(members.tables, labels, rng))
        return {key: ops.take(self._rows[key], chosen[key], axis=0) for key in self._keys}

    def get_config(self) -> dict[str, Any]:
        return {"together": self.together, "keys": self._keys}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        resampler = cls(config["together"])
        resampler._keys = config["keys"]
        return resampler

    def state(self) -> dict[str, np.ndarray]:
        parts = {f"rows_{k}": self._rows[key].numpy() for k, key in enumerate(self._keys)}
        parts = {name: part.astype("S") if part.dtype.kind == "O" else part for name, part in parts.items()}  # texts
        return {**parts, **{f"classes_{k}": members.labels for k, members in enumerate(self._members)}}

    def layout(self) -> dict[str, Stored]:
        found = {}
        for k, keys in enumerate(self._groups_of(self._keys)):
            found |= {f"rows_{self._keys.index(key)}": Stored("biufS", (f"rows {k}", "*")) for key in keys}
            found[f"classes_{k}"] = Stored("iu", (f"rows {k}",), 0)
        return found

    def restore(self, state: dict[str, np.ndarray]) -> None:
        labels = {key: state[f"classes_{k}"] for k, keys in enumerate(self._groups_of(self._keys)) for key in keys}
        self._keep({key: state[f"rows_{k}"] for k, key in enumerate(self._keys)}, labels)
