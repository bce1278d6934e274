"""Every layer, by name and modality: what tests, gallery, benchmarks and tuning read instead of lists of their own."""

from typing import Any

import keras

from keras_augsynth.core.modalities import MODALITIES

_layers: dict[str, type] = {}


def add(cls: type, listed: bool) -> None:
    """Makes `cls` loadable from a saved model and, if `listed`, a layer of the catalogue."""
    package = cls.__module__.partition(".")[0]
    keras.saving.register_keras_serializable(package=package)(cls)
    if listed and package == "keras_augsynth":  # a layer of a user's may have the name of one of ours
        _layers[cls.__name__] = cls


def layers(modality: str | None = None) -> list[Any]:
    """The package's own layer classes, sorted by the first modality that they serve and by name.

    Args:
        modality: "image", "video", "volume", "audio", "spectrogram", "text", "tokens", "tabular": those that serve it.
            None: all.
    """
    serving = [cls for cls in _layers.values() if modality is None or modality in _names(cls)]
    return sorted(serving, key=lambda cls: (MODALITIES.index(cls.modalities[0]), cls.__name__))


def table() -> str:
    """Which layer serves which kind of data, as a Markdown table."""
    head = ["layer", *(modality.key for modality in MODALITIES)]
    rows = [[cls.__name__, *("x" if m.name in _names(cls) else "-" for m in MODALITIES)] for cls in layers()]
    lines = [head, ["---", *[":-:"] * len(MODALITIES)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _names(cls: Any) -> list[str]:
    return [modality.name for modality in cls.modalities]
