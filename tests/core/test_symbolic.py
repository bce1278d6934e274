"""Symbolic inputs with all that may stand beside the data: a functional model of them gives what was declared."""

import keras
import numpy as np
import pytest

from keras_augsynth import layers

KINDS = {"images": (20, 18), "videos": (3, 20, 18), "volumes": (6, 20, 18)}
LAYERS = {
    "flip": lambda: layers.RandomFlip(),
    "resize": lambda: layers.Pipeline([layers.RandomRotation(0.1), layers.Resizing(8, 9)]),
    "mix": lambda: layers.CutMix(num_classes=3),
    "resize and mix": lambda: layers.Pipeline([layers.Resizing(8, 9), layers.MixUp(num_classes=3)]),
}


def batch(key, points):
    size, frames = KINDS[key], KINDS[key][:-2] if key == "videos" else ()
    axes = 3 if key == "volumes" else 2
    low = np.random.default_rng(0).uniform(0, 3, (2, *frames, 4, axes))
    data = {
        key: np.zeros((2, *size, 3), "float32"),
        "segmentation_masks": np.zeros((2, *size), "int32"),
        "bounding_boxes": {
            "boxes": np.concatenate([low, low + 2.0], -1).astype("float32"),
            "classes": np.ones((2, *frames, 4), "int32"),
        },
        "labels": np.array([0, 2], "int32"),
        "other": np.ones((2, 5), "float32"),
    }
    return {**data, "keypoints": low.astype("float32")} if points else data


def symbols(data, name=None):
    """Keras wants the inputs of a dictionary to have the names of its keys."""
    if isinstance(data, dict):
        return {key: symbols(value, key) for key, value in data.items()}
    return keras.Input(data.shape[1:], dtype=data.dtype.name, name=name)


def assert_declared(result, declared):
    for found, symbol in zip(keras.tree.flatten(result), keras.tree.flatten(declared), strict=True):
        assert keras.backend.standardize_dtype(found.dtype) == symbol.dtype
        assert len(found.shape) == len(symbol.shape)
        assert all(b in (None, a) for a, b in zip(found.shape, symbol.shape, strict=True)), symbol


@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize("name", LAYERS)
def test_dictionaries(key, name):
    data, layer = batch(key, points="mix" not in name), LAYERS[name]()
    inputs = symbols(data)
    declared = layer(inputs)
    model = keras.Model(inputs, declared)
    for training in (True, False):
        assert_declared(model(data, training=training), declared)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("second", ["classes", "masks"])
def test_pairs_and_triples(name, second):
    y = {"classes": np.array([0, 2], "int32"), "masks": np.zeros((2, 20, 18), "int32")}[second]
    data = [np.zeros((2, 20, 18, 3), "float32"), y, np.ones(2, "float32")]
    for count in (2, 3):
        inputs = list(map(symbols, data[:count]))
        declared = LAYERS[name]()(*inputs)
        assert len(declared) == count
        assert_declared(keras.Model(inputs, list(declared))(data[:count], training=True), declared)
