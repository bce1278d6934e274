"""A residual pair for rows of numbers."""

from collections.abc import Sequence

import keras
from keras import layers

from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.synthesis.architectures.conditioning import Networks, judge, noise_and_class, wrapper
from keras_augsynth.synthesis.architectures.drawn_groups import DrawnGroups
from keras_augsynth.synthesis.architectures.shapes import check_shape


def tabular_gan(
    features: int,
    num_classes: int | None = None,
    latent_dim: int = 32,
    width: int = 128,
    blocks: int = 2,
    *,
    groups: Sequence[int] = (),
    spectral_normalization: bool = False,
) -> Networks:
    """Fully connected residual networks for rows of numbers, or of those that a `TableEncoder` makes of a DataFrame.

    The generator's rows are unbounded, and a `GAN` standardizes the data's columns for them; with `groups` they are
    in [-1, 1], as those of a `TableEncoder`. There is neither dropout nor normalization between rows: gradient
    penalties see each row alone.

    Args:
        features: numbers in a row.
        num_classes: None for an unconditional pair; otherwise the discriminator judges by projection.
        latent_dim: size of the noise.
        width: units of each layer.
        blocks: residual blocks of two layers in the generator, and as many plain layers more than one in the
            discriminator.
        groups: of the last columns, how many belong together, one of them being 1 and the others 0 in the data: the
            generator draws which, with noise that comes behind the `latent_dim` numbers of its input.
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
    groups = [check_integer("tabular_gan", size, "groups", 1) for size in groups]
    if sum(groups) > features:
        raise wrong("tabular_gan", "groups", f"be of the {features} columns", groups)
    wrap = wrapper("tabular_gan", spectral_normalization)
    initializer = keras.initializers.RandomNormal(stddev=1.0)
    inputs, h = noise_and_class(latent_dim, num_classes, initializer, for_output=sum(groups))
    h = layers.Dense(width)(h)
    for _ in range(blocks):
        inner = layers.Dense(width, kernel_initializer="he_normal")(layers.LeakyReLU(0.2)(h))
        inner = layers.Dense(width, kernel_initializer="zeros")(layers.LeakyReLU(0.2)(inner))
        h = layers.Add()([h, inner])
    made = layers.Dense(features)(layers.LeakyReLU(0.2)(h))
    if groups:
        noise = inputs if num_classes is None else inputs[0]
        made = DrawnGroups(groups)([made, noise[:, latent_dim:]])
    generator = keras.Model(inputs, made, name="generator")

    sample = h = keras.Input((features,), name="sample")
    for _ in range(blocks + 1):
        h = layers.LeakyReLU(0.2)(wrap(layers.Dense(width, kernel_initializer="he_normal"))(h))
    return generator, judge(sample, h, num_classes, wrap)
