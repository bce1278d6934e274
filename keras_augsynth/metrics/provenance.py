"""Where samples come from: hashes of the synthesizer, the package, the data."""

import hashlib
import pathlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth._version import __version__
from keras_augsynth.metrics.arrays import digest


def draw(synthesizer: Any, labels: np.ndarray | None, n: int, seed: int, batch: int = 1024) -> np.ndarray:
    """Samples for labels, or n without, a batch at a time, each with a seed of its own."""
    parts = []
    for number, start in enumerate(range(0, n, batch)):
        part_seed = (seed * 1_000_003 + number) % 2**31
        count = min(batch, n - start)
        if labels is None:
            part = synthesizer.sample(n=count, seed=part_seed)
        else:
            part = synthesizer.sample(labels[start : start + count], seed=part_seed)
        parts.append(keras.ops.convert_to_numpy(part))
    return np.concatenate(parts)


def fingerprint(synthesizer: Any, classes: list[int]) -> dict[str, Any]:
    """What tells a synthesizer from any other: its weights if it is a Keras model, otherwise what it draws."""
    if isinstance(synthesizer, keras.Model):
        return {"sha256": digest(*synthesizer.get_weights()), "sha256_of": "weights"}
    labels = np.repeat(classes, 4) if classes else None
    return {"sha256": digest(draw(synthesizer, labels, 4 * max(len(classes), 1), seed=0)), "sha256_of": "samples"}


def software() -> dict[str, Any]:
    """Versions, and the SHA-256 of this package's source files."""
    folder = pathlib.Path(__file__).parents[1]  # the package
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        state.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return {
        "keras_augsynth": __version__,
        "keras_augsynth_sha256": state.hexdigest(),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
    }
