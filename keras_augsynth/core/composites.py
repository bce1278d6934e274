"""`Pipeline`, `OneOf` and `SomeOf`: layers made of layers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core import json_policy
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_flag, check_integer, check_number, check_value_range, wrong
from keras_augsynth.core.config import arguments, plain
from keras_augsynth.core.draws import Gate, Place, Step
from keras_augsynth.core.families.foreign import Foreign
from keras_augsynth.core.modalities import MODALITIES, NUMBER, Modality, names
from keras_augsynth.core.primary import modality_of
from keras_augsynth.core.ranges import effective_range, ranges_along
from keras_augsynth.core.recordings import check_one_rate
from keras_augsynth.ops.random import Random

Tensor = Any


class Composite(Augmentation, listed=False):
    """What layers made of layers have in common. The layers that it is given are never changed.

    A part without a seed of its own draws from the composite's seed and its place in it.

    Args:
        layers: the parts, in order.
        value_range: lowest and highest value of the data, for all parts that have the usual one; behind a
            `Rescaling` its image. None: each part has its own.
        **kwargs: as in `Augmentation`.
    """

    def __init__(
        self,
        layers: Sequence[keras.layers.Layer],
        *,
        value_range: Sequence[float] | None = None,
        **kwargs: Any,
    ):
        layers = _checked(self, layers)
        self.modalities = _shared_modalities(self, layers)
        self.layers = list(layers)
        super().__init__(**kwargs)
        check_one_rate(self)
        self.supports_masking = all(layer.supports_masking for layer in self.layers)
        self.value_range = None if value_range is None else check_value_range(self, value_range)
        self.built = all(layer.built for layer in layers if isinstance(layer, Augmentation))

    def build(self, input_shape: Any) -> None:
        if isinstance(input_shape, dict):
            modality = next(each for each in self.modalities if each.key in input_shape)
            shape = input_shape[modality.key]
        else:
            modality, shape = modality_of(self, input_shape), input_shape
        for layer in self.layers:
            if not layer.built:
                layer.build(shape)
            shape = _part(layer).changed_shape(tuple(shape), modality)
        self.built = True

    takes_all: Any = False  # whether all parts are carried out for every sample if `p` is 1

    def gates(self, rng: Random) -> Tensor:
        """bool `(N, parts)`: which parts are carried out for which sample."""
        raise NotImplementedError(f"{type(self).__name__} must define `gates`.")

    def seed_of(self, position: int, seed: int) -> int:
        """The seed of a part without one of its own."""
        return int(np.random.SeedSequence([seed % 2**64, position]).generate_state(1)[0])

    def steps(self, place: Place) -> list[Step]:
        return [step for position, part in enumerate(self.parts(place)) for step in part]

    def parts(self, place: Place) -> list[list[Step]]:
        """The steps of each part, behind the gate of this composite."""
        seed = self.seed if self.is_seeded else place.seed
        place = replace(
            place,
            value_range=effective_range(self.value_range, place.value_range) or place.value_range,
            sample_rate=self.sample_rate or place.sample_rate,
        )
        ranges = ranges_along(self.layers, place.value_range)
        steps = []
        for position, (layer, value_range) in enumerate(zip(self.layers, ranges, strict=True)):
            within = replace(place, seed=self.seed_of(position, seed), value_range=value_range)
            steps.append(_part(layer).steps(within.behind(Gate(self, seed, position))))
        return steps

    def completed(self, inputs: Any) -> Any:
        first = next(iter(self.layers), None)
        return first.completed(inputs) if isinstance(first, Augmentation) else inputs

    @property  # a layer says it by an attribute of its class, a composite asks its parts
    def mixes(self) -> bool:  # type: ignore[override]
        return any(getattr(layer, "mixes", False) for layer in self.layers)

    @property
    def changes_masks(self) -> bool:
        return any(getattr(layer, "changes_masks", False) for layer in self.layers)

    @property
    def modality_matters(self) -> bool:  # type: ignore[override]
        return any(getattr(layer, "modality_matters", False) for layer in self.layers)

    def check_labels(self, labels: Any) -> None:
        super().check_labels(labels)
        for layer in self.layers:
            if isinstance(layer, Augmentation):
                layer.check_labels(labels)

    def check_masks(self, dtype: str) -> None:
        for layer in self.layers:
            if isinstance(layer, Augmentation):
                layer.check_masks(dtype)

    def changed_shape(self, shape: tuple[int | None, ...], modality: Modality) -> tuple[int | None, ...]:
        for layer in self.layers:
            shape = _part(layer).changed_shape(shape, modality)
        return shape

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        # With the seeds that are drawn from, so that what is made from the configuration draws the same.
        config["layers"] = [plain(layer) for layer in self.layers]
        for position, (layer, entry) in enumerate(zip(self.layers, config["layers"], strict=True)):
            if isinstance(layer, Augmentation) and not layer.is_seeded:
                _reseed(layer, entry["config"], self.seed_of(position, self.seed))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> "Composite":
        if "layers" in arguments(cls) and "layers" not in config:
            raise wrong(cls.__name__, "layers", "stand in the configuration", config)
        return super().from_config(config, custom_objects)

    def to_json(self) -> str:
        """All layers with their arguments and seeds, as text to read and to keep; `from_json` is the way back.

        What is not in it: how often the layer has been called, and the package's other state. Layers that have
        learned something that is not among their arguments (`Normalization` after `adapt`) are refused.
        """
        return json_policy.write(self)

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
        layer = json_policy.read(cls.__name__, text)
        if not isinstance(layer, cls):
            raise wrong(cls.__name__, "text", f"describe a {cls.__name__}", type(layer).__name__)
        return layer


class Pipeline(Composite, listed=False):
    """Carries out layers one after the other, in the order given, and merges what can be merged.

    Neighbouring geometric layers become one matrix product and one resample; neighbouring color layers and
    value maps become one matrix and one pass over the pixels. So there is one interpolation instead of one
    per layer (sharper, faster), and one clip to the value range instead of many. Merged and unmerged results
    agree wherever no pixel leaves the frame and no value leaves its range: beyond that, one resample still
    sees what a chain has already cut off.

    Args:
        layers: augmentations that share a kind of data; none changes nothing. Any other Keras layer may stand among
            them and is called as it is, with the primary tensor.
        name: of the layer.
        fuse: False carries out every layer on its own.
        shuffle: True carries out the layers in another order for each sample. Costs little where all of them are
            geometric or all change colors linearly; of other layers, every one is computed at every place.
        value_range: lowest and highest value of the data, for all layers that have the usual one, (0, 255). Behind
            a `Rescaling` in the Pipeline its image is meant.
        **kwargs: as in `Augmentation`. Layers without a seed draw from `seed` and their position; `p` is the
            chance that a sample goes through the pipeline at all.

    Raises:
        TypeError: for something that is not a layer.
        ValueError: for layers that share no kind of data, or the same object twice.

    Example:

    >>> augment = Pipeline([RandomFlip("horizontal"), RandomRotation(0.1), RandomBrightness(0.2)], seed=7)
    >>> augment(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        layers: Sequence[keras.layers.Layer] = (),
        name: str | None = None,
        *,
        fuse: bool = True,
        shuffle: bool = False,
        **kwargs: Any,
    ):
        super().__init__(layers, name=name, **kwargs)
        self.fuse = check_flag(self, fuse, "fuse")
        self.shuffle = check_flag(self, shuffle, "shuffle")
        if shuffle and self.layers:
            _check_optional(self, self.layers)

    @property
    def takes_all(self) -> bool:  # type: ignore[override]
        return not self.shuffle

    def gates(self, rng: Random) -> Tensor:
        chosen, count = ops.expand_dims(rng.gate(self.p), 1), len(self.layers)
        if not self.shuffle:
            return ops.broadcast_to(chosen, (ops.shape(chosen)[0], count))
        place = ops.repeat(rng.permutation(count), count, axis=1)  # at every place there is every layer
        layer = ops.tile(ops.arange(count, dtype="int32"), (count,))
        return ops.logical_and(chosen, ops.equal(ops.cast(place, "int32"), layer))

    def steps(self, place: Place) -> list[Step]:
        parts = self.parts(place)
        if self.shuffle:
            parts = [
                [step.moved_to(self, count * len(parts) + position) for step in part]
                for count in range(len(parts))
                for position, part in enumerate(self.parts(place))
            ]
        steps = [step for part in parts for step in part]
        return steps if self.fuse else [step.alone() for step in steps]


