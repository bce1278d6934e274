from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_augsynth.core.augmentation import Augmentation, Tensor
from keras_augsynth.core.checks import check_number, wrong
from keras_augsynth.core.composites import Pipeline
from keras_augsynth.core.dictionaries import DictionaryLayer
from keras_augsynth.core.modalities import MODALITIES, Modality

COMPANIONS = ("segmentation_masks", "bounding_boxes", "keypoints", "lengths")


@keras.saving.register_keras_serializable(package="keras_augsynth")
class MultiModal(DictionaryLayer):
    """Augments several kinds of data at once: each by a layer of its own, all by one number for each sample.

    A dictionary with all kinds goes in and comes out; other keys pass through. Draws depend on the seed and on the
    number of the sample ("sample_ids" and "epoch", or a counter of calls and the row), in every kind of data alike.

    Args:
        layers: by key ("images", "videos", "volumes", "audio", "spectrograms", "texts", "tokens", "features") the layer
            for it. They are never changed; those without a seed draw from this one's.
        p: chance that a sample is changed, from 0 to 1, drawn once for all its kinds of data: they are changed
            together, or none is. The `p` of the layers themselves is drawn by each.
        seed: integer; None for a random one.
        **kwargs: `name` and `dtype`.

    Call arguments:
        inputs: a dictionary with some of the keys. "labels" are changed by the layer that does so.
            "segmentation_masks", "bounding_boxes", "keypoints" and "lengths" belong to the first kind that has them.
        labels, sample_weight: given by `dataset.map(layer)` over pairs and triples, which come back as such.
        training: bool or None, as in all layers of the package.

    Raises:
        ValueError: for a `p` outside of [0, 1]; a key that stands for no kind of data; layers that mix the labels of
            several samples, whose partners would be others in each kind; two layers that change labels; in a call, for
            kinds of data with different numbers of rows, or a mask as the second of a pair.
        TypeError: for something else than a layer.

    Example:

    >>> augment = MultiModal({"images": RandomRotation(0.1), "features": RandomFeatureNoise(0.1, scale=1.0)}, seed=1)
    >>> made = augment({"images": images, "features": np.zeros((4, 3)), "labels": np.arange(4)})
    >>> made["images"].shape, made["features"].shape, made["labels"].shape
    (TensorShape([4, 8, 8, 3]), TensorShape([4, 3]), TensorShape([4]))
    """

    def __init__(
        self, layers: Mapping[str, keras.layers.Layer], *, p: float = 1.0, seed: int | None = None, **kwargs: Any
    ):
        super().__init__(seed=seed, **kwargs)
        check_number(self, p, "p", 0.0, 1.0)
        known = {modality.key: modality for modality in MODALITIES}
        if not isinstance(layers, Mapping) or not layers:
            raise wrong(self, "layers", "be a dictionary with a layer for each kind of data", layers, TypeError)
        for key, layer in layers.items():
            if key not in known:
                raise wrong(self, "layers", f"have keys of {sorted(known)}", key)
            if not isinstance(layer, keras.layers.Layer):
                raise wrong(self, "layers", "hold layers", layer, TypeError)
            if isinstance(layer, Augmentation) and known[key] not in layer.modalities:
                raise wrong(self, "layers", f"hold a layer for {key} under that key", type(layer).__name__)
            if getattr(layer, "mixes", False) and _changes_labels(layer):
                needed = "hold no layer that mixes labels: the partners would be others in each kind of data"
                raise wrong(self, "layers", needed, {key: type(layer).__name__})
        relabel = [key for key, layer in layers.items() if _changes_labels(layer)]
        if len(relabel) > 1:
            raise wrong(self, "layers", "hold one layer that changes labels at most", relabel)
        self.layers = dict(layers)
        self._parts = {key: self._part(place, key, p) for place, key in enumerate(self.layers)}

    def _part(self, place: int, key: str, p: float) -> Pipeline:
        """The layer of one kind, with draws of its own, behind a chance that is drawn alike for all kinds."""
        own = int(np.random.SeedSequence([self.seed % 2**64, place]).generate_state(1)[0])
        return Pipeline([Pipeline([self.layers[key]], seed=own)], p=p, seed=self.seed)

    @property
    def p(self) -> float:
        """The chance that a sample is changed; it can be set at any time."""
        return next(iter(self._parts.values())).p

    @p.setter
    def p(self, p: float) -> None:
        for part in self._parts.values():
            part.p = check_number(self, p, "p", 0.0, 1.0)

    @property
    def modalities(self) -> list[Modality]:  # type: ignore[override]
        return [modality for modality in MODALITIES if modality.key in self.layers]

    def augmentations(self) -> list[Pipeline]:
        return list(self._parts.values())

    def check_labels(self, inputs: dict[str, Any], labels: Any) -> None:
        super().check_labels(inputs, labels)
        size = tuple(getattr(labels, "shape", ()))
        for key, kind in self.kinds(inputs).items():
            own = tuple(inputs[key].shape)[:-1]
            if kind.is_spatial and size[: len(own)] == own:
                needed = 'be in the dictionary if they are masks, as "segmentation_masks"'
                raise wrong(self, "labels", needed, size)

    def changed(self, inputs: dict[str, Any], ids: Tensor, epoch: Tensor, single: bool) -> dict[str, Any]:
        numbers = {"sample_ids": ids[0] if single else ids, "epoch": epoch}
        return self._through(inputs, numbers, training=True)

    def unchanged(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return self._through(inputs, {}, training=False)  # some layers crop or fill in then, too

    def _through(self, inputs: dict[str, Any], numbers: dict[str, Any], training: bool) -> dict[str, Any]:
        made, left = dict(inputs), [name for name in COMPANIONS if name in inputs]
        kinds = self.kinds(inputs)
        for key in self.layers:
            if key not in kinds:
                continue
            own = [name for name in left if _belongs(name, kinds[key])]
            left = [name for name in left if name not in own]
            beside = [name for name in (*own, "labels") if name in made]
            result = self._parts[key](
                {key: made[key], **{name: made[name] for name in beside}, **numbers}, training=training
            )
            made |= {name: result[name] for name in (key, *beside)}
        return made

    def draw_params(self, sample_ids: Any, epoch: int = 0) -> dict[str, Any]:
        """What the layer of each kind draws for samples with these ids."""
        return {key: part.draw_params(sample_ids, epoch) for key, part in self._parts.items()}

    def get_config(self) -> dict[str, Any]:
        # As a Pipeline writes them: with the seeds that they draw from.
        layers = {key: part.layers[0].get_config()["layers"][0] for key, part in self._parts.items()}
        return {**super().get_config(), "layers": layers, "p": self.p}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "MultiModal":
        layers = {key: keras.saving.deserialize_keras_object(layer) for key, layer in config["layers"].items()}
        return cls(**{**config, "layers": layers})


def _belongs(companion: str, kind: Modality) -> bool:
    if companion == "lengths":
        return kind.moves > 0 and not kind.is_spatial
    return kind.is_spatial


def _changes_labels(layer: Any) -> bool:
    parts = getattr(layer, "layers", None)
    return any(map(_changes_labels, parts)) if parts else bool(getattr(layer, "changes_labels", False))
