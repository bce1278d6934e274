"""The samples of one call in a fixed form, whatever the caller wrote."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

from keras import ops

from keras_augsynth.core.modalities import Modality
from keras_augsynth.ops.boxes import NAMES_OF_CLASSES

Tensor = Any
NO_FIELDS: dict[str, Tensor] = {}
PADDING = "__padding__"
"""The field of boxes that says which of them were padding when they came in, bool `(N, B)`: these never move."""


@dataclass(frozen=True)
class Batch:
    """A batch, channels last; what the input does not have is None.

    Attributes:
        modality: the kind of data.
        x: the data themselves, `(N, ...)`.
        masks: `(N, *size, C')`, for videos `(N, T, *size, C')`.
        boxes: `(N, B, 4)` left, top, right, bottom in pixels; in volumes `(N, B, 6)`; for videos `(N, T, B, 4)`.
        box_fields: what each box has besides, "labels" among them, each `(N, B)`; with labels also `PADDING`.
        points: `(N, K, d or more)`; for videos `(N, T, K, d or more)`.
        labels: as the caller gave them, `(N, ...)`, nested or not.
        lengths: valid steps of each sample, `(N,)`.
        steps_mask: what Keras calls a mask, for layers of Keras.
        spacing: of the voxels of volumes in mm, along depth, height and width: float32 `(N, 3)`.
    """

    modality: Modality
    x: Tensor
    masks: Tensor | None = None
    boxes: Tensor | None = None
    box_fields: dict[str, Tensor] = field(default_factory=lambda: NO_FIELDS)
    points: Tensor | None = None
    labels: Any = None
    lengths: Tensor | None = None
    steps_mask: Any = None
    spacing: Tensor | None = None

    def with_changes(self, **changes: Any) -> "Batch":
        return replace(self, **changes)

    def parts(self, *names: str) -> dict[str, Any]:
        """Those of the named parts that are there."""
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None and value is not NO_FIELDS}

    def padding_of_boxes(self) -> Tensor | None:
        """bool `(N, B, 1)`: which boxes are of class -1, padding or gone; None where there are no classes."""
        labels = next((self.box_fields[name] for name in NAMES_OF_CLASSES if name in self.box_fields), None)
        return None if labels is None else ops.expand_dims(ops.equal(labels, ops.cast(-1, labels.dtype)), -1)

    def frames_as_samples(self) -> "Batch":
        """Every frame of a video as a sample of its own."""
        return self._regrouped(lambda t: ops.reshape(t, (ops.shape(t)[0] * ops.shape(t)[1], *ops.shape(t)[2:])))

    def frames_together(self, like: "Batch") -> "Batch":
        """The way back, to the clips of `like`."""
        clips, frames = ops.shape(like.x)[:2]  # without boxes, or clips, -1 could be anything
        return self._regrouped(lambda t: ops.reshape(t, (clips, frames, *ops.shape(t)[1:])))

    def _regrouped(self, regroup: Any) -> "Batch":
        of_frames = self.parts("x", "masks", "boxes", "points")
        changed = {name: regroup(value) for name, value in of_frames.items()}
        changed["box_fields"] = {name: regroup(value) for name, value in self.box_fields.items()}
        return replace(self, **changed)


def contents(batch: Batch) -> dict[str, Any]:
    """What a batch has besides its modality, by name; the way back is `Batch(modality, **contents)`."""
    own = {field.name: getattr(batch, field.name) for field in fields(batch) if field.name != "modality"}
    return {name: value for name, value in own.items() if value is not None and value is not NO_FIELDS}
