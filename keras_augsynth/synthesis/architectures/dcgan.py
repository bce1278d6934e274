"""A convolutional pair for sequences, images and volumes."""

import math
from collections.abc import Sequence

import keras
from keras import layers

from keras_augsynth.core.checks import check_integer
from keras_augsynth.synthesis.architectures.conditioning import (
    Networks,
    judge,
    noise_and_class,
    shifted_by_class,
    wrapper,
)
from keras_augsynth.synthesis.architectures.shapes import check_rank, check_shape, halvings

_WIDEST = 16  # times the width: a sound is halved ten times


def dcgan(
    shape: Sequence[int],
    num_classes: int | None = None,
    latent_dim: int = 64,
    width: int = 32,
    *,
    label_stage: int = 0,
    spectral_normalization: bool = False,
) -> Networks:
    """Convolutional networks for sequences, images and volumes.

    The generator doubles its sides by transposed convolutions, the discriminator halves them by strided
    ones, without batch normalization, so that gradient penalties see each sample alone.

    Args:
        shape: of one sample, `(time, channels)`, `(height, width, channels)` or
            `(depth, height, width, channels)`; each side must come down to 16 or less by halving.
        num_classes: None for an unconditional pair; otherwise the discriminator judges by projection.
        latent_dim: size of the noise.
        width: channels of the layer next to the sample; they double with each halving, up to 16 times as many.
        label_stage: after how many doublings the generator hears of the class; 0: with the noise. With few samples
            of a class, what comes before is learned from all classes together.
        spectral_normalization: whether the discriminator's kernels are normalized.

    Returns:
        Generator and discriminator.

    Raises:
        ValueError: for sides that cannot be halved often enough; the error names some that can. For a
            `label_stage` beyond the doublings.

    Example:

    >>> generator, discriminator = dcgan((28, 28, 1), num_classes=10)
    >>> generator.output_shape, discriminator.output_shape
    ((None, 28, 28, 1), (None, 1))

    Reference:
        Radford, Metz, Chintala: Unsupervised representation learning with DCGANs. ICLR 2016. Miyato, Koyama:
        cGANs with projection discriminator. ICLR 2018. Khorram et al.: Taming the tail in class-conditional GANs
        (late labels). CVPR 2024.
    """
    shape = check_shape("dcgan", shape, num_classes, latent_dim=latent_dim, width=width)
    rank, levels = check_rank("dcgan", shape), halvings("dcgan", shape)
    wrap = wrapper("dcgan", spectral_normalization)
    convolution, transposed = getattr(layers, f"Conv{rank}D"), getattr(layers, f"Conv{rank}DTranspose")
    start = tuple(side // 2**levels for side in shape[:-1])
    channels = [width * min(2**level, _WIDEST) for level in range(levels + 1)]

    check_integer("dcgan", label_stage, "label_stage", 0, levels if num_classes else 0)

    inputs, h = noise_and_class(latent_dim, num_classes)
    if label_stage:
        h, label = inputs
    h = layers.Reshape((*start, channels[-1]))(layers.Dense(math.prod(start) * channels[-1])(h))
    for level in reversed(range(levels)):
        h = layers.LeakyReLU(0.2)(layers.BatchNormalization(momentum=0.9)(h))
        h = transposed(channels[level], 4, strides=2, padding="same")(h)
        if label_stage == levels - level:
            h = shifted_by_class(h, label, num_classes)
    h = layers.LeakyReLU(0.2)(layers.BatchNormalization(momentum=0.9)(h))
    made = convolution(shape[-1], 3, padding="same", activation="tanh")(h)
    generator = keras.Model(inputs, made, name="generator")

    sample = h = keras.Input(shape, name="sample")
    for level in range(levels):
        h = layers.LeakyReLU(0.2)(wrap(convolution(channels[level], 4, strides=2, padding="same"))(h))
    h = layers.LeakyReLU(0.2)(wrap(layers.Dense(4 * width))(layers.Flatten()(h)))
    return generator, judge(sample, h, num_classes, wrap)
