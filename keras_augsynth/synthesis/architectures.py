"""Pairs of networks: every function returns (generator, discriminator), two plain functional models.

Conditional generators take `[noise, label]` and discriminators `[sample, label]`; unconditional ones take the
first alone. Labels are integers `(N,)`. Generators end in tanh, so data are in [-1, 1] (a `GAN` with a
`value_range` takes any); discriminators end in logits `(N, 1)`.
"""

import math
from collections.abc import Sequence

import keras
from keras import layers

from keras_augsynth.core.checks import check_integer, wrong

Networks = tuple[keras.Model, keras.Model]


def mlp_gan(shape: Sequence[int], num_classes: int | None = None, latent_dim: int = 100) -> Networks:
    """The fully connected networks of the GAN tutorials.

    Generator 128-256-512-1024-out with batch normalization, discriminator 512-256-128-1, LeakyReLU(0.2).

    Args:
        shape: of one sample, any rank.
        num_classes: None for an unconditional pair.
        latent_dim: size of the noise.

    Example:

    >>> generator, discriminator = mlp_gan((28, 28, 1), num_classes=10)
    >>> generator.output_shape, discriminator.output_shape
    ((None, 28, 28, 1), (None, 1))
    """
    shape = _check("mlp_gan", shape, num_classes, latent_dim)
    inputs, h = _noise(latent_dim, num_classes)
    for units in (128, 256, 512, 1024):
        h = layers.LeakyReLU(0.2)(layers.Dense(units)(h))
        h = layers.BatchNormalization(momentum=0.8)(h) if units > 128 else h
    sample = layers.Reshape(shape)(layers.Dense(math.prod(shape), activation="tanh")(h))
    generator = keras.Model(inputs, sample, name="generator")

    x = keras.Input(shape, name="sample")
    h = layers.Flatten()(x)
    for units in (512, 256, 128):
        h = layers.LeakyReLU(0.2)(layers.Dense(units)(h))
    return generator, _judge(x, h, num_classes)


def dcgan(shape: Sequence[int], num_classes: int | None = None, latent_dim: int = 64, width: int = 32) -> Networks:
    """Convolutional networks for sequences, images and volumes.

    The generator doubles its sides by transposed convolutions, the discriminator halves them by strided
    ones, without normalization, so that gradient penalties see each sample alone.

    Args:
        shape: of one sample, `(time, channels)`, `(height, width, channels)` or
            `(depth, height, width, channels)`; each side must come down to 16 or less by halving.
        num_classes: None for an unconditional pair; otherwise the discriminator judges by projection.
        latent_dim: size of the noise.
        width: channels of the layer next to the sample; they double with each halving.

    Raises:
        ValueError: for sides that cannot be halved often enough.

    Example:

    >>> generator, discriminator = dcgan((28, 28, 1), num_classes=10)
    >>> generator.output_shape, discriminator.output_shape
    ((None, 28, 28, 1), (None, 1))

    Reference:
        Radford, Metz, Chintala: Unsupervised representation learning with DCGANs. ICLR 2016. Miyato, Koyama:
        cGANs with projection discriminator. ICLR 2018.
    """
    shape = _check("dcgan", shape, num_classes, latent_dim)
    rank, channels = len(shape) - 1, shape[-1]
    if rank not in (1, 2, 3):
        raise wrong("dcgan", "shape", "have 1, 2 or 3 sides and channels", tuple(shape))
    halvings = _halvings(shape)
    convolution, transposed = getattr(layers, f"Conv{rank}D"), getattr(layers, f"Conv{rank}DTranspose")
    start = tuple(side // 2**halvings for side in shape[:-1])

    inputs, h = _noise(latent_dim, num_classes)
    top = width * 2**halvings
    h = layers.Reshape((*start, top))(layers.Dense(math.prod(start) * top)(h))
    for level in reversed(range(halvings)):
        h = layers.LeakyReLU(0.2)(layers.BatchNormalization(momentum=0.9)(h))
        h = transposed(width * 2**level, 4, strides=2, padding="same")(h)
    h = layers.LeakyReLU(0.2)(layers.BatchNormalization(momentum=0.9)(h))
    sample = convolution(channels, 3, padding="same", activation="tanh")(h)
    generator = keras.Model(inputs, sample, name="generator")

    x = h = keras.Input(shape, name="sample")
    for level in range(halvings):
        h = layers.LeakyReLU(0.2)(convolution(width * 2**level, 4, strides=2, padding="same")(h))
    h = layers.LeakyReLU(0.2)(layers.Dense(4 * width)(layers.Flatten()(h)))
    return generator, _judge(x, h, num_classes)


def _check(owner: str, shape: Sequence[int], num_classes: int | None, latent_dim: int) -> tuple[int, ...]:
    if isinstance(shape, str) or not isinstance(shape, Sequence) or not shape:
        raise wrong(owner, "shape", "be the shape of one sample", shape, TypeError)
    if num_classes is not None:
        check_integer(owner, num_classes, "num_classes", 1)
    check_integer(owner, latent_dim, "latent_dim", 1)
    return tuple(check_integer(owner, side, "shape", 1) for side in shape)


def _halvings(shape: tuple[int, ...]) -> int:
    sides, halvings = list(shape[:-1]), 0
    while max(sides) > 8 and all(side % 2 == 0 for side in sides):
        sides, halvings = [side // 2 for side in sides], halvings + 1
    if max(sides) > 16:
        raise wrong("dcgan", "shape", "have sides that come down to 16 or less by halving, such as 28, 32 or 64", shape)
    return halvings


def _noise(
    latent_dim: int, num_classes: int | None
) -> tuple[list[keras.KerasTensor] | keras.KerasTensor, keras.KerasTensor]:
    """The generator's inputs, and noise and class as one vector."""
    noise = keras.Input((latent_dim,), name="noise")
    if num_classes is None:
        return noise, noise
    label = keras.Input((), dtype="int32", name="label")
    return [noise, label], layers.Concatenate()([noise, layers.Embedding(num_classes, latent_dim)(label)])


def _judge(x: keras.KerasTensor, h: keras.KerasTensor, num_classes: int | None) -> keras.Model:
    """A logit from features; with classes, plus the features' projection on the class's direction."""
    logit = layers.Dense(1, dtype="float32")(h)
    if num_classes is None:
        return keras.Model(x, logit, name="discriminator")
    label = keras.Input((), dtype="int32", name="label")
    direction = layers.Embedding(num_classes, h.shape[-1], embeddings_initializer="glorot_normal")(label)
    logit = layers.Add(dtype="float32")([logit, layers.Dot(axes=1, dtype="float32")([h, direction])])
    return keras.Model([x, label], logit, name="discriminator")
