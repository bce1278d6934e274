"""Every private name of Keras that this package uses, one function each.

`tests/core/test_keras_internals.py` fails with the function's name when a new Keras no longer has it.
"""

import itertools
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import keras


def accept_inputs_as_they_are(layer: keras.layers.Layer) -> None:
    """Lets `call` see integers, strings and dictionaries in their own dtypes, and anything in any position."""
    layer._convert_input_args = False
    layer._allow_non_tensor_positional_args = True


def outermost_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    """The layer or model whose call this one is a part of, from within `call`."""
    return layer._get_call_context().entry_layer


def flat_layers(model: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The model itself and all layers in it, at any depth."""
    return list(model._flatten_layers())


def compile_arguments(model: keras.Model) -> dict[str, Any]:
    """What `compile` was given; `get_compile_config` loses functions that nobody has registered."""
    return dict(model._compile_config.config)


def layers_in_front(x: keras.KerasTensor) -> list[Any]:
    """The layers that a symbolic tensor has gone through one after the other, as far as each has one input."""
    layers: list[Any] = []
    while (history := getattr(x, "_keras_history", None)) is not None and history.operation is not None:
        inputs = history.operation._inbound_nodes[history.node_index].input_tensors
        if len(inputs) != 1:
            break
        layers.insert(0, history.operation)
        x = inputs[0]
    return layers


def symbolic_outputs(model: keras.Model) -> Any:
    """What a functional or a sequential model returns, in its structure, without numbers; None for other models."""
    outputs = getattr(getattr(model, "_functional", model), "_outputs_struct", None)
    return outputs[0] if isinstance(outputs, (list, tuple)) and len(outputs) == 1 else outputs


def takes_training(layer: keras.layers.Layer) -> bool:
    """Whether `call` has the argument `training`."""
    return layer._call_has_training_arg


def takes_mask(layer: keras.layers.Layer) -> bool:
    """Whether `call` has the argument `mask`."""
    return layer._call_has_mask_arg


def is_data_layer(layer: Any) -> bool:
    """Whether it is one of Keras's own layers that prepare data (Resizing, Rescaling, RandomFlip …).

    Their base class is not public. It is recognized by its name.
    """
    return any(cls.__name__ == "DataLayer" for cls in type(layer).__mro__)


def is_keras_own(layer: Any) -> bool:
    """Whether Keras itself defines the class."""
    return type(layer).__module__.partition(".")[0] == "keras"


def training_given(layer: keras.layers.Layer) -> bool | None:
    """What the caller of the outermost layer or model said about `training`; None: nothing.

    Keras puts the default of one layer (`Resizing.call(…, training=True)`) aside for its siblings, so the argument
    that arrives in `call` need not have been said by anybody. What was said stands in the frames of `Layer.__call__`.
    """
    calls = list(_layer_calls())[::-1]  # the outermost first
    entry = outermost_layer(layer)
    while calls and calls[0]["self"] is not entry:
        calls.pop(0)
    said = _said(calls[0]) if calls else None
    for parent, child in itertools.pairwise(calls):
        # A parent hands on what it was given itself. Something else has been said by its author.
        if said is None and _said(child) not in (None, parent["kwargs"].get("training")):
            said = _said(child)
    return said


def _said(call: dict[str, Any]) -> bool | None:
    value = call["call_spec"].user_arguments_dict.get("training")
    return None if value is None else bool(value)


def _layer_calls() -> Iterator[dict[str, Any]]:
    """The local variables of each `keras.layers.Layer.__call__` under way in this thread, innermost first."""
    code = keras.layers.Layer.__call__.__wrapped__.__code__
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code is code:
            yield frame.f_locals
        frame = frame.f_back
