"""Any other Keras layer that stands in a composite, with what a layer of this package has."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_augsynth.core import keras_internals
from keras_augsynth.core.batch import Batch
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.draws import Params, Place, Step, View
from keras_augsynth.core.families.stage import Drawn, Stage
from keras_augsynth.core.modalities import MODALITIES, Modality
from keras_augsynth.core.passes import Notes
from keras_augsynth.ops.rows import select

Tensor = Any


class ForeignStage(Stage):
    """A Keras layer, called as it is, on the primary tensor."""

    is_foreign = True

    def carry_out(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        step, x = self.steps[0], batch.x
        if ops.dtype(x) != "string":
            x = ops.cast(x, "float32")
        changed = step.layer.called(x, drawn is not None, batch.steps_mask)
        batch = batch.with_changes(steps_mask=step.layer.layer.compute_mask(x, batch.steps_mask))
        gate = None if drawn is None else drawn["entries"][step.name].get("gate")
        if drawn is None or changed.shape == x.shape:
            return batch.with_changes(x=select(gate, changed, x))
        for composite in (each.composite for each in step.place.gates):
            always = functools.partial(_always, composite, step.layer.name)
            composite.remember_rule("p", always)  # it cannot be set to another chance later
            always(composite.p)
        return batch.with_changes(x=changed)


def _always(composite: Any, layer: str, p: Any) -> float:
    if p != 1.0:
        raise wrong(composite, "p", f"be 1: {layer} gives samples another shape", p)
    return 1.0


class Foreign:
    """A Keras layer as a part of a composite: it draws nothing, and is called in training and in inference.

    Args:
        layer: the layer. It is not changed.
    """

    stage = ForeignStage
    modalities = MODALITIES
    active_in_inference = True
    is_seeded = has_chance = draws_pixels = changes_labels = changes_masks = planar = mixes = bends = False
    modality_matters = moves_contents = False
    sampling = sample_rate = jit = None
    is_value_map = False
    seed = 0

    def __init__(self, layer: keras.layers.Layer):
        self.layer, self.name = layer, layer.name

    def called(self, x: Tensor, training: bool, mask: Any) -> Tensor:
        given = {"training": training} if keras_internals.takes_training(self.layer) else {}
        if mask is not None and keras_internals.takes_mask(self.layer):
            given["mask"] = mask
        return self.layer(x, **given)

    def steps(self, place: Place) -> list[Step]:
        return [Step(self, place)]

    def draw(self, rng: Any, view: View) -> Params:
        return {}

    def inference_params(self, view: View) -> Params:
        return {}

    def moved_size(self, size: Sequence[Any]) -> Sequence[Any]:
        return size

    @property
    def built(self) -> bool:
        return self.layer.built

    def changed_shape(self, shape: tuple[int | None, ...], modality: Modality) -> tuple[int | None, ...]:
        if len(shape) == modality.rank:
            return self._shape_of_batch((1, *shape))[1:]
        return self._shape_of_batch(shape)

    def _shape_of_batch(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        try:
            return tuple(self.layer.compute_output_shape(shape))
        except NotImplementedError:  # a layer of the user's: Keras asks for no such method, but traces `call`
            return tuple(self.layer.compute_output_spec(keras.KerasTensor(shape, "float32")).shape)
