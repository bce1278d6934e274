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


def relativistic(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of which of a pair is the real one; row i of both has the same label.

    Reference:
        Jolicoeur-Martineau: The relativistic discriminator. ICLR 2019. Huang et al.: The GAN is dead; long live
        the GAN! A modern baseline GAN. NeurIPS 2024.
    """
    return ops.mean(ops.softplus(fake - real)), ops.mean(ops.softplus(real - fake))


LOSSES: dict[str, Loss] = {"non_saturating": non_saturating, "relativistic": relativistic}
PAIRED: frozenset[Loss] = frozenset({relativistic})
"""The losses whose generator looks at real samples too."""
