"""Pairs of networks for a `VAE`: (encoder, decoder)."""

import math
from collections.abc import Sequence

import keras
from keras import layers

from keras_augsynth.synthesis.architectures.conditioning import Networks, label_input, noise_and_class, with_class
from keras_augsynth.synthesis.architectures.shapes import check_rank, check_shape, halvings

_CLASS = 16  # numbers of a class in the encoder


def vae_mlp(
    shape: Sequence[int], num_classes: int | None = None, latent_dim: int = 16, width: int = 256, depth: int = 2
) -> Networks:
    """Fully connected encoder and decoder, for rows and for small samples of any shape.

    The decoder's samples are unbounded.

    Args:
        shape: of one sample, any rank.
        num_classes: None for an unconditional pair.
        latent_dim: numbers that a sample is described by.
        width: units of each hidden layer.
        depth: hidden layers of each network.

    Returns:
        Encoder, from `sample` or `[sample, label]` to the mean and the logarithm of the variance of the latent
        numbers, two times `(N, latent_dim)`; decoder, from `noise` or `[noise, label]` to samples.

    Example:

    >>> encoder, decoder = vae_mlp((30,), num_classes=2, latent_dim=8)
    >>> encoder.output_shape, decoder.output_shape
    ([(None, 8), (None, 8)], (None, 30))
    """
    shape = check_shape("vae_mlp", shape, num_classes, latent_dim=latent_dim, width=width, depth=depth)
    sample = keras.Input(shape, name="sample")
    encoder = _encoder(sample, layers.Flatten()(sample), num_classes, latent_dim, width, depth)
    inputs, h = noise_and_class(latent_dim, num_classes)
    made = layers.Dense(math.prod(shape), dtype="float32")(_hidden(h, width, depth))
    return encoder, keras.Model(inputs, layers.Reshape(shape, dtype="float32")(made), name="decoder")


def vae_conv(shape: Sequence[int], num_classes: int | None = None, latent_dim: int = 16, width: int = 32) -> Networks:
    """Convolutional encoder and decoder, for sequences, images and volumes.

    The decoder's samples are in [-1, 1], by tanh.

    Args:
        shape: of one sample, `(time, channels)`, `(height, width, channels)` or
            `(depth, height, width, channels)`; each side must come down to 16 or less by halving.
        num_classes: None for an unconditional pair.
        latent_dim: numbers that a sample is described by.
        width: channels of the layer next to the sample; they double with each halving, up to 8 times as many.

    Returns:
        Encoder and decoder, as `vae_mlp` does.

    Raises:
        ValueError: for sides that cannot be halved often enough; the error names some that can.

    Example:

    >>> encoder, decoder = vae_conv((28, 28, 1), num_classes=10)
    >>> encoder.output_shape, decoder.output_shape
    ([(None, 16), (None, 16)], (None, 28, 28, 1))
    """
    shape = check_shape("vae_conv", shape, num_classes, latent_dim=latent_dim, width=width)
    rank, levels = check_rank("vae_conv", shape), halvings("vae_conv", shape)
    convolution, transposed = getattr(layers, f"Conv{rank}D"), getattr(layers, f"Conv{rank}DTranspose")
    start = tuple(side // 2**levels for side in shape[:-1])
    channels = [width * min(2**level, 8) for level in range(levels + 1)]

    sample = h = keras.Input(shape, name="sample")
    for level in range(levels):
        h = layers.LeakyReLU(0.2)(convolution(channels[level], 4, strides=2, padding="same")(h))
    encoder = _encoder(sample, layers.Flatten()(h), num_classes, latent_dim, 4 * width, 1)

    inputs, h = noise_and_class(latent_dim, num_classes)
    h = layers.LeakyReLU(0.2)(layers.Dense(math.prod(start) * channels[-1])(_hidden(h, 4 * width, 1)))
    h = layers.Reshape((*start, channels[-1]))(h)
    for level in reversed(range(levels)):
        h = layers.LeakyReLU(0.2)(transposed(channels[level], 4, strides=2, padding="same")(h))
    made = convolution(shape[-1], 3, padding="same", activation="tanh", dtype="float32")(h)
    return encoder, keras.Model(inputs, made, name="decoder")


def _encoder(
    sample: keras.KerasTensor, h: keras.KerasTensor, num_classes: int | None, latent_dim: int, width: int, depth: int
) -> keras.Model:
    label = None if num_classes is None else label_input()
    h = _hidden(with_class(h, label, num_classes, _CLASS), width, depth)
    outputs = [layers.Dense(latent_dim, dtype="float32", name=name)(h) for name in ("mean", "log_variance")]
    return keras.Model(sample if label is None else [sample, label], outputs, name="encoder")


def _hidden(h: keras.KerasTensor, width: int, depth: int) -> keras.KerasTensor:
    for _ in range(depth):
        h = layers.LeakyReLU(0.2)(layers.Dense(width)(h))
    return h
