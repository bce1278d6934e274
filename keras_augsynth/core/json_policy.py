"""Composites as JSON text, and back: a policy that can be read, compared, kept beside the data."""

import difflib
import inspect
import json
from typing import Any

import keras
import numpy as np

from keras_augsynth._version import __version__
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.config import arguments
from keras_augsynth.core.distributions import Distribution

_PACKAGE = "keras_augsynth"
_OF_KERAS = ("name", "trainable", "dtype")


def write(layer: Augmentation) -> str:
    """The layer's configuration, and that of all layers in it, as JSON."""
    entry = {_PACKAGE: __version__, **_compact(keras.saving.serialize_keras_object(layer))}
    try:
        text = json.dumps(entry, indent=2)
    except TypeError as error:
        raise wrong(layer, "layers", f"have arguments that JSON can hold ({error})", layer, TypeError) from error
    if layer.weights:  # enough if they follow from the arguments, as a bank of references does
        again = read(layer, text).weights
        if len(again) != len(layer.weights) or not all(map(np.array_equal, again, layer.weights)):
            learned = [weight.path for weight in layer.weights]
            requirement = "have learned nothing that is not among their arguments (save a model to keep it)"
            raise wrong(layer, "layers", requirement, learned)
    return text


def read(owner: Any, text: Any) -> Augmentation:
    """The layer that `write` has written; `owner` is named in errors."""
    if not isinstance(text, str):
        raise wrong(owner, "text", "be a string", type(text).__name__, TypeError)
    try:
        entry = json.loads(text, object_pairs_hook=_without_duplicates)
    except ValueError as error:  # among them json.JSONDecodeError, and numbers of thousands of digits
        raise wrong(owner, "text", f"be JSON as `to_json` writes it ({error})", _short(text)) from error
    except RecursionError as error:
        raise wrong(owner, "text", "be nested less deeply", _short(text)) from error
    if not isinstance(entry, dict) or "class_name" not in entry:
        raise wrong(owner, "text", "be JSON as `to_json` writes it, with a `class_name`", _short(text))
    try:
        return _build(owner, entry, entry.get(_PACKAGE, "unknown"))
    except RecursionError as error:
        raise wrong(owner, "text", "be nested less deeply", _short(text)) from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f'the key "{_short(name)}" stands there twice')
        found[name] = value
    return found


def _compact(value: Any) -> Any:
    """A configuration as Keras writes it, without what our own layers need not have said."""
    if isinstance(value, list):
        return [_compact(item) for item in value]
    if not isinstance(value, dict):
        return value
    cls = keras.saving.get_registered_object(value.get("registered_name"))
    if inspect.isclass(cls) and issubclass(cls, (Augmentation, Distribution)):
        config = {name: _compact(item) for name, item in value["config"].items()}
        return {"class_name": value["registered_name"].removeprefix(f"{_PACKAGE}>"), "config": config}
    if value.get("class_name") == "DTypePolicy":
        return value["config"]["name"]
    return value


def _build(owner: Any, entry: Any, version: str) -> Any:
    if isinstance(entry, list):
        return [_build(owner, item, version) for item in entry]
    if not isinstance(entry, dict) or "class_name" not in entry:
        return entry
    if "module" in entry:
        try:
            return keras.saving.deserialize_keras_object(entry)
        except (TypeError, ValueError) as error:
            raise wrong(owner, "class_name", f"name what Keras can make ({error})", entry["class_name"]) from error
    cls = _class(owner, entry["class_name"], version)
    config = entry.get("config", {})
    if not isinstance(config, dict):
        raise wrong(cls.__name__, "config", "be a dictionary", config, TypeError)
    known = [*arguments(cls), *_OF_KERAS] if issubclass(cls, Augmentation) else []
    for name, value in config.items():
        if issubclass(cls, Augmentation) and name not in known:
            raise wrong(cls.__name__, _short(name), f"be one of its arguments{_hint(name, known)}", value)
    for name, parameter in inspect.signature(cls).parameters.items():
        required = parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        )
        if required and name not in config:
            raise wrong(cls.__name__, name, "be given", config)
    built = {name: _build(owner, value, version) for name, value in config.items()}
    try:
        return cls.from_config(built)
    except (TypeError, ValueError) as error:
        if str(error).startswith(f"{cls.__name__}: "):
            raise
        raise wrong(cls.__name__, "config", f"be what the layer takes ({_short(str(error))})", config) from error


def _class(owner: Any, name: Any, version: str) -> Any:
    """The class of that name, of this package or "package>Name" of another."""
    registered = name if isinstance(name, str) and ">" in name else f"{_PACKAGE}>{name}"
    cls = keras.saving.get_registered_object(registered)
    if not inspect.isclass(cls) or not issubclass(cls, (Augmentation, Distribution)):
        known = [key.removeprefix(f"{_PACKAGE}>") for key in keras.saving.get_custom_objects()]
        written = "" if version == __version__ else f"; the text was written by version {version}"
        requirement = f"be a layer that version {__version__} knows{written}{_hint(str(name), known)}"
        raise wrong(owner, "class_name", requirement, name)
    return cls


def _hint(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name[:100], known, 1)
    return f' (did you mean "{near[0]}"?)' if near else ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
