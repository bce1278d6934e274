"""`LesionInsertion`: cut-out lesions in healthy volumes."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_augsynth.core.checks import check_integer
from keras_augsynth.synthesis.templates import Cutouts, TemplateSynthesizer


@keras.saving.register_keras_serializable(package="keras_augsynth")
class LesionInsertion(TemplateSynthesizer):
    """Puts a lesion of the class asked for, scaled and turned in space, into a healthy volume, with a soft edge.

    For classes of which there are few scans: `SyntheticBalancer` takes it as it takes a `TemplateSynthesizer`. The
    place is drawn anew for each sample, the lesion and the volume evenly from those that there are.

    Args:
        templates: a dictionary from each class number to its lesions: a tuple `(volumes, masks)` of arrays or lists,
            volumes `(depth, height, width, channels)` of any sizes, masks that are not 0 where the lesion is, or floats
            from 0 to 1; or volumes whose last channel is the opacity.
        backgrounds: healthy volumes `(B, depth, height, width, channels)`; None takes those that `fit` is given.
        scale: (low, high), the lesion's sides as a multiple of the template's, above 0.
        rotation: the largest turn about each axis as a fraction of a full one, or (low, high).
        translation: the furthest that the lesion's middle goes from the volume's, as a fraction of a side, or
            (low, high).
        edge: voxels over which a lesion fades into its surroundings, 0 or more.

    Raises:
        TypeError: for templates of another form.
        ValueError: for templates and backgrounds that do not fit each other, or a negative edge.

    Example:

    >>> ball = sum(t**2 for t in np.mgrid[-3:4, -3:4, -3:4]) < 9
    >>> source = LesionInsertion({1: (np.full((1, 7, 7, 7, 1), 200.0), ball[None])}, np.zeros((2, 12, 16, 16, 1)))
    >>> made = source.compose([1, 1], seed=3)
    >>> made["volumes"].shape, made["segmentation_masks"].shape, made["bounding_boxes"]["boxes"].shape
    (TensorShape([2, 12, 16, 16, 1]), TensorShape([2, 12, 16, 16, 1]), TensorShape([2, 1, 6]))

    Reference:
        Zhang et al.: CarveMix: a simple data augmentation method for brain lesion segmentation. MICCAI 2021; with the
        placement of Dwibedi, Misra, Hebert: Cut, paste and learn. ICCV 2017.
    """

    axes = 3
    key = noun = "volumes"

    def __init__(
        self,
        templates: Mapping[int, Cutouts | tuple[Cutouts, Cutouts]],
        backgrounds: Any = None,
        *,
        scale: Sequence[float] = (0.7, 1.3),
        rotation: float | Sequence[float] = 0.5,
        translation: float | Sequence[float] = 0.25,
        edge: int = 1,
    ):
        self.edge = check_integer(self, edge, "edge", 0, 64)
        super().__init__(templates, backgrounds, scale=scale, rotation=rotation, translation=translation)

    def _cutouts(self, given: Any) -> list[np.ndarray]:
        return [_faded(cutout, self.edge) for cutout in super()._cutouts(given)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "edge": self.edge}


def _faded(cutout: np.ndarray, edge: int) -> np.ndarray:
    """A cut-out with a border of `edge` voxels, its opacity blurred as often by the weights 1/4, 1/2, 1/4."""
    around = [(edge, edge)] * (cutout.ndim - 1) + [(0, 0)]
    image, opacity = np.pad(cutout[..., :-1], around, mode="edge"), np.pad(cutout[..., -1:], around)
    for _ in range(edge):
        for axis in range(opacity.ndim - 1):
            before, behind = (np.roll(opacity, step, axis) for step in (1, -1))  # beyond the border there is nothing
            opacity = (before + 2.0 * opacity + behind) / 4.0
    return np.concatenate([image, opacity], axis=-1).astype("float32")
