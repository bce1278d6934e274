"""Networks for `FlowMatching`: the velocity at a point, a time and a class."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from keras_augsynth.core.checks import check_integer
from keras_augsynth.synthesis.architectures.conditioning import label_input
from keras_augsynth.synthesis.architectures.shapes import check_rank, check_shape, halvings

KerasTensor = keras.KerasTensor


@keras.saving.register_keras_serializable(package="keras_augsynth")
class TimeEmbedding(layers.Layer):
    """Sines and cosines of a time from 0 to 1 at several frequencies.

    Args:
        size: how many, even.
        **kwargs: `name` and `dtype`.

    Raises:
        ValueError: for a size that is odd or below 2.

    Reference:
        Vaswani et al.: Attention is all you need. NeurIPS 2017.
    """

    def __init__(self, size: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = 2 * check_integer(self, size // 2, "size", 1)

    def call(self, time: Any) -> Any:
        # From a quarter of a turn in the whole of time to one in a few hundredths of it.
        frequencies = ops.exp(ops.linspace(math.log(math.pi / 2), math.log(200.0), self.size // 2))
        angles = ops.expand_dims(time, -1) * ops.cast(frequencies, time.dtype)
        return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


def flow_mlp(shape: Sequence[int], num_classes: int | None = None, width: int = 128, blocks: int = 3) -> keras.Model:
    """A fully connected residual network for the velocity, for rows and for small samples of any shape.

    Args:
        shape: of one sample, any rank.
        num_classes: None for an unconditional network.
        width: units of each layer, at least 2.
        blocks: residual blocks of two layers.

    Returns:
        A model from `[sample, time]` or `[sample, time, label]`, times `(N,)` from 0 to 1, to `(N, *shape)`.

    Example:

    >>> network = flow_mlp((30,), num_classes=2)
    >>> network.output_shape
    (None, 30)
    """
    shape = check_shape("flow_mlp", shape, num_classes, width=width, blocks=blocks)
    inputs, condition = _condition(shape, num_classes, width)
    h = layers.Dense(width)(layers.Flatten()(inputs[0]))
    for _ in range(blocks):
        inner = layers.Dense(width)(layers.Activation("silu")(layers.Add()([h, layers.Dense(width)(condition)])))
        h = layers.Add()([h, layers.Dense(width, kernel_initializer="zeros")(layers.Activation("silu")(inner))])
    velocity = layers.Dense(math.prod(shape), dtype="float32")(layers.Activation("silu")(h))
    return keras.Model(inputs, layers.Reshape(shape, dtype="float32")(velocity), name="velocity")


def flow_unet(shape: Sequence[int], num_classes: int | None = None, width: int = 32) -> keras.Model:
    """A small U-Net for the velocity, for sequences, images and volumes.

    On each level, a residual block on the way down and one on the way up, joined by a skip connection; each is
    told the time and the class.

    Args:
        shape: of one sample, `(time, channels)`, `(height, width, channels)` or
            `(depth, height, width, channels)`; each side must come down to 16 or less by halving.
        num_classes: None for an unconditional network.
        width: channels next to the sample, at least 2; they double with each halving, up to 4 times as many.

    Returns:
        A model from `[sample, time]` or `[sample, time, label]`, times `(N,)` from 0 to 1, to `(N, *shape)`.

    Raises:
        ValueError: for sides that cannot be halved often enough; the error names some that can.

    Example:

    >>> network = flow_unet((28, 28, 1), num_classes=10, width=8)
    >>> network.output_shape
    (None, 28, 28, 1)

    Reference:
        Ronneberger, Fischer, Brox: U-Net: convolutional networks for biomedical image segmentation. MICCAI 2015.
        Ho, Jain, Abbeel: Denoising diffusion probabilistic models. NeurIPS 2020.
    """
    shape = check_shape("flow_unet", shape, num_classes, width=width)
    rank, levels = check_rank("flow_unet", shape), halvings("flow_unet", shape)
    convolution = getattr(layers, f"Conv{rank}D")
    smaller, larger = getattr(layers, f"AveragePooling{rank}D"), getattr(layers, f"UpSampling{rank}D")
    channels = [width * min(2**level, 4) for level in range(levels + 1)]

    inputs, condition = _condition(shape, num_classes, 4 * width)
    block = lambda h, size: _residual(h, condition, size, convolution)
    h = convolution(width, 3, padding="same")(inputs[0])
    skips = []
    for level in range(levels):
        h = block(h, channels[level])
        skips.append(h)
        h = smaller(2)(h)
    h = block(h, channels[-1])
    for level in reversed(range(levels)):
        h = block(layers.Concatenate()([larger(2)(h), skips[level]]), channels[level])
    h = layers.Activation("silu")(_normalized(h))
    velocity = convolution(shape[-1], 3, padding="same", dtype="float32", kernel_initializer="zeros")(h)
    return keras.Model(inputs, velocity, name="velocity")


def _condition(shape: tuple[int, ...], num_classes: int | None, size: int) -> tuple[list[KerasTensor], KerasTensor]:
    """The inputs, and time and class as one vector."""
    inputs = [keras.Input(shape, name="sample"), keras.Input((), name="time")]
    h = layers.Dense(size)(TimeEmbedding(max(size // 2, 2), dtype="float32")(inputs[1]))
    if num_classes is not None:
        inputs.append(label_input())
        embedding = layers.Embedding(
            num_classes, size, embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0)
        )
        h = layers.Add()([h, embedding(inputs[2])])
    return inputs, layers.Activation("silu")(layers.Dense(size)(layers.Activation("silu")(h)))


def _residual(h: KerasTensor, condition: KerasTensor, size: int, convolution: type) -> KerasTensor:
    inner = _normalized(convolution(size, 3, padding="same")(layers.Activation("silu")(_normalized(h))))
    # Told after the normalization, which would take a shift away again.
    everywhere = layers.Reshape((*(1 for _ in h.shape[1:-1]), size))
    scale, shift = (everywhere(layers.Dense(size)(condition)) for _ in range(2))
    inner = layers.Activation("silu")(layers.Add()([inner, layers.Multiply()([inner, scale]), shift]))
    inner = convolution(size, 3, padding="same", kernel_initializer="zeros")(inner)
    return layers.Add()([h if h.shape[-1] == size else convolution(size, 1)(h), inner])


def _normalized(h: KerasTensor) -> KerasTensor:
    size = h.shape[-1]
    return layers.GroupNormalization(math.gcd(8, max(size // 4, 1), size))(h)
