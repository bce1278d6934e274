"""What the outputs of a classifier mean: logits or probabilities, of two classes or more."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.balancing.labels import Target
from keras_augsynth.core import keras_internals
from keras_augsynth.core.checks import wrong
from keras_augsynth.losses import PriorCorrection

Tensor = Any

# Losses that see each class for itself: their outputs are no shares of a whole.
_ONE_VS_REST = {"binarycrossentropy", "binaryfocalcrossentropy", "bce"}


class Outputs:
    """Reads a compiled model's outputs.

    Args:
        owner: named in errors.
        model: its output is `(N, classes)`, or `(N, 1)` for two classes.
        target: which of several outputs is meant.

    Attributes:
        from_logits: whether they are logits rather than probabilities; None: not known before they are seen.
        one_vs_rest: whether each class has a probability of its own, as with `binary_crossentropy` for several.
    """

    def __init__(self, owner: Any, model: keras.Model, target: Target | None = None):
        self._owner, self._target = owner, target or Target(owner, None)
        loss, output = self._target.of(model.loss), self._target.of(keras_internals.symbolic_outputs(model))
        self.from_logits = _by_loss(loss) if _by_loss(loss) is not None else _by_layers(output)
        columns = None if output is None else output.shape[-1]
        self.one_vs_rest = columns != 1 and (
            _name(loss).lower().replace("_", "") in _ONE_VS_REST or _ends_in_sigmoids(output)
        )
        self.compiled = loss is not None

    def probabilities(self, outputs: Any) -> Tensor:
        """`(N, classes)` of outputs in a graph."""
        self._check_known()
        return self._probabilities(self._target.of(outputs), bool(self.from_logits))

    def _probabilities(self, outputs: Tensor, from_logits: bool) -> Tensor:
        outputs = ops.cast(outputs, "float32")
        if outputs.shape[-1] == 1:
            second = ops.sigmoid(outputs) if from_logits else outputs
            return ops.concatenate([1.0 - second, second], axis=-1)
        if self.one_vs_rest:
            each = ops.sigmoid(outputs) if from_logits else outputs
            return each / ops.maximum(ops.sum(each, axis=-1, keepdims=True), 1e-7)
        return ops.softmax(outputs, axis=-1) if from_logits else outputs

    def of_arrays(self, outputs: Any) -> np.ndarray:
        """`(N, classes)` of predictions."""
        outputs = self._target.of(outputs)
        if not isinstance(outputs, np.ndarray) or outputs.ndim > 2:
            raise wrong(self._owner, "model", "have one output (N, classes)", type(outputs).__name__)
        outputs = outputs.reshape(len(outputs), -1)
        if self.from_logits is None:
            return ops.convert_to_numpy(self._probabilities(outputs, self._seen_logits(outputs)))
        return ops.convert_to_numpy(self.probabilities(outputs))

    def _seen_logits(self, outputs: np.ndarray) -> bool:
        """Whether numbers are logits rather than probabilities."""
        sums = outputs.sum(axis=1) if outputs.shape[1] > 1 and not self.one_vs_rest else np.ones(1)
        return not (outputs.min() >= 0 and outputs.max() <= 1 and np.allclose(sums, 1, atol=1e-2))

    @property
    def adjustable(self) -> bool:
        """Whether the loss sees logits of classes that exclude each other, or their probabilities."""
        return self.compiled and self.from_logits is not None and not self.one_vs_rest

    def adjusted(self, outputs: Any, log_prior: Tensor) -> Any:
        """Outputs, of the same kind, with `log_prior` `(classes,)` added to their logits."""
        self._check_known()
        if self.one_vs_rest:
            reason = "be None: each class has a probability of its own, which no share of the others changes"
            raise wrong(self._owner, "logit_adjustment", reason, "one-vs-rest outputs")
        return self._target.put(outputs, self._adjusted(self._target.of(outputs), log_prior))

    def corrected(self, model: keras.Model, prior: np.ndarray) -> keras.Model:
        """The model with a layer at its end that takes `prior` `(classes,)` out of its predictions."""
        self._check_known()
        correction = PriorCorrection(prior / prior.sum(), from_logits=bool(self.from_logits))
        inputs = [keras.Input(part.shape[1:], dtype=part.dtype, name=part.name) for part in model.inputs]
        packed = keras.tree.pack_sequence_as(model.input, inputs) if len(inputs) > 1 else inputs[0]
        outputs = model(packed)
        return keras.Model(packed, self._target.put(outputs, correction(self._target.of(outputs))))

    def _adjusted(self, outputs: Tensor, log_prior: Tensor) -> Tensor:
        log_prior = ops.cast(log_prior, outputs.dtype)
        if outputs.shape[-1] == 1:
            shift = log_prior[1] - log_prior[0]
            if self.from_logits:
                return outputs + shift
            return ops.sigmoid(ops.log(outputs + 1e-7) - ops.log(1.0 - outputs + 1e-7) + shift)
        if outputs.shape[-1] != log_prior.shape[0]:
            needed = f"be {outputs.shape[-1]}, as many as the model has outputs"
            raise wrong(self._owner, "num_classes", needed, log_prior.shape[0])
        if self.from_logits:
            return outputs + log_prior
        return ops.softmax(ops.log(outputs + 1e-7) + log_prior, axis=-1)

    def _check_known(self) -> None:
        if self.from_logits is None:
            raise wrong(self._owner, "model", "have a loss of Keras, or softmax or sigmoid at its end", "neither")


def _name(loss: Any) -> str:
    """Such as "binarycrossentropy", whichever of Keras's ways it was given in."""
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return name.lower().replace("_", "")


def _by_loss(loss: Any) -> bool | None:
    """Whether a loss of Keras takes logits; None for one of the user's own."""
    if isinstance(loss, keras.losses.Loss) and "from_logits" in loss.get_config():
        return bool(loss.get_config()["from_logits"])
    by_name = isinstance(loss, str) or getattr(keras.losses, getattr(loss, "__name__", ""), None) is loss
    # Keras's default.
    return False if by_name and _name(loss).endswith(("crossentropy", "bce")) else None


def _by_layers(output: Any) -> bool | None:
    """By what the output comes from, layers that change nothing aside; None where that does not tell."""
    last = _producer(output)
    activation = getattr(last, "activation", None)
    if isinstance(last, keras.layers.Softmax) or activation in (keras.activations.softmax, keras.activations.sigmoid):
        return False
    # A linear layer that learns makes logits; any other may have been given anything.
    learns = isinstance(last, keras.layers.Layer) and bool(last.trainable_weights)
    return True if learns and activation is keras.activations.linear else None


def _ends_in_sigmoids(output: Any) -> bool:
    return getattr(_producer(output), "activation", None) is keras.activations.sigmoid


def _producer(output: Any) -> Any:
    """The layer that an output comes from, within nested models, behind all that leave its numbers as they are."""
    for layer in reversed([] if output is None else keras_internals.layers_in_front(output)):
        if isinstance(layer, (keras.Sequential, keras.Model)):
            inner = keras_internals.symbolic_outputs(layer)
            return None if isinstance(inner, (dict, list, tuple)) else _producer(inner)
        linear = isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.linear
        if not linear and not isinstance(layer, (keras.layers.Flatten, keras.layers.Reshape, keras.layers.Identity)):
            return layer
    return None
