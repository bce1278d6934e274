"""`audit`: what an augmentation does to a data set, in numbers, before anything is trained on it."""

import json
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from keras_augsynth.core import activity
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.batch import Batch
from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.core.inputs import Inputs
from keras_augsynth.core.passes import Notes
from keras_augsynth.core.primary import dense
from keras_augsynth.data.value_ranges import Extremes, StageRanges
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops.casting import UNIT


@dataclass(frozen=True)
class Audit:
    """What `audit` has found; shares are from 0 to 1, None where the data have nothing of the kind.

    Attributes:
        samples: how many were seen.
        values: lowest and highest finite value in the data.
        values_after: the same of the results.
        clipped: share of the values that a layer has put on an end of its value range.
        clipped_by: the same for each layer that clips (the last one of a fused run).
        boxes: how many there are, padding (label -1) left out.
        boxes_lost: share of them whose label became -1 (without labels: of which no area is left).
        box_area_lost: mean share of a box's area that lies outside the image or went with the lost label.
        keypoints: how many lie in their image.
        keypoints_lost: share of them that have left it.
        mask_area_lost: by class, the share of its part of the image that is gone; negative where it grew.
        misfits: by layer, what the data are and what its `value_range` says.
    """

    samples: int
    values: tuple[float, float] | None = None
    values_after: tuple[float, float] | None = None
    clipped: float | None = None
    clipped_by: dict[str, float] = field(default_factory=dict)
    boxes: int = 0
    boxes_lost: float | None = None
    box_area_lost: float | None = None
    keypoints: int = 0
    keypoints_lost: float | None = None
    mask_area_lost: dict[int, float] = field(default_factory=dict)
    misfits: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)

    def to_markdown(self) -> str:
        """A table to read."""
        rows = [("samples", str(self.samples))]
        rows += [
            (title, f"{_number(pair[0])} to {_number(pair[1])}")
            for title, pair in (("values", self.values), ("values after", self.values_after))
            if pair
        ]
        shares = {"values clipped": self.clipped}
        if len(self.clipped_by) > 1:
            shares |= {f"values clipped by {name}": share for name, share in self.clipped_by.items()}
        shares[f"boxes lost, of {self.boxes}"] = self.boxes_lost
        shares["box area lost"] = self.box_area_lost
        shares[f"keypoints lost, of {self.keypoints}"] = self.keypoints_lost
        shares |= {f"mask area lost, class {label}": share for label, share in self.mask_area_lost.items()}
        rows += [(title, f"{100 * share:.1f} %") for title, share in shares.items() if share is not None]
        rows += [(f"misfit of {name}", _misfit(found)) for name, found in self.misfits.items()]
        return "\n".join(["| what | how much |", "| --- | --- |", *(f"| {what} | {much} |" for what, much in rows)])

    def to_json(self) -> str:
        """The numbers, for a machine."""
        return json.dumps(asdict(self), indent=2)


