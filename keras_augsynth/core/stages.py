"""How a sequence of layers is carried out: neighbours that can share their work become one stage.

A `Step` is one layer with the gates it stands behind; a `Stage` is a run of steps that is carried out by one
or two compiled kernels; a `Plan` is the whole sequence. A layer on its own is a plan of one step, so there is
no second way through.
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.activity import Keys
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.form import Batch
from keras_augsynth.core.motion import Motion, grid
from keras_augsynth.ops import boxes as box_ops
from keras_augsynth.ops import color, matrices
from keras_augsynth.ops.casting import FIXED, UNIT, to_dtype
from keras_augsynth.ops.compiled import compiled, shared
from keras_augsynth.ops.random import Random, streams, words
from keras_augsynth.ops.resample import resample, sample

Tensor = Any
Params = dict[str, Tensor]
# What `random.streams` drew for all layers of a call; or what was recorded of every step, for a replay. None where
# the call is inactive.
Draws = dict[str, Any]
# What one step drew: {"params": …, "gate": …}, by the step's name.
Record = dict[str, dict[str, Any]]

# How pixels are read where no layer of a stage has a wish: none of them looks beyond the border.
ANY_SAMPLING = ("bilinear", "nearest", 0.0, None)


class Step:
    """One layer, and what decides for each sample whether it is carried out.

    Args:
        layer: the layer.
        gates: pairs of a composite (`OneOf`, …) and the position that it must choose.
        alone: whether it must not be merged with its neighbours.
    """

    def __init__(self, layer: keras.layers.Layer, gates: Sequence[tuple[Any, int]] = (), alone: bool = False):
        self.layer, self.gates, self.alone = layer, tuple(gates), alone
        # Set by `Plan`: which of the draws are whose, and what the step is called in a record.
        self.places: dict[int, int] = {}
        self.name = layer.name

    def behind(self, composite: Any, position: int) -> "Step":
        return Step(self.layer, ((composite, position), *self.gates), self.alone)

    def on_its_own(self) -> "Step":
        return Step(self.layer, self.gates, alone=True)

    def open(self, draws: Draws) -> Tensor | None:
        """bool `(N,)`: for which samples the layer is carried out; None: for all."""
        if "record" in draws:
            return draws["record"][self.name].get("gate")
        chance = getattr(self.layer, "p", 1.0)
        votes = [self._random(self.layer, draws).gate(chance)] if chance != 1.0 else []
        votes += [composite.choose(self._random(composite, draws))[:, position] for composite, position in self.gates]
        return functools.reduce(ops.logical_and, votes) if votes else None

    def draw(self, draws: Draws | None, shape: Sequence[int]) -> tuple[Params | None, Tensor | None]:
        """(parameters, gate); parameters that are None mean that there is nothing to do."""
        if draws is None:
            return self.layer.rest(shape), None
        if "record" in draws:
            return draws["record"][self.name]["params"], self.open(draws)
        return self.layer.draw(self._random(self.layer, draws), shape), self.open(draws)

    def _random(self, layer: keras.layers.Layer, draws: Draws) -> Random:
        place = self.places[id(layer)]
        return Random(draws["keys"][place], draws["scalars"][place])


class Stage:
    """A run of steps that is carried out together; this one takes a single layer of any kind."""

    jit: bool | None = None  # what the outermost layer says
    dtype: str | None = None  # of the result, where no other stage comes after this one
    follower: "Stage | None" = None  # the stage that comes after this one

    def __init__(self, step: Step):
        self.steps = [step]
        self._kernels: dict[str, Callable] = {}

    def accepts(self, step: Step) -> bool:
        """Whether `step` can be carried out together with those that are here."""
        return False

    def __call__(self, batch: Batch, draws: Draws | None) -> Batch:
        if not self._active(draws):
            return batch
        parts = ("x", "masks", "points", "boxes", "box_labels")
        entering = {part: batch[part] for part in parts if part in batch} | self._labels(batch)
        return {**batch, "finite": False, **self._kernel(self._run)(entering, draws)}

    def _run(self, batch: Batch, draws: Draws | None) -> Batch:
        step, x = self.steps[0], batch["x"]
        layer, shape = step.layer, ops.shape(x)
        params, gate = step.draw(draws, shape)
        if ops.dtype(x) != "string" and layer.reads is not None:
            x = ops.cast(x, layer.reads)
        rest = layer.rest(shape) if gate is not None else None
        changed = _select(gate, layer.apply(x, params), x if rest is None else layer.apply(x, rest))
        changed = {"x": self._finished(changed)}
        for part, apply in (("masks", layer.apply_masks), ("points", layer.apply_points)):
            if part in batch:
                changed[part] = _select(gate, apply(batch[part], params), batch[part])
        if "boxes" in batch:
            changed |= _keep_padding(batch, _select(gate, layer.apply_boxes(batch["boxes"], params), batch["boxes"]))
        return changed | _relabel(step, batch, params, gate)

    def _active(self, draws: Draws | None) -> list[Step]:
        """The steps that do something."""
        return [step for step in self.steps if draws is not None or step.layer.always]

    def _finished(self, x: Tensor) -> Tensor:
        return x if self.dtype is None else to_dtype(x, self.dtype)

    def _labels(self, batch: Batch) -> Batch:
        """The labels, where a layer does something with them: only then must they be tensors that it understands."""
        touched = "labels" in batch and any(step.layer.changes_labels for step in self.steps)
        return {"labels": batch["labels"]} if touched else {}

    @property
    def _jit(self) -> bool | None:
        return None if self.jit is not False and all(step.layer.jit is not False for step in self.steps) else False

    def _kernel(self, function: Callable) -> Callable:
        """A method compiled, once; unless a layer of the stage asked for no XLA."""
        if function.__name__ not in self._kernels:
            self._kernels[function.__name__] = compiled(function, self._jit)
        return self._kernels[function.__name__]


class GeometricStage(Stage):
    """Neighbouring geometric layers: one way back for every output pixel, one resample."""

    def accepts(self, step: Step) -> bool:
        if getattr(step.layer, "stage", None) is not GeometricStage:
            return False
        wishes = {layer.sampling for layer in (step.layer, *(s.layer for s in self.steps))} - {None}
        return len(wishes) <= 1

    def __call__(self, batch: Batch, draws: Draws | None) -> Batch:
        if not self._active(draws):
            return batch
        x = batch["x"]
        parts = ("boxes", "box_labels", "points")
        moving = {part: batch[part] for part in parts if part in batch} | self._labels(batch)
        images = {part: batch[part] for part in ("x", "masks") if part in batch}
        dtype = self._dtype(x, draws)
        batch = {**batch, "unit": UNIT if dtype == FIXED else 1.0}
        if any(step.layer.bends for step in self.steps):
            return {**batch, **self._kernel(self._read)(images, moving, draws, dtype)}
        if len(self.steps) == 1 and self.steps[0].layer.moves(ops.shape(x)[1:-1]):
            changed = {part: self._kernel(self._move)(t, x, draws, part) for part, t in images.items()}
            return {**batch, **changed, **(self._kernel(self._map)(x, moving, draws)[1] if moving else {})}
        matrix, changed = self._kernel(self._map)(x, moving, draws)
        size = output_size = ops.shape(x)[1:-1]
        for step in self.steps:
            output_size = step.layer.output_size(output_size)
        output_size = None if output_size is size else tuple(output_size)
        read = shared(resample, self._jit)
        for part, t in images.items():
            changed[part] = read(t, matrix, output_size, *self._sampling(part), dtype if part == "x" else None)
        return {**batch, **changed}

    def _sampling(self, part: str) -> tuple[str, str, float]:
        """How images and masks are read: (interpolation, fill_mode, fill_value)."""
        wish = next(filter(None, (step.layer.sampling for step in self.steps)), ANY_SAMPLING)
        interpolation, fill_mode, fill_value, mask_fill_value = wish
        if part == "masks":
            outside = (fill_mode, 0.0) if mask_fill_value is None else ("constant", mask_fill_value)
            return "nearest", *outside
        return (
            "nearest" if all(step.layer.whole_pixels for step in self.steps) else interpolation,
            fill_mode,
            fill_value,
        )

    def _dtype(self, x: Tensor, draws: Draws | None) -> str | None:
        """Of the images that come out; None: as they are read."""
        interpolation, fill_mode, fill_value = self._sampling("x")
        bytes_only = ops.dtype(x) == "uint8" and (fill_mode != "constant" or 0.0 <= fill_value <= 255.0)
        if bytes_only and interpolation == "bilinear" and draws is not None and isinstance(self.follower, ColorStage):
            return FIXED
        return self.dtype

    def _map(self, x: Tensor, moving: Batch, draws: Draws | None) -> tuple[Tensor, Batch]:
        """The product of the steps' matrices, and where it takes boxes, points and labels."""
        motion, changed, _ = self._motion(x, moving, draws)
        rank = len(x.shape) - 1
        matrix = ops.broadcast_to(motion.matrix, (ops.shape(x)[0], rank, rank))
        return ops.cast(matrix, "float32"), changed

    def _read(self, images: Batch, moving: Batch, draws: Draws | None, dtype: str | None) -> Batch:
        """A chain that bends the image: every pixel goes back step by step."""
        x = images["x"]
        motion, changed, output_size = self._motion(x, moving, draws)
        size, n = ops.shape(x)[1:-1], ops.shape(x)[0]
        places = reversed(motion.to_input(grid(output_size)).xy)
        middle = lambda length: (ops.cast(length, "float32") - 1.0) / 2.0
        whole = lambda c: ops.reshape(ops.broadcast_to(c, (n, ops.shape(c)[1])), (n, *output_size))
        coordinates = [whole(c) + middle(length) for c, length in zip(places, size, strict=True)]
        changed |= {part: sample(t, coordinates, *self._sampling(part)) for part, t in images.items()}
        return changed if dtype is None else changed | {"x": to_dtype(changed["x"], dtype)}

    def _motion(self, x: Tensor, moving: Batch, draws: Draws | None) -> tuple[Motion, Batch, tuple]:
        """The steps as one motion, the boxes, points and labels that it has moved, and the output's size."""
        n, *start, channels = ops.shape(x)
        size, motion, changed = tuple(start), Motion(len(start)), dict(moving)
        for step in self.steps:
            layer, shape = step.layer, (n, *size, channels)
            params, gate = step.draw(draws, shape)
            if params is not None:
                if layer.bends:
                    motion.bend(layer, params, gate, size)
                else:
                    rest = layer.rest(shape) if gate is not None else None
                    still = matrices.identity(len(size) + 1) if rest is None else layer.matrix(rest, size)
                    motion.turn(_select(gate, ops.cast(layer.matrix(params, size), "float64"), still))
                changed |= _relabel(step, changed, params, gate)
            size = tuple(layer.output_size(size))
        if "boxes" in moving:
            per_edge = box_ops.BENT if any(step.layer.bends for step in self.steps) else 1
            moved = box_ops.move_boxes(moving["boxes"], motion.to_output, start, size, per_edge)
            visibility = max(step.layer.min_visibility for step in self.steps)
            changed |= _cut_boxes(moving, moved, size, visibility)
        if "points" in moving:
            changed["points"] = box_ops.move_points(moving["points"], motion.to_output, start, size)
        return motion, changed, size

    def _move(self, t: Tensor, x: Tensor, draws: Draws | None, part: str) -> Tensor:
        """A layer that only moves whole pixels does so by index, in `x` itself or in its mask `t`."""
        step, shape = self.steps[0], ops.shape(x)
        params, gate = step.draw(draws, shape)
        rest = step.layer.rest(shape) if gate is not None else None
        moved = _select(gate, step.layer.move(t, params), t if rest is None else step.layer.move(t, rest))
        return self._finished(moved) if part == "x" else moved


