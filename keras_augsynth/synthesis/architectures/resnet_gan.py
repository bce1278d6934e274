"""A residual pair for images, without normalization layers."""

import math
from collections.abc import Sequence

import keras
from keras import layers

from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.synthesis.architectures.conditioning import Networks, Wrap, judge, noise_and_class, wrapper
from keras_augsynth.synthesis.architectures.shapes import check_rank, check_shape, halvings

KerasTensor = keras.KerasTensor

_WIDEST = 8  # times the width
_GAIN = 2.0 / (1.0 + 0.2**2)  # keeps the variance through LeakyReLU(0.2)


def resnet_gan(
    shape: Sequence[int],
    num_classes: int | None = None,
    latent_dim: int = 64,
    width: int = 32,
    blocks: int = 1,
    group_size: int | None = None,
    *,
    spectral_normalization: bool = False,
) -> Networks:
    """Residual networks for images from 28² on a CPU to 128² on a GPU, which train without normalization layers.

    On each level, residual blocks of three convolutions (1, 3 and 1 pixels wide); between levels, bilinear
    resampling by 2. Convolutions start scaled to their fan-in and to the number of
    blocks, the last one of a block at zero, so that each block starts as the identity.

    Args:
        shape: of one image, `(height, width, channels)`; each side must come down to 16 or less by halving.
        num_classes: None for an unconditional pair; otherwise the discriminator judges by projection.
        latent_dim: size of the noise.
        width: channels of the level next to the sample; they double with each halving, up to 8 times as many.
        blocks: residual blocks on each level.
        group_size: channels of one group of the middle convolutions, which are then twice as wide: a divisor of
            2 · `width`. For a GPU; TensorFlow's grouped convolutions on a CPU are very slow. None is plain
            convolutions.
        spectral_normalization: whether the discriminator's kernels are normalized. No layer of it starts at zero
            then.

    Returns:
        Generator and discriminator.

    Raises:
        ValueError: for samples that are no images, sides that cannot be halved often enough (the error names some
            that can), or groups that do not come out even.

    Example:

    >>> generator, discriminator = resnet_gan((32, 32, 3), num_classes=10, width=8, group_size=4)
    >>> generator.output_shape, discriminator.output_shape
    ((None, 32, 32, 3), (None, 1))

    Reference:
        Huang, Gokaslan, Kuleshov, Tompkin: The GAN is dead; long live the GAN! A modern baseline GAN. NeurIPS 2024.
        Zhang, Dauphin, Ma: Fixup initialization. ICLR 2019.
    """
    shape = check_shape("resnet_gan", shape, num_classes, latent_dim=latent_dim, width=width, blocks=blocks)
    check_rank("resnet_gan", shape, (2,))
    levels = halvings("resnet_gan", shape)
    if group_size is not None and (2 * width) % check_integer("resnet_gan", group_size, "group_size", 1):
        raise wrong("resnet_gan", "group_size", f"divide 2 · width = {2 * width}", group_size)
    wrap = wrapper("resnet_gan", spectral_normalization)
    channels = [width * min(2**level, _WIDEST) for level in range(levels + 1)]
    start = tuple(side // 2**levels for side in shape[:-1])
    scale = _GAIN * ((levels + 1) * blocks) ** -0.5  # Fixup: L^(-1/4) on the weights of three convolutions

    def stage(h: KerasTensor, wrap: Wrap, zero: bool) -> KerasTensor:
        for _ in range(blocks):
            h = _residual(h, scale, group_size, wrap, zero)
        return h

    inputs, h = noise_and_class(latent_dim, num_classes, keras.initializers.RandomNormal(stddev=1.0))
    dense = layers.Dense(math.prod(start) * channels[-1], kernel_initializer=_scaled(1.0))
    h = layers.Reshape((*start, channels[-1]))(dense(h))
    for level in reversed(range(levels + 1)):
        if level < levels:
            h = _widened(h, channels[level])
            h = layers.UpSampling2D(interpolation="bilinear")(h)
        h = stage(h, lambda layer: layer, zero=True)
    made = layers.Activation("tanh")(_pointwise(shape[-1], 1.0, use_bias=True)(h))
    generator = keras.Model(inputs, made, name="generator")

    sample = keras.Input(shape, name="sample")
    h = wrap(_pointwise(channels[0], 1.0, use_bias=True))(sample)
    for level in range(levels + 1):
        h = stage(h, wrap, zero=not spectral_normalization)
        if level < levels:
            h = layers.AveragePooling2D(2)(h)  # what bilinear resampling by one half comes to
            h = _widened(h, channels[level + 1], wrap)
    # Keras takes all channels for a depthwise kernel's fan-in, which has one.
    h = layers.Flatten()(layers.DepthwiseConv2D(start, depthwise_initializer=_scaled(h.shape[-1]))(h))
    return generator, judge(sample, h, num_classes, wrap)


def _residual(h: KerasTensor, scale: float, group_size: int | None, wrap: Wrap, zero: bool) -> KerasTensor:
    size = h.shape[-1]
    middle, groups = (size, 1) if group_size is None else (2 * size, 2 * size // group_size)
    inner = layers.LeakyReLU(0.2)(wrap(_pointwise(middle, scale, use_bias=True))(h))
    grouped = layers.Conv2D(middle, 3, padding="same", groups=groups, kernel_initializer=_scaled(scale))
    inner = layers.LeakyReLU(0.2)(wrap(grouped)(inner))
    return layers.Add()([h, wrap(_pointwise(size, 0.0 if zero else scale))(inner)])


def _widened(h: KerasTensor, size: int, wrap: Wrap = lambda layer: layer) -> KerasTensor:
    return h if h.shape[-1] == size else wrap(_pointwise(size, 1.0))(h)


def _pointwise(size: int, scale: float, use_bias: bool = False) -> keras.layers.Layer:
    return layers.Conv2D(size, 1, use_bias=use_bias, kernel_initializer=_scaled(scale))


def _scaled(scale: float) -> keras.initializers.Initializer:
    """Normal, of variance `scale` over the fan-in."""
    if not scale:
        return keras.initializers.Zeros()
    return keras.initializers.VarianceScaling(scale, "fan_in", "untruncated_normal")
