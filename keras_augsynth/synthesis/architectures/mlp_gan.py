"""The fully connected pair of the tutorials."""

import math
from collections.abc import Sequence

import keras
from keras import layers

from keras_augsynth.synthesis.architectures.conditioning import Networks, judge, noise_and_class, wrapper
from keras_augsynth.synthesis.architectures.shapes import check_shape


def mlp_gan(
    shape: Sequence[int],
    num_classes: int | None = None,
    latent_dim: int = 100,
    *,
    spectral_normalization: bool = False,
) -> Networks:
    """The fully connected networks of the GAN tutorials.

    Generator 128-256-512-1024-out with batch normalization, discriminator 512-256-128-1, LeakyReLU(0.2).

    Args:
        shape: of one sample, any rank.
        num_classes: None for an unconditional pair; otherwise the discriminator judges by projection.
        latent_dim: size of the noise.
        spectral_normalization: whether the discriminator's kernels are normalized.

    Returns:
        Generator and discriminator.

    Example:

    >>> generator, discriminator = mlp_gan((28, 28, 1), num_classes=10)
    >>> generator.output_shape, discriminator.output_shape
    ((None, 28, 28, 1), (None, 1))
    """
    shape = check_shape("mlp_gan", shape, num_classes, latent_dim=latent_dim)
    wrap = wrapper("mlp_gan", spectral_normalization)
    inputs, h = noise_and_class(latent_dim, num_classes)
    for units in (128, 256, 512, 1024):
        h = layers.LeakyReLU(0.2)(layers.Dense(units)(h))
        h = layers.BatchNormalization(momentum=0.8)(h) if units > 128 else h
    # The activation comes last, where a model looks for the range of what the generator makes.
    made = layers.Activation("tanh")(layers.Reshape(shape)(layers.Dense(math.prod(shape))(h)))
    generator = keras.Model(inputs, made, name="generator")

    sample = keras.Input(shape, name="sample")
    h = layers.Flatten()(sample)
    for units in (512, 256, 128):
        h = layers.LeakyReLU(0.2)(wrap(layers.Dense(units))(h))
    return generator, judge(sample, h, num_classes, wrap)