class ColorStage(Stage):
    """Neighbouring color layers and value maps: one matrix, one clip, one pass."""

    def accepts(self, step: Step) -> bool:
        if getattr(step.layer, "stage", None) is not ColorStage:
            return False
        # The one clip at the end is in the units of the last layer: none may have clipped in others before.
        colors = [color_step.layer.value_map is None for color_step in self.steps]
        return step.layer.value_map is not None or colors[-1] or not any(colors)

    def __call__(self, batch: Batch, draws: Draws | None) -> Batch:
        steps, x = self._active(draws), batch["x"]
        if not steps:
            return batch
        scale = offset = None
        while steps and steps[-1].layer.value_map is not None:  # what follows the last clip is the same for all
            own_scale, own_offset = steps.pop().layer.value_map
            scale, offset = (
                (own_scale, own_offset) if scale is None else (own_scale * scale, own_offset * scale + offset)
            )
        value_range = next((step.layer.value_range for step in reversed(steps) if step.layer.value_range), None)
        finite, unit = batch["finite"], batch["unit"]
        matrix, active = self._kernel(self._matrix)(x, draws, len(steps), finite, unit) if steps else (None, None)
        transform = shared(color.transform, self._jit)
        changed = {"x": transform(x, matrix, value_range, active, scale, offset, finite, self.dtype, unit)}
        if labels := self._labels(batch):
            changed |= self._kernel(self._labels_after)(labels, x, draws)
        return {**batch, "unit": 1.0, **changed}

    def _matrix(
        self, x: Tensor, draws: Draws | None, count: int, finite: bool, unit: float
    ) -> tuple[Tensor, Tensor | None]:
        """The product of the first steps' matrices, and for which samples there is one to apply (None: for all)."""
        mean, identity = color.channel_mean(x, finite, unit), matrices.identity(x.shape[-1] + 1)
        product, gates = identity, []
        for step in self._active(draws)[:count]:
            params, gate = step.draw(draws, ops.shape(x))
            matrix = ops.cast(step.layer.matrix(params, color.apply(product, mean)), "float64")
            product = ops.matmul(_select(gate, matrix, identity), product)
            gates.append(gate)
        everywhere = any(gate is None for gate in gates)
        return ops.cast(product, "float32"), None if everywhere else functools.reduce(ops.logical_or, gates)

    def _labels_after(self, labels: Batch, x: Tensor, draws: Draws | None) -> Batch:
        for step in self._active(draws):
            labels = labels | _relabel(step, labels, *step.draw(draws, ops.shape(x)))
        return labels


