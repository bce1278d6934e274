"""`Color`: layers that change colors by a matrix; neighbours share one matrix product and one pass over the pixels."""

import functools
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.batch import Batch
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.draws import Params, Step, current_key
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.families.stage import Drawn, Entries, Stage
from keras_augsynth.core.modalities import Modality
from keras_augsynth.core.passes import Notes
from keras_augsynth.core.ranges import effective_range
from keras_augsynth.ops import color, matrices
from keras_augsynth.ops.any_size import of_shape
from keras_augsynth.ops.casting import UNIT
from keras_augsynth.ops.compiled import shared
from keras_augsynth.ops.rows import select

Tensor = Any


class ColorStage(Stage):
    """Neighbouring color layers and value maps: one matrix, one clip, one pass."""

    keeps_finite = True
    reads_fixed_point = True

    def accepts(self, step: Step) -> bool:
        if step.layer.stage is not ColorStage:
            return False
        if step.layer.is_value_map:
            return True
        # There is one clip, to the value range of the last color layer. So no color layer follows a value map, behind
        # which the range is another one; unless the map comes first, and can join the matrix.
        maps = [color_step.layer.is_value_map for color_step in self.steps]
        return not maps[-1] or (all(maps) and all(each.layer.is_per_channel for each in self.steps))

    def prepared(self, entries: Entries, shape: Sequence[Any], modality: Modality, companions: bool) -> Drawn:
        steps = self._up_to_the_clip(True)
        if not steps or self._keeps_bytes or any(step.layer.uses_mean for step in steps):
            return {"entries": entries}
        product, active = self._product(entries, shape, None, modality)
        return {"matrix": product} if active is None else {"matrix": product, "active": active}

    def carry_out(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        if drawn is not None and self._keeps_bytes and ops.dtype(batch.x) == "uint8":
            return super().carry_out(batch, drawn, notes)
        steps = self._up_to_the_clip(drawn is not None)
        scale = offset = None
        for step in self.acting(drawn is not None)[len(steps) :]:
            own_scale, own_offset = step.layer.map_for(tuple(batch.x.shape)[1:])
            if scale is None:
                scale, offset = own_scale, own_offset
            else:
                scale, offset = own_scale * scale, own_scale * offset + own_offset
        unit = UNIT if notes.fixed_point else 1.0
        matrix, active = None, None
        if drawn is not None and "matrix" in drawn:
            matrix, active = drawn["matrix"], drawn.get("active")
        elif steps and self._keeps_bytes:
            matrix, active = self._product(drawn and drawn["entries"], ops.shape(batch.x), None, batch.modality)
        elif steps:
            product = self.kernel(self._matrix, modality=batch.modality, finite=notes.finite, unit=unit)
            matrix, active = product(batch.x, drawn and drawn["entries"])
        transform = shared(color.transform, self.uses_xla, any_size=True)
        x = transform(batch.x, matrix, self._range(steps), active, scale, offset, notes.finite, notes.dtype, unit)
        return batch.with_changes(x=of_shape(x, batch.x.shape))

    def _up_to_the_clip(self, active: bool) -> list[Step]:
        """The steps that act, but for the value maps behind the last color layer."""
        steps = self.acting(active)
        while steps and steps[-1].layer.is_value_map:
            steps.pop()
        return steps

    @property
    def _keeps_bytes(self) -> bool:
        """Whether there is one layer, and bytes need no matrix."""
        return len(self.steps) == 1 and self.steps[0].layer.keeps_bytes and self._range(self.steps) == (0.0, 255.0)

    @staticmethod
    def _range(steps: list[Step]) -> tuple[float, float] | None:
        """Of the last layer that has one."""
        ranges = (effective_range(step.layer.value_range, step.place.value_range) for step in reversed(steps))
        return next(filter(None, ranges), None)

    def _matrix(
        self, x: Tensor, entries: Entries | None, modality: Modality, finite: bool, unit: float
    ) -> tuple[Tensor, Tensor | None]:
        return self._product(entries, ops.shape(x), color.channel_mean(x, finite, unit), modality)

    def _product(
        self, entries: Entries | None, shape: Sequence[Any], mean: Tensor | None, modality: Modality
    ) -> tuple[Tensor, Tensor | None]:
        """The product of the steps' matrices, and for which samples there is one to apply (None: for all)."""
        mean = ops.zeros((shape[0], shape[-1])) if mean is None else mean
        identity = matrices.identity(shape[-1] + 1)
        product, gates = identity, []
        for step in self._up_to_the_clip(entries is not None):
            view = step.view(shape, modality)
            params, gate = step.params_or_rest(entries, view)
            with step.within(view) as layer:
                here = color.apply(product, mean) if layer.uses_mean else mean
                matrix = ops.cast(layer.matrix(params, here), "float64")
            product = ops.matmul(select(gate, matrix, identity), product)
            gates.append(gate)
        everywhere = any(gate is None for gate in gates)
        return ops.cast(product, "float32"), None if everywhere else functools.reduce(ops.logical_or, gates)


class Color(Intensity, listed=False):
    """An augmentation that changes colors by one matrix per sample; neighbours in a Pipeline share one pass.

    Args:
        value_range: lowest and highest value of a pixel; results are clipped to it, once, at the end.
        **kwargs: as in `Augmentation`.
    """

    stage = ColorStage
    needs_range = False
    uses_mean = True  # whether `matrix` depends on the mean color, not only on the number of channels
    keeps_bytes = False  # whether `apply` is quicker for bytes from 0 to 255 than a matrix

    def matrix(self, params: Params, mean: Tensor) -> Tensor:
        """`(N, C+1, C+1)` on (channel 1, …, channel C, 1).

        Args:
            params: of `draw`.
            mean: `(N, C)`, the mean color of each sample at this point of the chain.
        """
        if not self.is_value_map:
            raise NotImplementedError(f"{type(self).__name__} must define `matrix`.")
        channels = mean.shape[-1]
        scale, offset = (
            ops.broadcast_to(ops.cast(each, "float64"), (1, channels)) for each in self.map_for((channels,))
        )
        return matrices.affine_color(scale, offset, channels)

    def map_for(self, shape: Sequence[int | None]) -> tuple[Any, Any]:
        """`value_map`, if it fits samples of this shape."""
        for name, numbers in zip(self.map_arguments, self.value_map, strict=True):
            own = tuple(getattr(numbers, "shape", ()))
            pairs = zip(reversed(own), reversed((1, *shape)), strict=False)
            if len(own) > len(shape) + 1 or any(None not in pair and pair[0] not in (1, pair[1]) for pair in pairs):
                needed = f"be a number, or fit samples of the shape {tuple(shape)}{self.map_advice}"
                raise wrong(self, name, needed, f"shape {own}")
        return self.value_map

    map_arguments = ("scale", "offset")  # which of them make the value map
    map_advice = ""  # what else to do where it does not fit
    is_value_map = False  # whether the layer is the same for all samples and never clips
    is_per_channel = True  # whether its map is one for each channel

    @property
    def value_map(self) -> tuple[Any, Any]:
        """(scale, offset) of a value map, each a number or of a shape that broadcasts against the data."""
        raise NotImplementedError(f"{type(self).__name__} says `is_value_map` and must define `value_map`.")

    @property
    def constant_map(self) -> tuple[float, float] | None:
        """(scale, offset) of a value map as two numbers, where it is known as that when the layer is made."""
        return None

    def apply(self, x: Tensor, params: Params) -> Tensor:
        return color.transform(x, self.matrix(params, color.channel_mean(x)))

    def rgb(self, matrix: Tensor, channels: int) -> Tensor:
        """`matrix` for RGB; no change for gray images; an error for anything else."""
        if channels == 1:
            return matrices.identity(2)
        if channels != 3:
            raise wrong(self, current_key(), "have 1 or 3 channels", channels)
        return matrix