def audit(dataset: tf.data.Dataset, pipeline: Augmentation, batches: int | None = None) -> Audit:
    """Runs a data set through an augmentation and reports what gets lost on the way.

    Boxes and points that leave the image, classes that vanish from masks, values that are clipped; and it warns
    if the data are not what a layer's `value_range` says, images in [0, 1] for instance where 0 to 255 is expected.

    Samples without "sample_ids" are numbered, so a pipeline with a seed is audited the same way each time, its
    counter of calls is left alone, and the draws are those of the first epoch of `enumerated`. Where samples are
    mixed, boxes and points cannot be followed and are not reported.

    Args:
        dataset: elements as the layers take them: `x`, `(x, y)`, `(x, y, sample_weight)` or dictionaries, single
            samples or (much faster) batches.
        pipeline: a Pipeline, or any other layer of this package.
        batches: how many elements to look at; None: all.

    Returns:
        An `Audit`, with `to_markdown()` and `to_json()`.

    Raises:
        TypeError: for something that is no data set, or no layer of this package.
        ValueError: for a data set without end where `batches` is None, or one without elements.

    Example:

    >>> data = tf.data.Dataset.from_tensor_slices(np.full((10, 8, 8, 1), 200, "uint8")).batch(5)
    >>> audit(data, RandomBrightness((0.3, 0.4), seed=1)).clipped
    1.0
    """
    if not isinstance(dataset, tf.data.Dataset):
        raise wrong("audit", "dataset", "be a tf.data.Dataset", type(dataset).__name__, TypeError)
    if not isinstance(pipeline, Augmentation):
        raise wrong("audit", "pipeline", "be a Pipeline or another layer for one kind of data", pipeline, TypeError)
    if batches is not None:
        dataset = dataset.take(check_integer("audit", batches, "batches", 1))
    elif dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise wrong("audit", "batches", "be given for a data set without end", batches)

    tally = _Tally(pipeline)
    for element in dataset:
        tally.add(*(element if isinstance(element, tuple) else (element,)))
    if not tally.samples:
        raise wrong("audit", "dataset", "have at least one sample", dataset)
    result = tally.result()
    if result.misfits:
        found = "; ".join(f"{name}: {_misfit(pair)}" for name, pair in result.misfits.items())
        warnings.warn(f"audit: `dataset` does not fit the `value_range` of {found}.", stacklevel=2)
    return result