class MixingStage(Stage):
    """A layer that mixes samples with others of their batch."""

    def __call__(self, batch: Batch, draws: Draws | None) -> Batch:
        layer = self.steps[0].layer
        if "points" in batch and draws is not None:
            raise wrong(layer, "keypoints", "not be there: mixed images have points of several", "keypoints")
        if draws is None:  # mixed labels have another form, which is theirs in inference, too
            return {**batch, "labels": layer.encode(batch["labels"])} if "labels" in batch else batch
        return super().__call__(batch, draws)

    def _run(self, batch: Batch, draws: Draws | None) -> Batch:
        step, x = self.steps[0], ops.cast(batch["x"], "float32")
        layer, shape = step.layer, ops.shape(x)
        params, gate = step.draw(draws, shape)
        params = params or {}
        if gate is not None:
            alone = layer.alone(shape)
            params = {name: _select(gate, value, alone[name]) for name, value in params.items()}
        masks = batch.get("masks")
        changed = {"x": self._finished(layer.mix(x, params, masks))}
        if masks is not None:
            changed["masks"] = layer.apply_masks(masks, params)
        if "boxes" in batch:
            labels = batch.get("box_labels")
            boxes, labels = layer.mix_boxes(batch["boxes"], labels, params, shape[1:3], masks)
            changed |= {"boxes": boxes} | ({} if labels is None else {"box_labels": labels})
        if "labels" in batch:
            changed["labels"] = layer.apply_labels(batch["labels"], params)
        return changed


