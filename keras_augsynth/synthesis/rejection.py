"""Rejection: samples that do not pass a test are drawn again."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

from keras_augsynth.synthesis.seeds import mixed, random_for

Tensor = Any
Test = Callable[[Tensor, Tensor], Tensor]
"""(what is tested, seed) -> which rows are kept, booleans `(N,)`."""

_TRIES = 16


def redrawn(draw: Callable[[Tensor], Tensor], test: Test, seed: Tensor, other_seed: int) -> Tensor:
    """Samples by `draw(seed)`, of which those that do not pass are drawn again, up to 16 times.

    Args:
        draw: samples `(N, ...)` for a seed.
        test: of the samples.
        seed: scalar tensor.
        other_seed: mixed with it for the further draws.
    """

    def again(number: Tensor, samples: Tensor, kept: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        other = mixed(other_seed, seed, number)
        candidates = draw(other)
        samples = ops.where(per_row(kept, samples), samples, candidates)
        return number + 1, samples, ops.logical_or(kept, test(candidates, other))

    going_on = lambda number, samples, kept: ops.logical_not(ops.all(kept))
    samples = draw(seed)
    state = (ops.ones((), "int64"), samples, test(samples, seed))
    return tf.while_loop(going_on, again, state, maximum_iterations=_TRIES)[1]


def by_logits(usual: Tensor) -> Test:
    """A test of logits `(N,)`, that passes what a discriminator takes for real and about half of all samples.

    Args:
        usual: the logits of samples as they come.

    Reference:
        Azadi et al.: Discriminator rejection sampling. ICLR 2019.
    """
    highest = ops.max(usual)

    def score(logits: Tensor) -> Tensor:
        below = ops.minimum(logits - highest, -1e-6)
        return below - ops.log(-ops.expm1(below))

    middle = ops.median(score(usual))

    def test(logits: Tensor, seed: Tensor) -> Tensor:
        _, rng = random_for(seed, ops.shape(logits)[0])
        return rng.bernoulli(ops.sigmoid(score(logits) - middle))

    return test


def per_row(rows: Tensor, samples: Tensor) -> Tensor:
    """`(N,)` in a shape that broadcasts to that of `(N, ...)`."""
    return ops.reshape(rows, (-1, *(1,) * (len(samples.shape) - 1)))
