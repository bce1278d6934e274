"""A residual pair for rows of numbers."""

import keras
from keras import layers

from keras_augsynth.core.checks import check_integer
from keras_augsynth.synthesis.architectures.conditioning import Networks, judge, noise_and_class, wrapper
from keras_augsynth.synthesis.architectures.shapes import check_shape


def tabular_gan(
    features: int,
    num_classes: int | None = None,
    latent_dim: int = 32,
    width: int = 128,
    blocks: int = 2,
    *,
    spectral_normalization: bool = False,
) -> Networks:
    """Fully connected residual networks for rows of numbers.

    The generator's rows are unbounded, and a `GAN` standardizes the data's columns for them. There is neither dropout
    nor normalization between rows: gradient penalties see each row alone.

    Args:
        features: numbers in a row.
        num_classes: None for an unconditional pair; otherwise the discriminator judges by projection.
        latent_dim: size of the noise.
        width: units of each layer.
        blocks: residual blocks of two layers in the generator, and as many plain layers more than one in the
            discriminator.
        spectral_normalization: whether the discriminator's kernels are normalized.

    Returns:
        Generator and discriminator.

    Example:

    >>> generator, discriminator = tabular_gan(30, num_classes=2)
    >>> generator.output_shape, discriminator.output_shape
    ((None, 30), (None, 1))
    """
    check_integer("tabular_gan", features, "features", 1)
    check_shape("tabular_gan", (features,), num_classes, latent_dim=latent_dim, width=width, blocks=blocks)
    wrap = wrapper("tabular_gan", spectral_normalization)
    inputs, h = noise_and_class(latent_dim, num_classes, keras.initializers.RandomNormal(stddev=1.0))
    h = layers.Dense(width)(h)
    for _ in range(blocks):
        inner = layers.Dense(width, kernel_initializer="he_normal")(layers.LeakyReLU(0.2)(h))
        inner = layers.Dense(width, kernel_initializer="zeros")(layers.LeakyReLU(0.2)(inner))
        h = layers.Add()([h, inner])
    generator = keras.Model(inputs, layers.Dense(features)(layers.LeakyReLU(0.2)(h)), name="generator")

    sample = h = keras.Input((features,), name="sample")
    for _ in range(blocks + 1):
        h = layers.LeakyReLU(0.2)(wrap(layers.Dense(width, kernel_initializer="he_normal"))(h))
    return generator, judge(sample, h, num_classes, wrap)