class _Tally:
    """Sums over a data set."""

    def __init__(self, pipeline: Augmentation):
        self._pipeline, self._plan = pipeline, pipeline.plan
        self._ranged: dict[int, StageRanges] = {}  # made when the layers are built
        # Boxes of several samples in one image: which one was which, nobody knows.
        self._mixes = pipeline.mixes
        self.samples = 0
        self._extremes, self._extremes_after = Extremes(), Extremes()
        self._boxes, self._lost_boxes, self._lost_area = 0, 0, 0.0
        self._points, self._lost_points = 0, 0
        self._area: dict[int, float] = defaultdict(float)
        self._area_after: dict[int, float] = defaultdict(float)

    def add(self, inputs: Any, labels: Any = None, *_: Any) -> None:
        inputs = dense(self._pipeline, inputs)
        Inputs.check(self._pipeline, inputs, labels)
        read = Inputs(self._pipeline, inputs, labels)
        before, count = read.batch, len(read.batch.x)
        if not count:
            return
        if not self._pipeline.built:
            self._pipeline.build(tuple(before.x.shape))
        self._ranged = self._ranged or {id(stage): StageRanges(stage) for stage in self._plan.stages}
        ids = read.ids if read.ids is not None else np.arange(self.samples, self.samples + count)
        keys = activity.keys(None, tf.convert_to_tensor(ids), 0 if read.epoch is None else read.epoch)
        self.samples += count

        follow = before.boxes is not None and not self._mixes and not before.modality.has_frames
        start = before.with_changes(points=_with_outlines(before.boxes, before.points)) if follow else before
        batch, entering = start, start.x
        for stage, _, changed, known in self._plan.walk(start, keys):
            leaving = _values(changed, known)
            self._ranged[id(stage)].see(entering, leaving)
            batch, entering = changed, leaving
        if before.x.dtype != tf.string:
            self._extremes.see(np.asarray(before.x))
            self._extremes_after.see(np.asarray(batch.x))
        if follow:
            self._see_boxes(before, batch, 0 if before.points is None else before.points.shape[1])
        if before.points is not None and not self._mixes:
            self._see_points(before, batch)
        if before.masks is not None:
            for part, areas in ((before, self._area), (batch, self._area_after)):
                _add_areas(np.asarray(part.masks), areas)

    def _see_boxes(self, before: Batch, after: Batch, points: int) -> None:
        axes = before.boxes.shape[-1] // 2
        outlines = np.asarray(after.points, "float64")[:, points:, :axes]
        count = before.boxes.shape[1]
        outlines = outlines.reshape(len(outlines), count, -1 if count else 1, axes)
        sides = np.ptp(outlines, axis=2) if count else np.zeros((len(outlines), 0, axes))
        left = _area(after.boxes)
        real = _area(before.boxes) > 0.0
        padding, gone = before.padding_of_boxes(), after.padding_of_boxes()
        if padding is not None:
            real &= ~np.asarray(padding)[..., 0]
            lost = real & np.asarray(gone)[..., 0]
        else:
            lost = real & (left <= 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.clip(1.0 - left / sides.prod(-1), 0.0, 1.0)
        self._boxes += int(real.sum())
        self._lost_boxes += int(lost.sum())
        self._lost_area += float(np.where(lost, 1.0, share)[real].sum())

    def _see_points(self, before: Batch, after: Batch) -> None:
        count = before.points.shape[1]
        inside = _inside(np.asarray(before.points), before.x)
        self._points += int(inside.sum())
        self._lost_points += int((inside & ~_inside(np.asarray(after.points)[:, :count], after.x)).sum())

    def result(self) -> Audit:
        clipped = {ranged.name: ranged.clipped / ranged.count for ranged in self._ranged.values() if ranged.count}
        misfits: dict[str, dict[str, tuple[float, float]]] = {}
        for ranged in self._ranged.values():
            misfits |= ranged.misfits()
        share = lambda part, whole: part / whole if whole else None
        return Audit(
            samples=self.samples,
            values=self._extremes.pair(),
            values_after=self._extremes_after.pair(),
            clipped=min(1.0, sum(clipped.values())) if clipped else None,
            clipped_by=clipped,
            boxes=self._boxes,
            boxes_lost=share(self._lost_boxes, self._boxes),
            box_area_lost=share(self._lost_area, self._boxes),
            keypoints=self._points,
            keypoints_lost=share(self._lost_points, self._points),
            mask_area_lost={
                label: round(1.0 - self._area_after[label] / area, 12) for label, area in sorted(self._area.items())
            },
            misfits=misfits,
        )


def _values(batch: Batch, known: Notes) -> Any:
    return np.asarray(batch.x) * UNIT if known.fixed_point else batch.x


def _with_outlines(boxes: Any, points: Any) -> Any:
    """Points, and behind them those on the outlines of all boxes: they move along and nobody cuts them."""
    axes = boxes.shape[-1] // 2
    edges = np.asarray(box_ops.outline(tf.cast(boxes, "float32"), box_ops.BENT)).reshape(len(boxes), -1, axes)
    if points is None:
        return tf.constant(edges)
    return tf.concat([points, np.pad(edges, ((0, 0), (0, 0), (0, points.shape[-1] - axes)))], axis=1)


def _area(boxes: Any) -> np.ndarray:
    return np.asarray(box_ops.area(tf.cast(boxes, "float64")))


def _inside(points: np.ndarray, x: Any) -> np.ndarray:
    """Whether points lie in their images."""
    size = np.array(x.shape[1:-1][::-1])
    places = points[..., : len(size)]
    return np.all((places >= 0.0) & (places <= size), axis=-1)


def _add_areas(masks: np.ndarray, areas: dict[int, float]) -> None:
    """Adds up each class's share of its images."""
    labels, counts = np.unique(masks, return_counts=True)
    if np.any(labels != np.round(labels)):
        broken = float(labels[labels != np.round(labels)][0])
        raise wrong("audit", "dataset", "have whole numbers in its masks", broken)
    for label, count in zip(labels.tolist(), counts, strict=True):
        areas[int(label)] += count * len(masks) / masks.size


def _number(value: float) -> str:
    return f"{value:.6g}"


def _misfit(found: Mapping[str, Sequence[float]]) -> str:
    seen, expected = ([_number(value) for value in found[name]] for name in ("seen", "value_range"))
    return f"values from {seen[0]} to {seen[1]} where {expected[0]} to {expected[1]} are expected"
