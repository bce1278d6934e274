"""`Geometric`: layers that move pixels; neighbours share one matrix product and one resample."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keras import ops

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.batch import Batch
from keras_augsynth.core.checks import check_choice, check_integer, check_number
from keras_augsynth.core.companions import check_mask_fill
from keras_augsynth.core.draws import Params, Step
from keras_augsynth.core.families.motion import Motion, Points, pixel_centers
from keras_augsynth.core.families.stage import Drawn, Entries, Parts, Stage, keep_padding
from keras_augsynth.core.modalities import SPATIAL, Modality
from keras_augsynth.core.passes import Notes
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops import matrices
from keras_augsynth.ops.any_size import of_shape
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.ops.compiled import shared
from keras_augsynth.ops.resample import FILL_MODES, INTERPOLATIONS, SHARP, resample, sample
from keras_augsynth.ops.rows import select

Tensor = Any


class Sampling(NamedTuple):
    """How images are read between and beyond their pixels. Layers that agree on it share a resample."""

    interpolation: str = "bilinear"
    fill_mode: str = "nearest"
    fill_value: float = 0.0
    mask_fill_value: int | None = None

    def of_masks(self) -> tuple[str, str, float]:
        """(interpolation, fill_mode, fill_value)."""
        if self.mask_fill_value is None:
            return "nearest", self.fill_mode, 0.0
        return "nearest", "constant", self.mask_fill_value


class GeometricStage(Stage):
    """Neighbouring geometric layers: one way back for every output pixel, one resample."""

    keeps_finite = True

    def accepts(self, step: Step) -> bool:
        if step.layer.stage is not GeometricStage or step.layer.reads_masks:
            return False
        if not (step.layer.merges and self._layers[0].merges):
            return False
        return len({layer.sampling for layer in (step.layer, *self._layers)} - {None}) <= 1

    @property
    def _layers(self) -> list[Any]:
        return [step.layer for step in self.steps]

    @property
    def _sampling(self) -> Sampling:
        wish = next(filter(None, (layer.sampling for layer in self._layers)), Sampling())
        whole = all(layer.whole_pixels for layer in self._layers)
        if wish.fill_mode == "constant" and any(layer.resizes for layer in self._layers):
            wish = wish._replace(fill_mode=SHARP)
        return wish._replace(interpolation="nearest") if whole else wish

    def can_write_fixed_point(self, dtype: str) -> bool:
        interpolation, fill_mode, fill_value, _ = self._sampling
        filled = fill_mode in ("constant", SHARP)
        bytes_only = dtype == "uint8" and (not filled or 0.0 <= fill_value <= 255.0)
        return bytes_only and interpolation == "bilinear" and self._layers[0].merges

    def prepared(self, entries: Entries, shape: Sequence[Any], modality: Modality, companions: bool) -> Drawn:
        by_index = len(self.steps) == 1 and self._layers[0].whole_pixels
        if by_index or any(layer.bends or layer.reads_masks for layer in self._layers):
            return {"entries": entries}
        if modality.has_frames:
            shape = (shape[0], *shape[2:])
        matrix = self._matrix(entries, shape, modality)
        return {"matrix": matrix, "entries": entries} if companions else {"matrix": matrix}

    def carry_out(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        images, moving = batch.parts("x", "masks"), batch.parts("boxes", "box_fields", "points")
        constants = {"modality": batch.modality}
        shape, entries = ops.shape(batch.x), None if drawn is None else drawn.get("entries")
        if entries is not None and self._layers[0].reads_masks:
            entries = self.kernel(self._located)(entries, batch.masks)
        if any(layer.bends for layer in self._layers):
            read = self.kernel(self._read, dtype=notes.dtype, **constants)
            return batch.with_changes(**read(images, moving, entries))
        size, changed = shape[1:-1], {}
        if moving:
            changed = self.kernel(self._move_companions, **constants)(moving, entries, shape)
        if len(self.steps) == 1 and self._layers[0].moves(size[-2:] if self._layers[0].planar else size):
            for part, t in images.items():
                dtype = notes.dtype if part == "x" else None
                changed[part] = self.kernel(self._move, part=part, dtype=dtype, **constants)(t, entries, shape)
            return batch.with_changes(**changed)
        matrix = None if drawn is None else drawn.get("matrix")
        if matrix is None:
            matrix = self.kernel(self._matrix, **constants)(entries, shape)
        output_size = self._output_size(size)
        read = shared(resample, self.uses_xla, any_size=True)
        for part, t in images.items():
            sampling = self._sampling.of_masks() if part == "masks" else self._sampling[:3]
            moved = read(
                t,
                matrix,
                None if _is_same(output_size, size) else output_size,
                *sampling,
                notes.dtype if part == "x" else None,
                all(layer.upright for layer in self._layers),
            )
            changed[part] = of_shape(moved, (t.shape[0], *output_size, t.shape[-1]))
        return batch.with_changes(**changed)

    def _output_size(self, size: Sequence[Any]) -> tuple[Any, ...]:
        for layer in self._layers:
            size = layer.moved_size(size)
        return tuple(size)

    # Kernels.

    def _located(self, entries: Entries, masks: Tensor | None) -> Entries:
        """The draws of a layer that looks at the masks before it moves anything."""
        step = self.steps[0]
        entry = entries[step.name]
        return {**entries, step.name: {**entry, "params": step.layer.located(entry["params"], masks)}}

    def _matrix(self, entries: Entries | None, shape: Sequence[Any], modality: Modality) -> Tensor:
        """The product of the steps' matrices, float32 `(N, d+1, d+1)`."""
        motion, _ = self._motion(entries, shape, modality)
        rank = len(shape) - 1
        return ops.cast(ops.broadcast_to(motion.matrix, (shape[0], rank, rank)), "float32")

    def _move_companions(
        self, moving: Parts, entries: Entries | None, shape: Sequence[Any], modality: Modality
    ) -> Parts:
        """Boxes and points where the steps have moved them."""
        motion, output_size = self._motion(entries, shape, modality)
        return self._moved(moving, motion, shape[1:-1], output_size)

    def _read(
        self, images: Parts, moving: Parts, entries: Entries | None, modality: Modality, dtype: str | None
    ) -> Parts:
        """A chain that bends the image: every pixel goes back step by step."""
        n, *size, _ = shape = ops.shape(images["x"])
        motion, output_size = self._motion(entries, shape, modality)
        changed = self._moved(moving, motion, size, output_size)
        places = reversed(motion.to_input(pixel_centers(output_size)).xy)
        coordinates = []
        for place, length in zip(places, size, strict=True):
            whole = ops.reshape(ops.broadcast_to(place, (n, ops.shape(place)[1])), (n, *output_size))
            coordinates.append(whole + (ops.cast(length, "float32") - 1.0) / 2.0)
        for part, t in images.items():
            sampling = self._sampling.of_masks() if part == "masks" else self._sampling[:3]
            changed[part] = sample(t, coordinates, *sampling)
        return changed if dtype is None else changed | {"x": to_dtype(changed["x"], dtype)}

    def _move(
        self, t: Tensor, entries: Entries | None, shape: Sequence[Any], modality: Modality, dtype: str | None, part: str
    ) -> Tensor:
        """What a layer does in its own way, to data of `shape` or to their masks."""
        step = self.steps[0]
        view = step.view(shape, modality)
        params, gate = step.params_or_rest(entries, view)
        with step.within(view) as layer:
            move = layer.move_masks if part == "masks" else layer.move
            moved = move(t, params)
            if gate is not None:
                rest = layer.inference_params(view)
                moved = select(gate, moved, t if rest is None else move(t, rest))
        return moved if dtype is None else to_dtype(moved, dtype)

    def _motion(self, entries: Entries | None, shape: Sequence[Any], modality: Modality) -> tuple[Motion, tuple]:
        """The steps as one motion, and the output's size."""
        n, *start, channels = shape
        size, motion = tuple(start), Motion(len(start))
        for step in self.steps:
            view = step.view((n, *size, channels), modality)
            params, gate = step.params_or_rest(entries, view)
            with step.within(view) as layer:
                if params is not None and layer.bends:
                    motion.add_bend(layer, params, gate, view.size)
                elif params is not None:
                    matrix = ops.cast(layer.matrix(params, view.size), "float64")
                    if gate is not None:
                        rest = layer.inference_params(view)
                        still = matrices.identity(matrix.shape[-1]) if rest is None else layer.matrix(rest, view.size)
                        matrix = select(gate, matrix, still)
                    motion.add_matrix(matrix)
                size = tuple(layer.moved_size(size))
        return motion, size

    def _moved(self, moving: Parts, motion: Motion, start: Sequence[Any], size: Sequence[Any]) -> Parts:
        """Boxes and points, moved from an image of size `start` to one of `size`."""
        changed: Parts = {}
        if "boxes" in moving:
            per_edge = box_ops.BENT if any(layer.bends for layer in self._layers) else 1
            moved = box_ops.move_boxes(moving["boxes"], motion.to_output, start, size, per_edge)
            changed |= _cut_boxes(moving, moved, size, max(layer.min_visibility for layer in self._layers))
        if "points" in moving:
            changed["points"] = box_ops.move_points(moving["points"], motion.to_output, start, size)
        return changed


