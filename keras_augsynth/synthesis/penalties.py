"""What keeps a discriminator smooth: penalties on its gradient and on its logits.

A `Judge` maps samples to logits, augmentation included, so a gradient is one with respect to the samples as they are.
Squares are summed over all of a sample's numbers and averaged over samples, in float32.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

Tensor = Any
Judge = Callable[[Tensor], Tensor]


def squared_norms(gradient: Tensor) -> Tensor:
    """float32 `(N,)`: the sum of each sample's squares."""
    squares = ops.square(ops.cast(gradient, "float32"))
    return ops.sum(squares, axis=tuple(range(1, len(squares.shape))))


def interpolated(judge: Judge, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """How far the gradient's norm is from 1 between real and generated samples, squared.

    Args:
        judge: logits of samples.
        real: `(N, ...)`.
        fake: the same shape.
        share: `(N,)` in [0, 1], where between the two.

    Reference:
        Gulrajani et al.: Improved training of Wasserstein GANs. NeurIPS 2017.
    """
    share = ops.reshape(ops.cast(share, fake.dtype), (-1, *(1,) * (len(fake.shape) - 1)))
    between = fake + share * (ops.cast(real, fake.dtype) - fake)
    with tf.GradientTape() as tape:
        tape.watch(between)
        total = ops.sum(judge(between))
    # The root's slope at zero is infinite, and the gradient of a constant discriminator is zero.
    norms = ops.sqrt(squared_norms(tape.gradient(total, between)) + 1e-12)
    return ops.mean(ops.square(norms - 1.0))


def lecam(real: Tensor, fake: Tensor, usual_real: Tensor, usual_fake: Tensor) -> Tensor:
    """How far logits are on the wrong side of what the other kind usually gets, squared.

    Args:
        real: logits of real samples.
        fake: logits of generated samples.
        usual_real: running mean of the former.
        usual_fake: running mean of the latter.

    Reference:
        Tseng et al.: Regularizing generative adversarial networks under limited data. CVPR 2021.
    """
    beyond = lambda difference: ops.mean(ops.square(ops.relu(difference)))
    return beyond(real - usual_fake) + beyond(usual_real - fake)
