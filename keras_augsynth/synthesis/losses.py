"""Adversarial losses: each takes the discriminator's logits for as many real as generated samples.

A loss returns (discriminator's loss, generator's loss), two scalars.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

Tensor = Any
Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def non_saturating(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy, the generator wanting its samples to be called real.

    Reference:
        Goodfellow et al.: Generative adversarial nets. NeurIPS 2014.
    """
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake)), ops.mean(ops.softplus(-fake))


def least_squares(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Squared distance to 1 for real samples and to 0 for generated ones, the generator wanting 1.

    Reference:
        Mao et al.: Least squares generative adversarial networks. ICCV 2017.
    """
    return (ops.mean(ops.square(real - 1.0)) + ops.mean(ops.square(fake))) / 2, ops.mean(ops.square(fake - 1.0)) / 2


def wasserstein(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Difference of the means, an estimate of the earth mover's distance where the gradient's norm is kept at 1.

    Reference:
        Arjovsky, Chintala, Bottou: Wasserstein generative adversarial networks. ICML 2017.
    """
    return ops.mean(fake) - ops.mean(real), -ops.mean(fake)


def hinge(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Real samples above 1, generated ones below -1, and what is beyond counts no more.

    Reference:
        Lim, Ye: Geometric GAN. 2017. Miyato et al.: Spectral normalization for GANs. ICLR 2018.
    """
    return ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + fake)), -ops.mean(fake)


def relativistic(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of which of a pair is the real one; row i of both has the same label.

    Reference:
        Jolicoeur-Martineau: The relativistic discriminator. ICLR 2019. Huang et al.: The GAN is dead; long live
        the GAN! A modern baseline GAN. NeurIPS 2024.
    """
    return ops.mean(ops.softplus(fake - real)), ops.mean(ops.softplus(real - fake))


LOSSES: dict[str, Loss] = {
    loss.__name__: loss for loss in (non_saturating, least_squares, wasserstein, hinge, relativistic)
}
PAIRED: frozenset[Loss] = frozenset({relativistic})
"""The losses whose generator looks at real samples too."""
