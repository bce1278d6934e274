from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Color, Tensor
from keras_augsynth.core.checks import check_flag, wrong
from keras_augsynth.layers.image.rescaling import check_always, value_map_matrix


class Normalization(Color):
    """Shifts and scales each channel to mean 0 and variance 1, in training and in inference.

    In a `Pipeline` it costs nothing: it joins the pass of the color layers beside it.

    Args:
        axis: -1 for one mean and variance per channel (the last axis), None for one over all values.
        mean: the data's mean, number or one per channel; where it is None, `adapt` learns it.
        variance: the data's variance, likewise.
        invert: True goes back from normalized values to the data's.
        **kwargs: `name` and `dtype`.

    Input shape:
        Any; with `axis=-1` the size of the last axis must be known.

    Output shape:
        As the input's.

    Raises:
        ValueError: for another axis (`keras.layers.Normalization` has them), or only one of mean and variance.

    Example:

    >>> layer = Normalization()
    >>> layer.adapt(np.random.default_rng(0).normal(3.0, 2.0, (512, 4, 4, 3)))
    >>> float(abs(layer(np.full((1, 4, 4, 3), 3.0))).numpy().max()) < 0.1
    True
    """

    modality = None

    def __init__(
        self,
        axis: int | None = -1,
        mean: float | Sequence[float] | None = None,
        variance: float | Sequence[float] | None = None,
        invert: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**{"value_range": None, **kwargs})
        axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
        if axis not in (-1, None):
            raise wrong(self, "axis", "be -1 or None (keras.layers.Normalization takes the others)", axis)
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            raise wrong(self, "variance", "have the shape of `mean`, and be given where `mean` is", variance)
        self.axis, self.mean, self.variance = axis, mean, variance
        self.invert = check_flag(self, invert, "invert")
        check_always(self)

    def build(self, input_shape: Any) -> None:
        if self.mean is None:
            shape = next(iter(input_shape.values())) if isinstance(input_shape, dict) else input_shape
            shape = () if self.axis is None else (shape[-1],)
            if None in shape:
                raise wrong(self, "inputs", "have a known number of channels", tuple(input_shape))
            self._mean = self.add_weight(name="mean", shape=shape, initializer="zeros", trainable=False)
            self._variance = self.add_weight(name="variance", shape=shape, initializer="ones", trainable=False)
        self.built = True

    def adapt(self, data: Any) -> None:
        """Learns mean and variance from an array or a batched `tf.data.Dataset`."""
        if self.mean is not None:
            raise wrong(self, "mean", "be None for `adapt`", self.mean)
        learner = keras.layers.Normalization(axis=self.axis)
        learner.adapt(data)
        if not self.built:
            self.build(learner.get_build_config()["input_shape"])
        self._mean.assign(ops.reshape(learner.mean, self._mean.shape))
        self._variance.assign(ops.reshape(learner.variance, self._variance.shape))

    def rest(self, shape):
        return {}

    @property
    def value_map(self) -> tuple[Any, Any]:
        known = self.mean is not None
        mean, variance = (self.mean, self.variance) if known else (self._mean.value, self._variance.value)
        mean = ops.cast(mean, "float32")
        stddev = ops.maximum(ops.sqrt(ops.cast(variance, "float32")), keras.config.epsilon())
        return (stddev, mean) if self.invert else (1.0 / stddev, -mean / stddev)

    def matrix(self, params, mean) -> Tensor:
        return value_map_matrix(self, mean.shape[-1])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"mean": 127.5, "variance": 127.5**2}
