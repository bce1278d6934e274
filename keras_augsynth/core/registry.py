"""Every layer, by name and modality: what tests, gallery, benchmarks and tuning read instead of lists of their own."""

from typing import Any

import keras

_layers: dict[str, type] = {}


def add(cls: type, listed: bool) -> None:
    """Makes `cls` loadable from a saved model and, if `listed`, a layer of the catalogue."""
    package = cls.__module__.partition(".")[0]
    keras.saving.register_keras_serializable(package=package)(cls)
    if listed:
        _layers[cls.__name__] = cls


def layers(modality: str | None = None) -> list[type]:
    """The package's own layer classes, sorted by modality and name.

    Args:
        modality: "image", "volume", "audio", "text", "tabular"; all where it is None. Layers for any kind of
            data are listed among those for images.
    """
    own = (cls for cls in _layers.values() if cls.__module__.startswith("keras_augsynth."))
    return sorted(
        (cls for cls in own if modality in (None, _modality(cls))), key=lambda cls: (_modality(cls), cls.__name__)
    )


def _modality(cls: Any) -> str:
    return cls.modality.name if cls.modality else "image"
