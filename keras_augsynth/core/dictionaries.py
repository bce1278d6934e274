"""`DictionaryLayer`: layers that take several kinds of data at once, in one dictionary."""

from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.core import activity
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.config import arguments
from keras_augsynth.core.modalities import MODALITIES, Modality
from keras_augsynth.core.primary import dense
from keras_augsynth.core.random_layer import RandomLayer

Tensor = Any


class DictionaryLayer(RandomLayer):
    """Base of the layers of several kinds of data: one dictionary in, one out, one number for each sample's draws.

    Args:
        seed: integer; None for a random one.
        **kwargs: `name` and `dtype`.

    Call arguments:
        inputs: a dictionary with some of the keys.
        labels: given by `dataset.map(layer)` over pairs of a dictionary and labels; then a pair comes back.
        sample_weight: given over triples; then a triple comes back.
        training: bool or None.
    """

    modalities: Any = MODALITIES  # of the keys that it knows
    modality, modality_matters = None, False  # a key says it

    def __init__(self, *, seed: int | None = None, **kwargs: Any):
        super().__init__(seed=seed, **kwargs)
        self.supports_masking = True
        self.built = True

    def changed(self, inputs: dict[str, Any], ids: Tensor, epoch: Tensor, single: bool) -> dict[str, Any]:
        """What comes out where the layer is active.

        Args:
            inputs: the caller's dictionary, all of it tensors.
            ids: integers `(N,)`, the samples' numbers.
            epoch: integer, of the call.
            single: whether it is one sample, without an axis for several.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `changed`.")

    def unchanged(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """What comes out where it is not."""
        return inputs

    def kinds(self, inputs: dict[str, Any]) -> dict[str, Modality]:
        """The kinds of data in a dictionary that the layer acts on, by their keys."""
        return {modality.key: modality for modality in self.modalities if modality.key in inputs}

    def check_labels(self, inputs: dict[str, Any], labels: Any) -> None:
        """Refuses labels of a pair that the layer cannot take."""
        if "labels" in inputs:
            raise wrong(self, "labels", "be given once, in the dictionary or beside it", sorted(map(str, inputs)))

    def __setattr__(self, name: str, value: Any) -> None:
        is_live = isinstance(getattr(type(self), name, None), property)
        if getattr(self, "_is_called", False) and name in arguments(type(self)) and not is_live:
            raise wrong(self, name, "be given when the layer is made: traced functions would not see the change", value)
        super().__setattr__(name, value)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(inputs, dict):
            needed = 'be a dictionary such as {"images": ..., "audio": ...}'
            raise wrong(self, "inputs", needed, type(inputs).__name__, TypeError)
        inputs, args = dense(self, inputs), tuple(dense(self, arg, "labels") for arg in args)
        if args and args[0] is not None:
            self.check_labels(inputs, args[0])
        kinds = self.kinds(inputs)
        if not kinds:
            raise wrong(self, "inputs", "have a key that the layer knows", sorted(map(str, inputs)))
        sizes = {key: inputs[key].shape[0] for key, kind in kinds.items() if not _is_single(inputs[key], kind)}
        if len({size for size in sizes.values() if size is not None}) > 1 or 0 < len(sizes) < len(kinds):
            shapes = {key: tuple(inputs[key].shape) for key in kinds}
            raise wrong(self, "inputs", "have the same number of rows in each kind of data", shapes)
        self._is_called = True
        return super().__call__(inputs, *args, **kwargs)

    def call(
        self, inputs: dict[str, Any], labels: Any = None, sample_weight: Any = None, training: bool | None = None
    ) -> Any:
        if labels is None:
            return self._made(inputs)
        made = self._made({**inputs, "labels": labels})
        labels = made.pop("labels")
        return (made, labels) if sample_weight is None else (made, labels, sample_weight)

    def _made(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if not activity.is_active(self):
            return dict(self.unchanged(inputs))
        key, kind = next(iter(self.kinds(inputs).items()))
        single = _is_single(inputs[key], kind)
        ids = inputs.get("sample_ids")
        ids = None if ids is None else ops.reshape(ids, (-1,))
        drawn = activity.keys(self._calls, ids, inputs.get("epoch"))
        epoch = ops.convert_to_tensor(drawn.call)
        if ids is None:  # the two words of this call as one number
            high, low = (ops.cast(word, "int64") for word in (epoch[0], epoch[1]))
            epoch = high * 2**32 + low
            count = 1 if single else tf.shape(inputs[key])[0]
            ids = ops.arange(count, dtype="int32")
        return self.changed(inputs, ids, epoch, single)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}


def _is_single(x: Tensor, kind: Modality) -> bool:
    return len(x.shape) == kind.rank