class Geometric(Augmentation, listed=False):
    """An augmentation that moves pixels; neighbours in a Pipeline share one resample.

    Args:
        fill_mode: what lies beyond the border: "reflect" `(b a | a b c d | d c)`, "constant", "nearest"
            or "wrap".
        interpolation: "bilinear" or "nearest". Masks always move by nearest neighbour.
        fill_value: the value beyond the border in mode "constant"; masks get 0.
        mask_fill_value: integer that masks get beyond the border whatever the mode, for instance the class to
            ignore. None: masks are filled as images are.
        min_visibility: from 0 to 1, the part of a moved box's area that must lie in the image; the labels of
            other boxes become -1.
        **kwargs: as in `Augmentation`.
    """

    stage = GeometricStage
    modalities: tuple[Modality, ...] = SPATIAL
    modality_matters = changes_masks = True
    planar = True  # acts on (height, width), alike in every slice of a volume and every frame of a video
    bends = False  # whether the layer has a `bend` instead of a matrix
    whole_pixels = False  # whether the layer only moves whole pixels
    upright = False  # whether the layer only scales and shifts, each axis by itself
    reads_masks = False  # whether the layer has `located`
    resizes = False  # whether one pixel can become many, and there is no border to blend with
    merges = True  # whether neighbours can share the layer's resample

    def __init__(
        self,
        *,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        mask_fill_value: int | None = None,
        min_visibility: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.fill_mode = check_choice(self, fill_mode, "fill_mode", FILL_MODES)
        self.interpolation = check_choice(self, interpolation, "interpolation", INTERPOLATIONS)
        self.fill_value = check_number(self, fill_value, "fill_value")
        self.mask_fill_value = mask_fill_value
        if mask_fill_value is not None:
            self.mask_fill_value = check_integer(self, mask_fill_value, "mask_fill_value")
        self.min_visibility = check_number(self, min_visibility, "min_visibility", 0.0, 1.0)

    @property
    def moves_contents(self) -> bool:  # type: ignore[override]
        return self.has_chance  # not where all samples are resized or cut alike

    def matrix(self, params: Params, size: Sequence[Any]) -> Tensor:
        """`(N, d+1, d+1)`: from output to input, in pixels from the center, on (x, y[, z], 1)."""
        raise NotImplementedError(f"{type(self).__name__} must define `matrix`, or `bend` and `bends = True`.")

    def bend(self, params: Params, size: Sequence[Any], points: Points) -> list[Tensor]:
        """Where points of the output lie in the input: x, y[, z], each `(N, K)`, in pixels from the center."""
        raise NotImplementedError(f"{type(self).__name__} says `bends` and must define `bend`.")

    def unbend(self, params: Params, size: Sequence[Any], xy: list[Tensor]) -> list[Tensor]:
        """The way back of `bend`, for boxes and points: by iteration, for bends that fold nothing over.

        A point that no pixel of the output shows stays at a finite place outside of the image.
        """
        targets = [ops.cast(t, "float64") for t in xy]
        limits = [2.0 * ops.cast(length, "float64") for length in reversed(size)]
        places = targets
        for _ in range(16):
            reached = self.bend(params, size, Points([ops.cast(t, "float32") for t in places]))
            missed = [to - ops.cast(at, "float64") for to, at in zip(targets, reached, strict=True)]
            places = [
                ops.clip(place + miss, to - limit, to + limit)
                for place, miss, to, limit in zip(places, missed, targets, limits, strict=True)
            ]
        found = sum(miss**2 for miss in missed) < 0.25
        outside = [to + ops.where(to < 0.0, -limit, limit) for to, limit in zip(targets, limits, strict=True)]
        places = [ops.where(found, place, far) for place, far in zip(places, outside, strict=True)]
        return places

    def located(self, params: Params, masks: Tensor | None) -> Params:
        """The draws, changed by what the masks `(N, *size, C)` show; for layers that say `reads_masks`."""
        raise NotImplementedError(f"{type(self).__name__} says `reads_masks` and must define `located`.")

    def check_masks(self, dtype: str) -> None:
        if self.sampling is not None:
            check_mask_fill(self, dtype)

    @property
    def sampling(self) -> Sampling | None:
        """How pixels are read; layers that agree share a resample. None: any way will do."""
        return Sampling(self.interpolation, self.fill_mode, self.fill_value, self.mask_fill_value)

    def moves(self, size: Sequence[Any]) -> bool:
        """Whether `move` does all that the layer does to images of this size; entries may be tensors."""
        return self.whole_pixels

    def move(self, x: Tensor, params: Params) -> Tensor:
        """What a layer does in its own way, to images of any dtype: by index where it only moves whole pixels."""
        size = ops.shape(x)[1:-1]
        matrix = matrices.embedded(self.matrix(params, size[-2:] if self.planar else size), len(size) + 1)
        return resample(x, ops.cast(matrix, "float32"), None, "nearest", "nearest")

    def move_masks(self, masks: Tensor, params: Params) -> Tensor:
        """`move` for masks."""
        return self.move(masks, params)

    def moved_size(self, size: Sequence[Any]) -> Sequence[Any]:
        """`output_size` of a whole volume, of which a planar layer sees (height, width)."""
        return (*size[:-2], *self.output_size(size[-2:])) if self.planar else self.output_size(size)


def _is_same(size: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether two sizes are the same as far as is known; entries may be tensors."""
    known = lambda a, b: isinstance(a, int) and isinstance(b, int) and a == b
    return all(a is b or known(a, b) for a, b in zip(size, other, strict=True))


def _cut_boxes(parts: Parts, boxes: Tensor, size: Sequence[Any], min_visibility: float) -> Parts:
    """Boxes cut at the image's border; those of which too little is left, or that were none, get label -1."""
    cut = box_ops.clip(boxes, size)
    changed: Parts = {"boxes": keep_padding(parts, cut)}
    fields = parts.get("box_fields", {})
    area = box_ops.area(cut)
    # every comparison with NaN is false
    kept = (area > 0.0) & (area >= min_visibility * box_ops.area(boxes)) & (box_ops.area(parts["boxes"]) > 0.0)
    if fields:
        changed["box_fields"] = box_ops.marked(fields, kept)
    return changed
