"""The last layer of a generator of tables: numbers, and groups of columns of which one is near 1."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_augsynth")
class DrawnGroups(keras.layers.Layer):
    """Numbers in [-1, 1] by tanh; behind them groups, each a softmax of logits with Gumbel noise.

    The noise comes from the generator's own, so that a sample depends on its noise alone.

    Args:
        groups: columns of each group, which are the last ones.
        temperature: of the softmax, above 0; small: nearer to 0 and 1.
        **kwargs: `name` and `dtype`.

    Call arguments:
        inputs: logits `(N, features)` and standard normal noise `(N, sum(groups))`.

    Reference:
        Jang, Gu, Poole: Categorical reparameterization with Gumbel-softmax. ICLR 2017.
    """

    makes = (-1.0, 1.0)
    """Lowest and highest value that comes out."""

    def __init__(self, groups: Sequence[int], temperature: float = 0.2, **kwargs: Any):
        super().__init__(**kwargs)
        self.groups, self.temperature = list(groups), temperature

    def call(self, inputs: Any) -> Any:
        logits, noise = (ops.cast(each, "float32") for each in inputs)  # logarithms of float16 would be infinite
        first = logits.shape[-1] - sum(self.groups)
        share = ops.clip((1.0 + ops.erf(noise / math.sqrt(2.0))) / 2.0, 1e-6, 1.0 - 1e-6)
        drawn = (logits[:, first:] - ops.log(-ops.log(share))) / self.temperature
        stops = np.cumsum(self.groups).tolist()
        parts = [drawn[:, stop - size : stop] for size, stop in zip(self.groups, stops, strict=True)]
        # Not Keras's softmax, which warns of a group of one column.
        parts = [ops.exp(part - ops.logsumexp(part, axis=-1, keepdims=True)) for part in parts]
        return ops.cast(ops.concatenate([ops.tanh(logits[:, :first]), *parts], axis=-1), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups, "temperature": self.temperature}
