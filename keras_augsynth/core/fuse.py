"""`fuse`: a Sequential model's neighbouring augmentation layers as one Pipeline."""

import itertools

import keras

from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.composites import Pipeline


def fuse(model: keras.Sequential) -> keras.Sequential:
    """Puts each run of neighbouring augmentation layers of a Sequential model into one `Pipeline`.

    Args:
        model: its other layers, with their weights, are shared with the result. Sequential models inside it are
            treated likewise.

    Returns:
        A new model, not compiled.

    Raises:
        TypeError: for a model that is not Sequential: put a `Pipeline` where the layers are.

    Example:

    >>> model = keras.Sequential([keras.Input((32, 32, 3)), RandomFlip(), RandomRotation(0.1), keras.layers.Flatten()])
    >>> [type(layer).__name__ for layer in fuse(model).layers]
    ['Pipeline', 'Flatten']
    """
    if not isinstance(model, keras.Sequential):
        raise wrong(
            "fuse", "model", "be a keras.Sequential; elsewhere put a Pipeline where the layers are", model, TypeError
        )
    layers: list[keras.layers.Layer] = []
    for is_augmentation, group in itertools.groupby(model.layers, lambda layer: isinstance(layer, Augmentation)):
        run = [fuse(layer) if isinstance(layer, keras.Sequential) else layer for layer in group]
        layers += [Pipeline(run)] if is_augmentation and len(run) > 1 else run
    inputs = [keras.Input(model.input_shape[1:], dtype=model.inputs[0].dtype)] if model.built and model.inputs else []
    return keras.Sequential(inputs + layers, name=model.name)
