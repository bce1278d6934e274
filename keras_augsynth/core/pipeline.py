"""`Pipeline`, `OneOf` and `SomeOf`: layers made of layers."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core import policy
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_flag, check_integer, check_number, wrong
from keras_augsynth.core.form import primary_key
from keras_augsynth.core.stages import Step
from keras_augsynth.ops.random import Random

Tensor = Any


class Composite(Augmentation, listed=False):
    """What layers made of layers have in common: their parts, their modality, and their parts' seeds."""

    def __init__(self, layers: Sequence[keras.layers.Layer], **kwargs: Any):
        own = [layer for layer in _checked(self, layers) if isinstance(layer, Augmentation)]
        kinds = {layer.modality.name: layer.modality for layer in own if layer.modality is not None}
        if len(kinds) > 1:
            raise wrong(self, "layers", "be for one kind of data", sorted(kinds))
        self.modality = next(iter(kinds.values()), None)
        super().__init__(**kwargs)
        self.layers = list(layers)
        self.adopt(self.seed)
        self.built = all(layer.built for layer in own)

    def build(self, input_shape: Any) -> None:
        shape = input_shape[primary_key(self, input_shape)] if isinstance(input_shape, dict) else input_shape
        for layer in self.layers:
            if isinstance(layer, Augmentation) and not layer.built:
                layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def adopt(self, seed: int) -> None:
        super().adopt(seed)
        for position, layer in enumerate(self.layers):
            if isinstance(layer, Augmentation):
                layer.adopt(int(np.random.SeedSequence([self.seed % 2**64, position]).generate_state(1)[0]))

    def choose(self, rng: Random) -> Tensor:
        """bool `(N, parts)`: which parts are carried out for which sample."""
        raise NotImplementedError(f"{type(self).__name__} must define `choose`.")

    def to_json(self) -> str:
        """All layers with their arguments and seeds, as text to read and to keep; `from_json` is the way back.

        What is not in it: how often the layer has been called, and the package's other state. Layers that have
        learned something that is not among their arguments (`Normalization` after `adapt`) are refused.
        """
        return policy.write(self)

    @classmethod
    def from_json(cls, text: str) -> "Composite":
        """What `to_json` has written: it draws what the original drew from its first call on.

        Raises:
            TypeError: for something that is not a string.
            ValueError: for text that is no JSON, a layer or an argument that is not known, or another class.

        Example:

        >>> augment = Pipeline([RandomFlip("horizontal"), RandomRotation(0.1)], seed=7)
        >>> Pipeline.from_json(augment.to_json()).seed
        7
        """
        layer = policy.read(cls.__name__, text)
        if not isinstance(layer, cls):
            raise wrong(cls.__name__, "text", f"describe a {cls.__name__}", type(layer).__name__)
        return layer

    def steps(self) -> list[Step]:
        return [step.behind(self, position) for position, part in enumerate(self._parts()) for step in part]

    def _parts(self) -> list[list[Step]]:
        return [layer.steps() if isinstance(layer, Augmentation) else [Step(layer)] for layer in self.layers]

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return tuple(input_shape)


