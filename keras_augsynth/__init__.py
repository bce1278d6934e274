"""Augmentation, synthesis and balancing for Keras, inside the graph."""

import keras

if keras.config.backend() != "tensorflow":
    raise ImportError(
        f"keras_augsynth needs Keras's TensorFlow backend. Received: backend={keras.config.backend()!r}. "
        "Set the environment variable KERAS_BACKEND=tensorflow before importing keras."
    )

from keras_augsynth import layers  # noqa: E402
from keras_augsynth.core.fuse import fuse  # noqa: E402

__version__ = "0.1.0"
__all__ = ["__version__", "fuse", "layers"]