class ForeignStage(Stage):
    """Any other Keras layer, called as it is, on the primary tensor."""

    def __call__(self, batch: Batch, draws: Draws | None) -> Batch:
        step, x = self.steps[0], batch["x"]
        if ops.dtype(x) != "string":
            x = ops.cast(x, "float32")
        changed = step.layer(x, training=draws is not None)
        return {**batch, "finite": False, "x": changed if draws is None else _select(step.open(draws), changed, x)}


class Plan:
    """Steps in order, neighbours that can share their work together, and the random numbers of all of them."""

    def __init__(self, steps: Sequence[Step], jit: bool | None = None, dtype: str | None = None):
        self.stages: list[Stage] = []
        for step in steps:
            if self.stages and self._joins(step):
                self.stages[-1].steps.append(step)
            else:
                self.stages.append(getattr(step.layer, "stage", ForeignStage)(step))
        drawing = [layer for step in steps for layer in (step.layer, *(composite for composite, _ in step.gates))]
        drawing = list({id(layer): layer for layer in drawing if hasattr(layer, "seed")}.values())
        self._seeds = np.array([words(layer.seed) for layer in drawing], "uint32").reshape(-1, 2)
        jits = [jit, *(layer.jit for layer in drawing)]
        self._streams = shared(streams, False if any(jit is False for jit in jits) else None)
        for stage, follower in itertools.zip_longest(self.stages, self.stages[1:]):
            stage.jit, stage.follower = jit, follower
        self.stages[-1].dtype = dtype
        for number, step in enumerate(steps):
            step.places = {id(layer): place for place, layer in enumerate(drawing)}
            step.name = f"{number}_{step.layer.name}"

    def draws(self, keys: Keys) -> Draws:
        """The random numbers of all layers."""
        return self._streams(ops.convert_to_tensor(self._seeds), *keys)

    def __call__(self, batch: Batch, keys: Keys | None) -> Batch:
        return self._carry_out(batch, None if keys is None else self.draws(keys))

    def record(self, keys: Keys, shape: Sequence) -> Record:
        """What every step draws for a batch of `shape` (N, *size, C)."""
        draws, record = self.draws(keys), {}
        for step in (step for stage in self.stages for step in stage.steps):
            foreign = not hasattr(step.layer, "draw")
            params, gate = ({}, step.open(draws)) if foreign else step.draw(draws, shape)
            record[step.name] = {"params": params} | ({} if gate is None else {"gate": gate})
            if not foreign and len(shape) > 2:
                shape = (shape[0], *step.layer.output_size(shape[1:-1]), shape[-1])
        return record

    def replay(self, batch: Batch, record: Record) -> Batch:
        return self._carry_out(batch, {"record": record})

    def _carry_out(self, batch: Batch, draws: Draws | None) -> Batch:
        for stage in self.stages:
            batch = stage(batch, draws)
        return batch

    def _joins(self, step: Step) -> bool:
        last = self.stages[-1]
        return not step.alone and not last.steps[-1].alone and last.accepts(step)