class Pipeline(Composite, listed=False):
    """Carries out layers one after the other, in the order given, and merges what can be merged.

    Neighbouring geometric layers become one matrix product and one resample; neighbouring color layers and
    value maps become one matrix and one pass over the pixels. So there is one interpolation instead of one
    per layer (sharper, faster), and one clip to the value range instead of many. Merged and unmerged results
    agree wherever no pixel leaves the frame and no value leaves its range: beyond that, one resample still
    sees what a chain has already cut off.

    Args:
        layers: augmentations for one kind of data. Any other Keras layer may stand among them and is called
            as it is, with the primary tensor.
        fuse: False carries out every layer on its own.
        shuffle: True carries out the layers in another order for each sample. Costs little where all of them are
            geometric or all change colors linearly; of other layers, every one is computed at every place.
        **kwargs: as in `Augmentation`. Layers without a seed get one from `seed` and their position; `p` is the
            chance that a sample goes through the pipeline at all.

    Raises:
        TypeError: for something that is not a layer.
        ValueError: for layers of different modalities, or the same object twice.

    Example:

    >>> augment = Pipeline([RandomFlip("horizontal"), RandomRotation(0.1), RandomBrightness(0.2)], seed=7)
    >>> augment(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self, layers: Sequence[keras.layers.Layer], *, fuse: bool = True, shuffle: bool = False, **kwargs: Any
    ):
        super().__init__(layers, **kwargs)
        self.fuse = check_flag(self, fuse, "fuse")
        self.shuffle = check_flag(self, shuffle, "shuffle")
        if shuffle:
            _check_parts(self, self.layers)

    def choose(self, rng: Random) -> Tensor:
        chosen, count = ops.expand_dims(rng.gate(self.p), 1), len(self.layers)
        if not self.shuffle:
            return ops.broadcast_to(chosen, (ops.shape(chosen)[0], count))
        place = ops.repeat(rng.permutation(count), count, axis=1)  # at every place there is every layer
        layer = ops.tile(ops.arange(count, dtype="int32"), (count,))
        return ops.logical_and(chosen, ops.equal(ops.cast(place, "int32"), layer))

    def steps(self) -> list[Step]:
        if self.shuffle:
            parts = list(enumerate(part for _ in self.layers for part in self._parts()))
            steps = [step.behind(self, position) for position, part in parts for step in part]
        else:
            steps = super().steps() if self.p < 1.0 else [step for part in self._parts() for step in part]
        return steps if self.fuse else [step.on_its_own() for step in steps]


class OneOf(Composite, listed=False):
    """Carries out one of several layers, chosen for each sample.

    Args:
        layers: random augmentations for one kind of data that keep its size.
        weights: chances of the layers, in any unit; equal where it is None.
        **kwargs: as in `Augmentation`.

    Example:

    >>> OneOf([RandomRotation(0.1), RandomShear(0.2)], weights=[3, 1], seed=1)(images).shape
    TensorShape([4, 8, 8, 3])
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], weights: Sequence[float] | None = None, **kwargs: Any):
        super().__init__(layers, **kwargs)
        _check_parts(self, self.layers)
        # Not `weights`, which a Keras layer has already.
        self.chances = weights if weights is None else [check_number(self, w, "weights", 0.0) for w in weights]
        if self.chances is not None and (len(self.chances) != len(self.layers) or not sum(self.chances)):
            raise wrong(self, "weights", f"be {len(self.layers)} numbers, not all of them 0", weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weights": self.chances}

    def choose(self, rng: Random) -> Tensor:
        choice = rng.categorical(self.chances or [1.0] * len(self.layers))
        chosen = ops.equal(ops.expand_dims(choice, 1), ops.arange(len(self.layers), dtype="int32"))
        return ops.logical_and(chosen, ops.expand_dims(rng.gate(self.p), 1))


class SomeOf(Composite, listed=False):
    """Carries out `n` of several layers, chosen for each sample without repetition, in the order given.

    Args:
        layers: random augmentations for one kind of data that keep its size.
        n: how many; or a pair (fewest, most), drawn for each sample.
        **kwargs: as in `Augmentation`.

    Example:

    >>> SomeOf([RandomRotation(0.1), RandomShear(0.2), RandomBrightness(0.3)], n=(1, 2), seed=1)(images).shape
    TensorShape([4, 8, 8, 3])
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], n: int | Sequence[int], **kwargs: Any):
        super().__init__(layers, **kwargs)
        _check_parts(self, self.layers)
        pair = [n, n] if not isinstance(n, Sequence) or isinstance(n, str) else list(n)
        if len(pair) != 2:
            raise wrong(self, "n", "be an integer or a pair of integers", n)
        self.n = [check_integer(self, value, "n", 0, len(self.layers)) for value in pair]
        if self.n[0] > self.n[1]:
            raise wrong(self, "n", "have its lower end first", n)

    def choose(self, rng: Random) -> Tensor:
        rank = ops.argsort(rng.permutation(len(self.layers)), axis=-1)
        count = rng.integers(self.n[0], self.n[1] + 1)
        chosen = rank < ops.cast(ops.expand_dims(count, 1), rank.dtype)
        return ops.logical_and(chosen, ops.expand_dims(rng.gate(self.p), 1))


def _checked(owner: Composite, layers: Any) -> Sequence[keras.layers.Layer]:
    if isinstance(layers, keras.layers.Layer) or not isinstance(layers, Sequence):
        raise wrong(owner, "layers", "be a list of layers", layers, TypeError)
    for layer in layers:
        if not isinstance(layer, keras.layers.Layer):
            raise wrong(owner, "layers", "be a list of layers", layer, TypeError)
    if len({id(layer) for layer in layers}) < len(layers):
        raise wrong(owner, "layers", "be different objects, or they would draw the same numbers", layers)
    if not layers:
        raise wrong(owner, "layers", "name at least one layer", layers)
    return layers


def _check_parts(owner: Composite, layers: Sequence[keras.layers.Layer]) -> None:
    """Parts that may be left out must leave a sample as it was."""
    for layer in layers:
        steps = layer.steps() if isinstance(layer, Augmentation) else []
        if any(getattr(step.layer, "always", False) for step in steps):
            raise wrong(owner, "layers", "be augmentations that keep the size and the range of the data", layer)
