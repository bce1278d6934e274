"""A layer's configuration, read off its constructors."""

import functools
import inspect
import itertools
from typing import Any

import keras
import numpy as np


def arguments(cls: Any) -> tuple[str, ...]:
    """The constructor's arguments up to `Augmentation`, most specific class first."""
    return _arguments(cls)


@functools.cache
def _arguments(cls: Any) -> tuple[str, ...]:
    bases = itertools.takewhile(lambda base: base is not keras.layers.Layer, cls.__mro__)
    own = [base for base in bases if "__init__" in vars(base)]
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = (p for base in own for p in inspect.signature(vars(base)["__init__"]).parameters.values())
    names = [p.name for p in parameters if p.kind in kinds and p.name != "self"]
    return tuple(name for name in dict.fromkeys(names) if name not in getattr(cls, "fixed_arguments", ()))


def plain(value: Any) -> Any:
    """An argument as JSON can hold it."""
    if hasattr(value, "get_config"):
        return keras.saving.serialize_keras_object(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def restored(value: Any, custom_objects: dict | None) -> Any:
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value, custom_objects)
    return [restored(item, custom_objects) for item in value] if isinstance(value, list) else value