class OneOf(Composite, listed=False):
    """Carries out one of several layers, chosen for each sample.

    Args:
        layers: random augmentations that share a kind of data and keep its size.
        weights: chances of the layers, in any unit; equal where it is None.
        **kwargs: as in `Augmentation`.

    Example:

    >>> OneOf([RandomRotation(0.1), RandomShear(0.2)], weights=[3, 1], seed=1)(images).shape
    TensorShape([4, 8, 8, 3])
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], weights: Sequence[float] | None = None, **kwargs: Any):
        super().__init__(layers, **kwargs)
        _check_optional(self, self.layers)
        # Not `weights`, which a Keras layer has already.
        self.chances = weights if weights is None else [check_number(self, w, "weights", 0.0) for w in weights]
        if self.chances is not None and (len(self.chances) != len(self.layers) or not sum(self.chances)):
            raise wrong(self, "weights", f"be {len(self.layers)} numbers, not all of them 0", weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weights": self.chances}

    def gates(self, rng: Random) -> Tensor:
        choice = rng.categorical(self.chances or [1.0] * len(self.layers))
        chosen = ops.equal(ops.expand_dims(choice, 1), ops.arange(len(self.layers), dtype="int32"))
        return ops.logical_and(chosen, ops.expand_dims(rng.gate(self.p), 1))


class SomeOf(Composite, listed=False):
    """Carries out `n` of several layers, chosen for each sample without repetition, in the order given.

    Args:
        layers: random augmentations that share a kind of data and keep its size.
        n: how many; or a pair (fewest, most), drawn for each sample.
        **kwargs: as in `Augmentation`.

    Example:

    >>> SomeOf([RandomRotation(0.1), RandomShear(0.2), RandomBrightness(0.3)], n=(1, 2), seed=1)(images).shape
    TensorShape([4, 8, 8, 3])
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], n: int | Sequence[int], **kwargs: Any):
        super().__init__(layers, **kwargs)
        _check_optional(self, self.layers)
        pair = [n, n] if not isinstance(n, Sequence) or isinstance(n, str) else list(n)
        if len(pair) != 2:
            raise wrong(self, "n", "be an integer or a pair of integers", n)
        self.n = [check_integer(self, value, "n", 0, len(self.layers)) for value in pair]
        if self.n[0] > self.n[1]:
            raise wrong(self, "n", "have its lower end first", n)

    def gates(self, rng: Random) -> Tensor:
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
    return layers


