"""`TemplateSynthesizer`: cut-out objects on backgrounds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.checks import check_factor, check_pair, wrong
from keras_augsynth.ops import matrices
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.compiled import shared
from keras_augsynth.ops.resample import resample
from keras_augsynth.synthesis.fitted import check_numbers
from keras_augsynth.synthesis.members import Members, pick
from keras_augsynth.synthesis.on_backgrounds import OnBackgrounds
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.stored import Stored

Tensor = Any
Cutouts = Sequence[np.ndarray] | np.ndarray


@keras.saving.register_keras_serializable(package="keras_augsynth")
class TemplateSynthesizer(OnBackgrounds):
    """Lays an object of the class asked for, scaled, turned and moved, over a background.

    The place is drawn anew for each sample, the object and the background evenly from those that there are.

    Args:
        templates: a dictionary from each class number to its objects: an array `(T, height, width, channels + 1)`,
            or a list of such images of any sizes, the last channel being opacity (from 0 to 1 in floats, to
            the largest number in whole numbers: RGBA); or a tuple `(images, masks)` of arrays or lists, with
            masks that are not 0 where the object is, or floats from 0 to 1.
        backgrounds: images `(B, height, width, channels)`; None takes the images that `fit` is given.
        scale: (low, high), the object's sides as a multiple of the template's, above 0.
        rotation: the largest turn as a fraction of a full one, or (low, high).
        translation: the furthest that the object's middle goes from the image's, as a fraction of a side, or
            (low, high).

    Raises:
        TypeError: for templates of another form.
        ValueError: for templates and backgrounds that do not fit each other.

    Example:

    >>> disk = np.hypot(*np.mgrid[-4:5, -4:5]) < 4
    >>> templates = {1: (np.full((1, 9, 9, 1), 255, "uint8"), disk[None])}
    >>> synthesizer = TemplateSynthesizer(templates, np.zeros((2, 28, 28, 1), "uint8"))
    >>> made = synthesizer.compose([1, 1], seed=3)
    >>> made["images"].shape, made["segmentation_masks"].shape, made["bounding_boxes"]["boxes"].shape
    (TensorShape([2, 28, 28, 1]), TensorShape([2, 28, 28, 1]), TensorShape([2, 1, 4]))

    Reference:
        Dwibedi, Misra, Hebert: Cut, paste and learn: surprisingly easy synthesis for instance detection. ICCV 2017.
    """

    axes = 2  # of the images
    key = noun = "images"

    def __init__(
        self,
        templates: Mapping[int, Cutouts | tuple[Cutouts, Cutouts]],
        backgrounds: Any = None,
        *,
        scale: Sequence[float] = (0.8, 1.2),
        rotation: float | Sequence[float] = 0.05,
        translation: float | Sequence[float] = 0.25,
    ):
        self._checked_classes(templates)
        self.scale = check_pair(self, scale, "scale", 1e-3)
        self.rotation = check_factor(self, rotation, "rotation")
        self.translation = check_factor(self, translation, "translation")
        objects = [(label, cutout) for label, given in templates.items() for cutout in self._cutouts(given)]
        if not objects:
            raise wrong(self, "templates", "hold at least one object", templates)
        depths = {cutout.shape[-1] for _, cutout in objects}
        if len(depths) > 1:
            raise wrong(self, "templates", "have the same number of channels", sorted(depths))
        library, y = _on_one_canvas([cutout for _, cutout in objects]), np.array([label for label, _ in objects])
        self._keep(library, Members(y))
        self._set_backgrounds(backgrounds)

    def _cutouts(self, given: Any) -> list[np.ndarray]:
        """float32 `(h, w, C + 1)` each, colors and opacity from 0 to 1."""
        if not isinstance(given, tuple):
            images = [np.asarray(image) for image in given]
            masks = [_fraction(image[..., -1:]) if image.ndim == self.axes + 1 else image for image in images]
            images = [image[..., :-1] for image in images]
        elif len(given) == 2:
            images, masks = ([np.asarray(image) for image in part] for part in given)
            masks = [mask if mask.dtype.kind == "f" else (mask != 0).astype("float32") for mask in masks]
            masks = [mask if mask.ndim == self.axes + 1 else mask[..., None] for mask in masks]
        else:
            raise wrong(self, "templates", "hold arrays, lists or tuples (images, masks)", f"{len(given)} parts")
        if len(images) != len(masks):
            raise wrong(self, "templates", "have a mask for each image", f"{len(images)} images, {len(masks)} masks")
        for image, mask in zip(images, masks, strict=True):
            if image.ndim != self.axes + 1 or mask.shape != (*image.shape[:-1], 1) or not image.shape[-1]:
                shapes = f"{image.shape} and {mask.shape}"
                raise wrong(self, "templates", f"hold {self.key} ({self._sides}, channels) and their opacity", shapes)
            if not (np.isfinite(image).all() and mask.min() >= 0.0 and mask.max() <= 1.0):
                seen = f"from {mask.min():g} to {mask.max():g}"
                raise wrong(self, "templates", "be finite, with opacities from 0 to 1", seen)
        return [np.concatenate(pair, axis=-1).astype("float32") for pair in zip(images, masks, strict=True)]

    def _checked_backgrounds(self, backgrounds: Any) -> np.ndarray:
        backgrounds = np.asarray(backgrounds)
        depth = self._library.shape[-1] - 1
        if backgrounds.ndim != self.axes + 2 or not len(backgrounds) or backgrounds.shape[-1] != depth:
            shape = f"(B, {self._sides}, {depth}), as many channels as the templates"
            raise wrong(self, "backgrounds", f"be {self.key} {shape}", backgrounds.shape)
        return check_numbers(self, backgrounds, np.zeros(len(backgrounds), int))[0]

    @property
    def _sides(self) -> str:
        return ", ".join(("depth", "height", "width")[-self.axes :])

    def compose(self, labels: Tensor, seed: int | Tensor | None = None) -> dict[str, Any]:
        """Images, and where the object is in them.

        Args:
            labels: integers `(N,)`, classes that have templates.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            A dictionary as the layers of this package take it: "images"; "segmentation_masks", int32
            `(N, height, width, 1)`, 1 where the object covers half of a pixel or more; "bounding_boxes" with
            "boxes" `(N, 1, 4)`, "xyxy", around the mask, and "labels" `(N, 1)`, -1 where nothing of the object is in
            the image; "labels" `(N,)`.
        """
        labels = self._checked_labels(labels)
        seed, _ = random_for(seed, 1)
        tables = {**self._members.tables, "library": self._library, "backgrounds": self._backgrounds}
        tables = {name: ops.convert_to_tensor(table) for name, table in tables.items()}
        images, masks = shared(_composed)(tables, labels, seed, self.scale, self.rotation, self.translation)
        boxes, there = _boxes(masks[..., 0])
        boxes = {"boxes": boxes[:, None], "labels": ops.where(there, labels, -1)[:, None]}
        return {self.key: images, "segmentation_masks": masks, "bounding_boxes": boxes, "labels": labels}

    def get_config(self) -> dict[str, Any]:
        return {"scale": self.scale, "rotation": self.rotation, "translation": self.translation}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """One with a transparent object of class 0, until `restore` brings its own."""
        return cls({0: np.zeros((1,) * (cls.axes + 1) + (2,), "float32")}, **config)

    def state(self) -> dict[str, np.ndarray]:
        arrays = {"library": self._library.numpy(), "backgrounds": self._backgrounds.numpy()}
        return {**arrays, **self._members.state()}

    def layout(self) -> dict[str, Stored]:
        backgrounds = Stored("biuf", ("images", *("depth", "height", "width")[-self.axes :], "channels"))
        library = Stored("f", ("rows", *("deep", "tall", "wide")[-self.axes :], "layers"))
        return {"library": library, "backgrounds": backgrounds, **Members.layout()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self._keep(state["library"], Members.restored(state))
        self._set_backgrounds(state["backgrounds"])


def _fraction(opacity: np.ndarray) -> np.ndarray:
    """Opacity from 0 to 1."""
    return opacity / np.iinfo(opacity.dtype).max if opacity.dtype.kind in "iu" else opacity


def _on_one_canvas(cutouts: list[np.ndarray]) -> np.ndarray:
    """All in the middle of images of one size, `(T, *size, C + 1)`, colors multiplied by opacity."""
    size = [max(sides) for sides in zip(*(cutout.shape[:-1] for cutout in cutouts), strict=True)]
    canvas = np.zeros((len(cutouts), *size, cutouts[0].shape[-1]), "float32")
    for whole, cutout in zip(canvas, cutouts, strict=True):
        starts = [(out - own) // 2 for out, own in zip(size, cutout.shape, strict=False)]
        whole[tuple(slice(start, start + own) for start, own in zip(starts, cutout.shape, strict=False))] = cutout
    # What is transparent has no color that could bleed into the edges.
    canvas[..., :-1] *= canvas[..., -1:]
    return canvas


def _composed(
    tables: dict[str, Tensor], labels: Tensor, seed: Tensor, scale: Any, rotation: Any, translation: Any
) -> tuple[Tensor, Tensor]:
    """(images, masks)."""
    _, rng = random_for(seed, ops.shape(labels)[0])
    objects = ops.take(tables["library"], pick(tables, labels, rng), axis=0)
    backgrounds = tables["backgrounds"]
    chosen = ops.take(backgrounds, rng.integers(0, ops.shape(backgrounds)[0]), axis=0)
    size, factor = backgrounds.shape[1:-1], rng.uniform(*scale)
    axes = len(size)
    turns = 2.0 * math.pi * rng.uniform(*rotation, () if axes == 2 else (3,))
    shifts = [-rng.uniform(*translation) * length for length in reversed(size)]
    grown = matrices.scaling(*[1.0 / ops.cast(factor, "float64")] * axes)
    turn = matrices.rotation(turns) if axes == 2 else matrices.rotation_3d(*(turns[:, k] for k in range(3)))
    moved = ops.matmul(ops.matmul(grown, turn), matrices.translation(*shifts))
    placed = resample(objects, moved, output_size=size)
    opacity = placed[..., -1:]
    images = placed[..., :-1] + (1.0 - opacity) * ops.cast(chosen, "float32")
    return to_dtype(images, ops.dtype(backgrounds)), ops.cast(opacity >= 0.5, "int32")


def _boxes(masks: Tensor) -> tuple[Tensor, Tensor]:
    """(boxes `(N, 2 d)`, low corner first, around what is 1 in masks `(N, *size)`, whether there is anything)."""
    starts, stops, axes = [], [], range(1, len(masks.shape))
    for axis in reversed(axes):  # x first
        others = tuple(other for other in axes if other != axis)
        seen = ops.cast(ops.any(ops.cast(masks, "bool"), axis=others), "int32")
        empty = lambda t: ops.sum(ops.cast(ops.equal(ops.cumsum(t, axis=1), 0), "int32"), axis=1)  # before the first
        starts.append(empty(seen))
        stops.append(ops.shape(seen)[1] - empty(ops.flip(seen, axis=1)))
    there = stops[0] > 0
    boxes = ops.stack([*starts, *stops], axis=-1)
    return ops.cast(ops.where(there[:, None], boxes, 0), "float32"), there
