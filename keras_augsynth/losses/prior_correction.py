"""Predictions for other class shares than those of the training data."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.checks import check_flag, wrong
from keras_augsynth.losses.counted import check_shares

Tensor = Any


def prior_correction(logits: Tensor, train_prior: Sequence[float], true_prior: Sequence[float] | None = None) -> Tensor:
    """Moves logits from the class shares of the training data to those where the model is used.

    The result is `logits - log(train_prior) + log(true_prior)`. Nothing is trained again; it is right where classes
    look the same in both places and only their shares differ, and where the logits are calibrated.

    Args:
        logits: `(..., C)`.
        train_prior: share of each class in what the model was trained with, synthetic rows and class weights
            included; above 0. Counts will do: they are divided by their sum.
        true_prior: share of each class where the model is used, likewise; None is all the same.

    Returns:
        Logits `(..., C)`, float32 at least.

    Raises:
        TypeError: for priors that are no numbers.
        ValueError: for priors that are not above 0, or that do not fit each other or the logits.

    Example:

    >>> logits = np.log([[0.5, 0.5]])  # trained with as many of the one as of the other
    >>> np.round(keras.ops.softmax(prior_correction(logits, [1, 1], [99, 1])), 2)
    array([[0.99, 0.01]])

    Reference:
        Saerens, Latinne, Decaestecker: Adjusting the outputs of a classifier to new a priori probabilities. Neural
        Computation 2002. Elkan: The foundations of cost-sensitive learning. IJCAI 2001.
    """
    shift = _log_ratio("prior_correction", train_prior, true_prior)
    logits = ops.convert_to_tensor(logits)
    _check_width("prior_correction", "logits", logits.shape, len(shift))
    dtype = keras.backend.result_type(logits.dtype, "float32")
    return ops.cast(logits, dtype) + ops.cast(shift, dtype)


@keras.saving.register_keras_serializable(package="keras_augsynth")
class PriorCorrection(keras.layers.Layer):
    """Moves a model's predictions from the class shares of its training to those where it is used, as its last layer.

    See `prior_correction`. Put behind a trained model it has no weights, and is exported with it.

    Args:
        train_prior: share of each class in what the model was trained with, synthetic rows and class weights
            included; above 0. Counts will do: they are divided by their sum.
        true_prior: share of each class where the model is used, likewise; None is all the same.
        from_logits: whether logits are taken and given, or probabilities.
        **kwargs: `name` and `dtype`.

    Input shape:
        `(..., C)`.

    Output shape:
        `(..., C)`.

    Raises:
        TypeError: for priors that are no numbers.
        ValueError: for priors that are not above 0, or that do not fit each other or the inputs.

    Example:

    >>> corrected = keras.Sequential([model, PriorCorrection(np.bincount(y))])
    >>> balanced = PriorCorrection([90, 10], from_logits=False)
    >>> np.round(balanced(np.array([[0.9, 0.1]])), 2)
    array([[0.5, 0.5]], dtype=float32)

    Reference:
        Saerens, Latinne, Decaestecker: Adjusting the outputs of a classifier to new a priori probabilities. Neural
        Computation 2002. Elkan: The foundations of cost-sensitive learning. IJCAI 2001.
    """

    def __init__(
        self,
        train_prior: Sequence[float],
        true_prior: Sequence[float] | None = None,
        from_logits: bool = True,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self._shift = _log_ratio(self, train_prior, true_prior)
        # Tuples, as Keras would track lists.
        self.train_prior = tuple(np.asarray(train_prior).tolist())
        self.true_prior = None if true_prior is None else tuple(np.asarray(true_prior).tolist())
        self.from_logits = check_flag(self, from_logits, "from_logits")
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        _check_width(self, "inputs", input_shape, len(self._shift))

    def call(self, inputs: Tensor) -> Tensor:
        x = ops.cast(inputs, keras.backend.result_type(self.compute_dtype, "float32"))
        if self.from_logits:
            x = x + ops.cast(self._shift, x.dtype)
        else:  # by products, so that 0 stays 0; the largest factor is 1, so that none runs over
            x = x * ops.cast(np.exp(self._shift - self._shift.max()), x.dtype)
            x = ops.divide_no_nan(x, ops.sum(x, axis=-1, keepdims=True))
        return ops.cast(x, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("train_prior", "true_prior", "from_logits")}
        return {**super().get_config(), **own}


def _log_ratio(owner: Any, train_prior: Any, true_prior: Any) -> np.ndarray:
    train = check_shares(owner, train_prior, "train_prior")
    true = np.ones(len(train)) if true_prior is None else check_shares(owner, true_prior, "true_prior")
    if len(true) != len(train):
        raise wrong(owner, "true_prior", f"have {len(train)} numbers, as many as `train_prior`", true_prior)
    return np.log(true / true.sum()) - np.log(train / train.sum())


def _check_width(owner: Any, name: str, shape: Any, classes: int) -> None:
    if tuple(shape[-1:]) != (classes,):
        requirement = f"have {classes} values in its last axis, one for each class of `train_prior`"
        raise wrong(owner, name, requirement, tuple(shape))
