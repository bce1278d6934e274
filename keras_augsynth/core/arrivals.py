"""What comes to a layer first; the families of its parts say whether it plainly is something else than they expect."""

import warnings
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from keras_augsynth.core import activity, keras_internals
from keras_augsynth.core.inputs import Inputs
from keras_augsynth.core.notices import Advice, Look
from keras_augsynth.core.primary import primary
from keras_augsynth.core.ranges import behind
from keras_augsynth.ops.waves import from_pcm

Tensor = Any
ORDER = "order"
"""The name of `look_in_front` in a layer's `looks_left`."""


@dataclass(frozen=True)
class Arrival:
    """What a layer is given first, as one of its parts sees it.

    Attributes:
        layer: the part that is asked.
        part: itself, or the policy for whose parts it stands.
        owner: the layer that is called.
        x: the batch.
        lengths: valid steps of each sample `(N,)`, or None.
        others: the names of what stands beside it.
        sample_rate: of sounds, in Hz, or None.
        scale: by how much layers in front multiply the numbers; None where that is not known.
    """

    layer: Any
    part: Any
    owner: Any
    x: Tensor
    lengths: Tensor | None
    others: tuple[str, ...]
    sample_rate: float | None
    scale: float | None

    @property
    def of_part(self) -> str:
        """ " of RandomGain", for a text whose subject is an argument; empty where the layer itself is called."""
        return "" if self.part is self.owner else f" of {type(self.part).__name__}"

    @property
    def whole(self) -> str:
        """The dtype of whole numbers that come as they were given; else empty."""
        return self.x.dtype.name if self.x.dtype.is_integer and self.scale == 1.0 else ""


def _concerns(layer: Any, inputs: Any) -> bool:
    if not any(hasattr(step.layer, "doubts") for step in layer.plan.steps):
        return False
    x = primary(layer, inputs)[1]
    return not (tf.is_tensor(x) and tf.executing_eagerly()) or bool(tf.math.count_nonzero(x))  # zeros say nothing


def _advice(layer: Any, inputs: Any) -> Advice:
    batch, others = Inputs(layer, inputs).batch, tuple(inputs) if isinstance(inputs, dict) else ()
    texts: Advice = []
    x: Tensor = batch.x
    scale: float | None = 1.0
    for step in layer.plan.steps:
        if hasattr(step.layer, "doubts"):
            arrival = Arrival(step.layer, step.drawer, layer, x, batch.lengths, others, step.sample_rate, scale)
            texts += step.layer.doubts(arrival)
            x = from_pcm(x) if batch.modality.is_pcm and arrival.whole else x
        seen = None if scale is None else behind(getattr(step.layer, "layer", step.layer), (-scale, scale))
        scale = seen[1] if seen is not None and seen[0] == -seen[1] else None
    return texts


def look_in_front(layer: Any, inputs: Any, stacklevel: int = 3) -> None:
    """Warns, once for each layer, if a layer of Keras in front of it has its axes in another order.

    Args:
        layer: which is called, symbolically or not, or has such a layer among its parts.
        inputs: of the call.
        stacklevel: as in `warnings.warn`.
    """
    if ORDER not in layer.looks_left:
        return
    is_asked = any(hasattr(step.layer, "doubts") for step in layer.plan.steps)
    layer.looks_left -= {ORDER} if is_asked else {ORDER, LOOK.name}  # what looks at nothing costs nothing
    x = primary(layer, inputs)[1]
    in_front = keras_internals.layers_in_front(x) if isinstance(x, keras.KerasTensor) else []
    for step in layer.plan.steps:
        turned_by = getattr(step.layer, "turned_by", ())
        for each in reversed(in_front):
            if isinstance(each, turned_by):
                gives = f"but {type(each).__name__} gives (batch, frequency, time)"
                found = f"{type(step.drawer).__name__}: spectrograms must be (batch, time, frequency), {gives}. "
                found += "Put keras.layers.Permute((2, 1)) between them."
                warnings.warn(found, UserWarning, stacklevel=stacklevel)
                return
            if not activity.prepares_data(each):
                break
        in_front.append(getattr(step.layer, "layer", step.layer))


LOOK = Look("data", _concerns, _advice)
