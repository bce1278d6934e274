"""What the outputs of a classifier mean: logits or probabilities, of two classes or more."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.checks import wrong

Tensor = Any


class Outputs:
    """Reads a compiled model's outputs.

    Args:
        owner: named in errors.
        model: with one output, `(N, classes)`, or `(N, 1)` for two classes.
    """

    def __init__(self, owner: Any, model: keras.Model):
        if isinstance(model.loss, (dict, list, tuple)) or model.loss is None:
            raise wrong(owner, "model", "be compiled with one loss, for one output", model.loss)
        self._owner = owner
        self.from_logits = _from_logits(model)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """`(N, classes)` of outputs in a graph."""
        outputs = ops.cast(outputs, "float32")
        self._check_known()
        if outputs.shape[-1] == 1:
            second = ops.sigmoid(outputs) if self.from_logits else outputs
            return ops.concatenate([1.0 - second, second], axis=-1)
        return ops.softmax(outputs, axis=-1) if self.from_logits else outputs

    def of_arrays(self, outputs: np.ndarray) -> np.ndarray:
        """`(N, classes)` of predictions."""
        if not isinstance(outputs, np.ndarray) or outputs.ndim > 2:
            raise wrong(self._owner, "model", "have one output (N, classes)", type(outputs).__name__)
        outputs = outputs.reshape(len(outputs), -1)
        if self.from_logits is None:  # seen from the numbers
            sums = outputs.sum(axis=1) if outputs.shape[1] > 1 else np.ones(1)
            self.from_logits = not (outputs.min() >= 0 and outputs.max() <= 1 and np.allclose(sums, 1, atol=1e-2))
        return ops.convert_to_numpy(self.probabilities(outputs))

    def adjusted(self, outputs: Tensor, log_prior: Tensor) -> Tensor:
        """Outputs, of the same kind, with `log_prior` `(classes,)` added to their logits."""
        self._check_known()
        log_prior = ops.cast(log_prior, outputs.dtype)
        if outputs.shape[-1] == 1:
            shift = log_prior[1] - log_prior[0]
            if self.from_logits:
                return outputs + shift
            return ops.sigmoid(ops.log(outputs + 1e-7) - ops.log(1.0 - outputs + 1e-7) + shift)
        if self.from_logits:
            return outputs + log_prior
        return ops.softmax(ops.log(outputs + 1e-7) + log_prior, axis=-1)

    def _check_known(self) -> None:
        if self.from_logits is None:
            raise wrong(self._owner, "model", "have a loss of Keras, or softmax or sigmoid at its end", "neither")


def _from_logits(model: keras.Model) -> bool | None:
    """By the loss, or else by the last layer's activation; None where neither tells."""
    loss = model.loss
    if isinstance(loss, keras.losses.Loss) and "from_logits" in loss.get_config():
        return bool(loss.get_config()["from_logits"])
    if isinstance(loss, str) and loss.lower().endswith(("crossentropy", "bce")):
        return False  # Keras's default
    last = model.layers[-1] if model.layers else None
    activation = getattr(last, "activation", None)
    if isinstance(last, keras.layers.Softmax) or activation in (keras.activations.softmax, keras.activations.sigmoid):
        return False
    return True if activation is keras.activations.linear else None
