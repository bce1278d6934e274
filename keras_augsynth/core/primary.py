"""What a caller passes, as tensors; and which of it are the data themselves, of which kind."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.modalities import TABULAR, TEXT, TOKENS, Modality, by_name, names

Tensor = Any


def dense(owner: Any, value: Any, name: str = "inputs") -> Any:
    """Arrays, lists of numbers or strings, and dictionaries of them as tensors, each with its own dtype."""
    if isinstance(value, dict):
        return {key: dense(owner, each, key) for key, each in value.items()}
    if isinstance(value, (tf.RaggedTensor, tf.SparseTensor)):
        if name == "labels":
            return value
        needed = f"be dense: {_to_one_size(owner)}"
        raise wrong(owner, name, needed, type(value).__name__, TypeError)
    if isinstance(value, (tf.Variable, keras.Variable)):
        return tf.convert_to_tensor(value)
    if value is None or isinstance(value, keras.KerasTensor) or ops.is_tensor(value):
        return value
    if isinstance(value, tuple) and name in ("inputs", "labels"):
        return value
    try:
        return ops.convert_to_tensor(value)
    except (TypeError, ValueError) as error:
        needed = (
            _what_is_wrong(value) or f"be a tensor, an array or a list of numbers or strings; {_to_one_size(owner)}"
        )
        raise wrong(owner, name, needed, value, TypeError) from error


def _what_is_wrong(value: Any) -> str:
    """What to do with an array or a table of which no tensor can be made; empty where that is not its entries."""
    entries = np.asarray(value, object).ravel()
    has_words = any(isinstance(entry, (str, bytes)) for entry in entries)
    if has_words and any(entry is None or entry != entry for entry in entries if not isinstance(entry, _SEQUENCES)):
        return 'have no entry that is missing: put "" in its place, in pandas by `fillna("")`'
    if has_words and not all(isinstance(entry, (str, bytes, *_SEQUENCES)) for entry in entries):
        return "be numbers: a column of words becomes one of codes by `synthesis.TableSchema`"
    return ""


_SEQUENCES = (list, tuple, np.ndarray)


def _to_one_size(owner: Any) -> str:
    """What to do with samples of several sizes."""
    served = getattr(owner, "modalities", ())
    if served and not any(modality.is_spatial for modality in served):
        return _WHOLE if all(modality is TEXT for modality in served) else _ONE_LENGTH
    return f"{_ONE_SIZE}, and pad boxes with labels of -1"


def primary(layer: Any, inputs: Any) -> tuple[str | None, Tensor, Modality]:
    """(key of a dictionary or None, the data themselves, their modality)."""
    if not isinstance(inputs, dict):
        if not hasattr(inputs, "shape"):
            keys = " or ".join(f'{{"{modality.key}": …}}' for modality in layer.modalities[:2])
            needed = f"be one tensor or a dictionary such as {keys}; call the layer once for each of several views"
            raise wrong(layer, "inputs", needed, type(inputs).__name__, TypeError)
        return None, inputs, modality_of(layer, inputs.shape)
    for modality in layer.modalities:
        if modality.key in inputs:
            x = inputs[modality.key]
            if not hasattr(x, "shape"):
                raise wrong(layer, modality.key, "be a tensor", type(x).__name__, TypeError)
            return modality.key, x, modality
    keys = " or ".join(f'"{modality.key}"' for modality in layer.modalities)
    columns = '; columns of a table are put side by side, {"features": tf.stack([…], axis=1)}'
    is_table = TABULAR in layer.modalities and all(len(getattr(each, "shape", "  ")) < 2 for each in inputs.values())
    raise wrong(layer, "inputs", f"have the key {keys}{columns if is_table else ''}", sorted(map(str, inputs)))


def modality_of(layer: Any, shape: Sequence[Any] | None) -> Modality:
    """What a tensor of this shape is: what the layer says, or the first of its modalities whose rank fits."""
    if layer.modality is not None:
        return by_name(layer.modality)
    if len(layer.modalities) == 1 or shape is None or getattr(shape, "rank", 0) is None:
        return layer.modalities[0]
    fitting = [modality for modality in layer.modalities if modality.fits(len(shape))]
    if not fitting or fitting[0] is layer.modalities[0]:
        return layer.modalities[0]
    if layer.modality_matters and len({modality.has_frames for modality in fitting}) > 1:
        keys = " or ".join(f'{{"{modality.key}": …}}' for modality in fitting)
        needed = f"say what they are, as {keys}, or by `modality=` when the layer is made: {names(fitting)} fit"
        raise wrong(layer, "inputs", needed, tuple(shape))
    return TABULAR if TABULAR in fitting else fitting[0]  # rows rather than recordings


def check_primary(layer: Any, inputs: Any, x: Tensor, modality: Modality) -> None:
    """Refuses data of the wrong rank, dtype or shape."""
    name = modality.key
    if x.shape is None or getattr(x.shape, "rank", 0) is None:
        raise wrong(layer, name, "have a known rank: set its shape with `set_shape`", x)
    shape = tuple(x.shape)
    dtype = keras.backend.standardize_dtype(x.dtype) if x.dtype not in _COMPLEX else "complex"
    is_symbol = isinstance(x, keras.KerasTensor)
    if (dtype == "string") != (modality is TEXT):
        needed = ': write keras.Input((), dtype="string")' if modality is TEXT and is_symbol else ""
        needed = ", ids of words, as `keras.layers.TextVectorization` makes them" if modality is TOKENS else needed
        raise wrong(layer, name, f"be {'strings' if modality is TEXT else 'numbers'}{needed}", dtype, TypeError)
    if not modality.fits(len(shape)) or (modality is TEXT and len(shape) == 2 and shape[1] not in (1, None)):
        whole = f"; {_WHOLE}" if modality is TEXT else ""
        raise wrong(layer, name, f"have the shape {modality.describe()}{whole}", shape)
    if dtype == "complex":
        raise wrong(layer, name, "be real numbers", x.dtype, TypeError)
    if modality.dtype == "integer" and "int" not in dtype:
        cast = 'keras.Input(shape, dtype="int32")' if is_symbol else 'tf.cast(x, "int32")'
        raise wrong(layer, name, f"be integers: write {cast}", dtype, TypeError)
    sample = shape[len(shape) - modality.rank :] if modality.has_channels else ()
    if 0 in sample:
        raise wrong(layer, name, "have no side of length 0", shape)
    could_be_rows = TABULAR in layer.modalities and not isinstance(inputs, dict) and layer.modality is None
    if name in _MOST_CHANNELS and not could_be_rows and len(shape) == modality.rank + 1:
        most = _MOST_CHANNELS[name]
        if shape[-1] is not None and shape[-1] <= most and (shape[0] is None or shape[0] > most):
            axes = ", ".join(modality.axes)
            needed = f"be (batch, {axes}) or (batch, {axes}, channels); write a single one as (1, {axes}, channels)"
            raise wrong(layer, name, needed, shape)


_ONE_SIZE = "bring images to one size: `dataset.map(Resizing(height, width))` before `batch`"
_WHOLE = 'give one string for each text, its words joined by `tf.strings.reduce_join(x, -1, separator=" ")`'
_ONE_LENGTH = 'pad to one length, a ragged tensor by `x.to_tensor()`, and give "lengths" beside it in a dictionary'
# What is (time, channels) with so few channels and more steps is no batch of sounds of so few steps.
_MOST_CHANNELS = {"audio": 8, "spectrograms": 2}
_COMPLEX = (tf.complex64, tf.complex128, "complex64", "complex128")
