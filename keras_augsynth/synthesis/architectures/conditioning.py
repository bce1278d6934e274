"""How noise and labels enter a network, and how a discriminator judges by class."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from keras_augsynth.core.checks import check_flag
from keras_augsynth.synthesis.label_gate import LabelGate
from keras_augsynth.synthesis.spectral_normalization import SpectralNormalization

Networks = tuple[keras.Model, keras.Model]
KerasTensor = keras.KerasTensor
Wrap = Callable[[keras.layers.Layer], keras.layers.Layer]


def label_input() -> KerasTensor:
    return keras.Input((), dtype="int32", name="label")


def noise_and_class(
    latent_dim: int, num_classes: int | None, initializer: Any = "uniform", for_output: int = 0
) -> tuple[list[KerasTensor] | KerasTensor, KerasTensor]:
    """A generator's inputs, and noise and class as one vector; `for_output` numbers more of noise are not in it."""
    noise = keras.Input((latent_dim + for_output,), name="noise")
    own = noise[:, :latent_dim] if for_output else noise
    if num_classes is None:
        return noise, own
    label = label_input()
    return [noise, label], layers.Concatenate()([own, heard(label, num_classes, latent_dim, initializer)])


def heard(label: KerasTensor, num_classes: int, size: int, initializer: Any = "uniform") -> KerasTensor:
    """`size` numbers of the class, as far as a GAN lets them through."""
    return LabelGate()(layers.Embedding(num_classes, size, embeddings_initializer=initializer)(label))


def shifted_by_class(h: KerasTensor, label: KerasTensor, num_classes: int) -> KerasTensor:
    """Feature maps, each shifted by a number of the class."""
    shift = heard(label, num_classes, h.shape[-1])
    return layers.Add()([h, layers.Reshape((*(1,) * (len(h.shape) - 2), h.shape[-1]))(shift)])


def with_class(
    h: KerasTensor, label: KerasTensor | None, num_classes: int | None, size: int, initializer: Any = "uniform"
) -> KerasTensor:
    """Features, with `size` numbers of the class behind them if there are classes."""
    if label is None:
        return h
    return layers.Concatenate()([h, layers.Embedding(num_classes, size, embeddings_initializer=initializer)(label)])


def judge(
    sample: KerasTensor, h: KerasTensor, num_classes: int | None, wrap: Wrap = lambda layer: layer
) -> keras.Model:
    """The discriminator: a logit from features; with classes, plus their projection on the class's direction."""
    logit = wrap(layers.Dense(1, dtype="float32"))(h)
    if num_classes is None:
        return keras.Model(sample, logit, name="discriminator")
    label = label_input()
    direction = layers.Embedding(num_classes, h.shape[-1], embeddings_initializer="glorot_normal")
    direction = LabelGate()(wrap(direction)(label))
    logit = layers.Add(dtype="float32")([logit, layers.Dot(axes=1, dtype="float32")([h, direction])])
    return keras.Model([sample, label], logit, name="discriminator")


def wrapper(owner: str, spectral_normalization: bool) -> Wrap:
    """What goes around each layer of a discriminator that has a kernel."""
    wanted = check_flag(owner, spectral_normalization, "spectral_normalization")
    return SpectralNormalization if wanted else lambda layer: layer