def _shared_modalities(owner: Composite, layers: Sequence[keras.layers.Layer]) -> tuple[Any, ...]:
    """The kinds of data that all parts serve."""
    own = [layer.modalities for layer in layers if isinstance(layer, Augmentation)]
    shared = tuple(each for each in (*MODALITIES, NUMBER) if all(each in served for served in own))
    if not shared:
        kinds = {type(layer).__name__: names(layer.modalities) for layer in layers if isinstance(layer, Augmentation)}
        raise wrong(owner, "layers", "share a kind of data", kinds)
    return shared


def _check_optional(owner: Composite, layers: Sequence[keras.layers.Layer]) -> None:
    """Parts that may be left out must leave a sample as it was, and there must be some to choose from."""
    if not layers:
        raise wrong(owner, "layers", "be at least one layer", layers)
    for layer in layers:
        steps = layer.steps(Place(0)) if isinstance(layer, Augmentation) else []
        if any(step.layer.active_in_inference and not isinstance(step.layer, Foreign) for step in steps):
            raise wrong(owner, "layers", "be augmentations that keep the size and the range of the data", layer)


def _part(layer: keras.layers.Layer) -> Any:
    """A layer as a part of a composite."""
    return layer if isinstance(layer, Augmentation) else Foreign(layer)


def _reseed(layer: Augmentation, config: dict[str, Any], seed: int) -> None:
    """Writes the seed that an unseeded part draws from into its configuration, and those of its own parts."""
    config["seed"] = seed
    if isinstance(layer, Composite) and "layers" in config:
        for position, (part, entry) in enumerate(zip(layer.layers, config["layers"], strict=True)):
            if isinstance(part, Augmentation) and not part.is_seeded:
                _reseed(part, entry["config"], layer.seed_of(position, seed))
