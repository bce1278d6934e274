"""Augmentation, synthesis and balancing for Keras, inside the graph."""

import importlib
from types import ModuleType

import keras

if keras.config.backend() != "tensorflow":
    raise ImportError(
        f"keras_augsynth needs Keras's TensorFlow backend. Received: backend={keras.config.backend()!r}. "
        "Set the environment variable KERAS_BACKEND=tensorflow before importing keras."
    )

from keras_augsynth import balancing, callbacks, data, layers, losses, metrics, presets, synthesis
from keras_augsynth._version import __version__
from keras_augsynth.core.fuse import fuse
from keras_augsynth.export import export_savedmodel

__all__ = [
    "__version__",
    "balancing",
    "callbacks",
    "data",
    "export_savedmodel",
    "fuse",
    "layers",
    "losses",
    "metrics",
    "presets",
    "synthesis",
]


def __getattr__(name: str) -> ModuleType:
    """`keras_augsynth.tuning`, which needs Keras Tuner, when it is first asked for."""
    if name == "tuning":
        return importlib.import_module("keras_augsynth.tuning")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
