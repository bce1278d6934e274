"""Networks that are handed in: what they must be, what they can make, and averages of their weights."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.checks import wrong

Tensor = Any


def check_network(owner: Any, network: Any, name: str, inputs: Sequence[str], num_classes: int | None) -> keras.Model:
    """A functional model that has these inputs, and labels last if there are classes."""
    if not isinstance(network, keras.Model):
        raise wrong(owner, name, "be a keras.Model", network, TypeError)
    if not getattr(network, "inputs", None):  # a Sequential that is not built, a class of one's own
        raise wrong(owner, name, "be a functional model, or a Sequential that begins with keras.Input", network)
    wanted = [*inputs, "label"] if num_classes is not None else list(inputs)
    if len(network.inputs) != len(wanted):
        count = ("one input", "two inputs", "three inputs")[len(wanted) - 1]
        received = [str(tensor.name) for tensor in network.inputs]
        raise wrong(owner, name, f"have {count}, {wanted} (num_classes={num_classes})", received)
    return network


def range_of(network: keras.Model) -> tuple[float, float]:
    """What a network can make, as far as its last layer says."""
    last = network.layers[-1]
    ends_in_tanh = getattr(last, "activation", None) is keras.activations.tanh
    return (-1.0, 1.0) if ends_in_tanh else getattr(last, "makes", (-np.inf, np.inf))


def averaged(network: keras.Model) -> keras.Model:
    """A copy of a network that is not trained, to hold the moving average of its weights."""
    average = keras.models.clone_model(network)
    average.set_weights(network.get_weights())
    average.trainable = False
    return average


def update_average(average: keras.Model, network: keras.Model, decay: float, step: Tensor) -> None:
    """Weights move towards the network's; what is not trained (batch statistics) is copied.

    Args:
        average: made by `averaged`.
        network: what is trained.
        decay: of the average per step; it is smaller in the first steps.
        step: how many there have been.
    """
    step = ops.cast(step, "float32")
    share = 1.0 - ops.minimum(decay, (1.0 + step) / (10.0 + step))
    trained = {id(weight) for weight in network.trainable_weights}
    for mean, weight in zip(average.weights, network.weights, strict=True):
        mean.assign(mean + share * (weight - mean) if id(weight) in trained else weight)


class BothOptimizers:
    """What Keras's callbacks ask of the `optimizer` of a model that has two."""

    built = True

    def __init__(self, *optimizers: keras.optimizers.Optimizer):
        self.optimizers = optimizers

    @property
    def variables(self) -> list[keras.Variable]:
        return [variable for optimizer in self.optimizers for variable in optimizer.variables]

    @property
    def iterations(self) -> keras.Variable:
        return self.optimizers[0].iterations