def _select(gate: Tensor | None, changed: Tensor, original: Tensor) -> Tensor:
    """Row by row: `changed` where the gate is open (None: everywhere), `original` elsewhere."""
    if gate is None:
        return changed
    return ops.where(color.expand(gate, len(changed.shape) - 1), changed, ops.cast(original, changed.dtype))


def _relabel(step: Step, batch: Batch, params: Params | None, gate: Tensor | None) -> Batch:
    if params is None or "labels" not in batch or not step.layer.changes_labels:
        return {}
    return {"labels": _select(gate, step.layer.apply_labels(batch["labels"], params), batch["labels"])}


def _keep_padding(batch: Batch, boxes: Tensor) -> Batch:
    """Padding (label -1) stays as it was."""
    if "box_labels" not in batch:
        return {"boxes": boxes}
    padding = ops.equal(batch["box_labels"], ops.cast(-1, batch["box_labels"].dtype))
    return {"boxes": ops.where(ops.expand_dims(padding, -1), batch["boxes"], boxes)}


def _cut_boxes(batch: Batch, boxes: Tensor, size: Sequence[int], min_visibility: float) -> Batch:
    """Boxes cut at the image's border; those of which too little is left, or that were none, get label -1."""
    cut = box_ops.clip(boxes, size)
    changed = _keep_padding(batch, cut)
    if "box_labels" in batch:
        area, labels = box_ops.area(cut), batch["box_labels"]
        # every comparison with NaN is false
        kept = (area > 0.0) & (area >= min_visibility * box_ops.area(boxes)) & (box_ops.area(batch["boxes"]) > 0.0)
        changed["box_labels"] = ops.where(kept, labels, ops.cast(-1, labels.dtype))
    return changed
