import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.augmentation import Params
from keras_augsynth.core.checks import check_flag, check_integer, check_number, wrong
from keras_augsynth.core.config import plain
from keras_augsynth.core.families.color import Color
from keras_augsynth.core.modalities import NUMBER, NUMERIC, by_name
from keras_augsynth.core.primary import primary


class Normalization(Color):
    """Shifts and scales values to mean 0 and variance 1, in training and in inference.

    In a `Pipeline` a normalization by channel costs nothing: it joins the pass of the color layers beside it.

    Args:
        axis: of the input, or several of them: there is one mean and variance for each place along them. -1 is the
            last axis, which holds the channels; with `data_format="channels_first"` it means the channels, too.
            None: one mean and variance for all values.
        mean: the data's mean, a number or an array of the axes' shape; where it is None, `adapt` learns it. After
            `build` the attribute is a tensor that broadcasts against a batch.
        variance: the data's variance, likewise.
        invert: True goes back from normalized values to the data's.
        **kwargs: `name`, `dtype`, `data_format` and `modality`.

    Input shape:
        Any; the sizes of the kept axes must be known.

    Output shape:
        As the input's.

    Raises:
        ValueError: for only one of mean and variance, or two of different shapes; in `build`, for axes that the
            input does not have, or whose sizes are not those of the mean; in `adapt`, for other axes than before.

    Example:

    >>> layer = Normalization()
    >>> layer.adapt(np.random.default_rng(0).normal(3.0, 2.0, (512, 4, 4, 3)))
    >>> float(abs(layer(np.full((1, 4, 4, 3), 3.0))).numpy().max()) < 0.1
    True
    """

    modalities = (*NUMERIC, NUMBER)
    is_value_map = True
    map_advice = ": `axis=None` learns one number, for data of every size"
    map_arguments = ("variance", "mean")
    uses_mean = False

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: float | Sequence[float] | None = None,
        variance: float | Sequence[float] | None = None,
        invert: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**{"value_range": None, **kwargs})
        self.axis = axis
        self.invert = check_flag(self, invert, "invert")
        listed = isinstance(axis, (list, tuple))
        axes = [] if axis is None else [check_integer(self, each, "axis") for each in (axis if listed else [axis])]
        self._by_channel = axes in ([], [-1])
        self._channels_first = self.data_format == "channels_first" and (
            self.modality is None or by_name(self.modality).has_channels
        )
        if self._channels_first:
            self._by_channel, axes = axes in ([], [-1], [1]), [1] if axes == [-1] else axes
        shapes = [_checked(self, mean, "mean"), _checked(self, variance, "variance", 0.0)]
        if shapes[0] != shapes[1]:
            raise wrong(self, "variance", "be given with `mean`, in the same shape, or neither of them", variance)
        # Keras learns and keeps the statistics.
        self._statistics = keras.layers.Normalization(tuple(axes), mean, variance, dtype="float32")

    @property
    def input_mean(self) -> Any:
        """`mean` as it was given; None where it is learned."""
        return self._statistics.input_mean

    @property
    def input_variance(self) -> Any:
        """`variance` as it was given; None where it is learned."""
        return self._statistics.input_variance

    @property
    def mean(self) -> Any:
        """The data's mean, given or learned."""
        return getattr(self._statistics, "mean", None)

    @property
    def variance(self) -> Any:
        """The data's variance, given or learned."""
        return getattr(self._statistics, "variance", None)

    def build(self, input_shape: Any) -> None:
        shape = input_shape
        if isinstance(input_shape, dict):
            shape = next(input_shape[each.key] for each in self.modalities if each.key in input_shape)
        if not self._statistics.built:
            if len(shape) == 3 and not self._by_channel:
                self._check_sequences()
            with tf.init_scope():  # its constants outlive the function in whose trace the layer is built
                try:
                    self._statistics.build(tuple(shape))
                except tf.errors.InvalidArgumentError as error:
                    needed = f"fit the axis {self.axis} of the input, {tuple(shape)}"
                    raise wrong(self, "mean", needed, self.input_mean) from error
        self.built = True

    def get_build_config(self) -> dict[str, Any] | None:
        return self._statistics.get_build_config()  # `adapt` builds it, too

    def adapt(self, data: Any) -> None:
        """Learns mean and variance.

        Args:
            data: an array, a dictionary such as the layer takes, a batched `tf.data.Dataset` of either, alone or with
                labels, or another iterable of arrays.
        """
        if self.input_mean is not None:
            raise wrong(self, "mean", "be None for `adapt`", self.input_mean)
        if isinstance(data, dict):
            data = primary(self, data)[1]
        elif isinstance(data, tf.data.Dataset) and isinstance(_first(data.element_spec), dict):
            data = data.map(lambda inputs, *_: primary(self, inputs)[1])
        self._statistics.adapt(data)
        if len(self._statistics.mean.shape) == 3:
            self._check_sequences()
        self.built = True

    def _check_sequences(self) -> None:
        """Of shape `(N, steps, values)`. With `channels_first` they would be taken for a single image."""
        if self._channels_first:
            raise wrong(self, "modality", 'be "spectrogram" for data of shape (batch, steps, values)', self.modality)

    def inference_params(self, view) -> Params:
        return {}

    @property
    def is_per_channel(self) -> bool:
        return self._by_channel

    @property
    def value_map(self) -> tuple[Any, Any]:
        learned = self.input_mean is None
        mean, variance = (
            (self._statistics.adapt_mean.value, self._statistics.adapt_variance.value)
            if learned
            else (self._statistics.mean, self._statistics.variance)
        )
        if learned:
            shape = ops.shape(self._statistics.mean)
            mean, variance = ops.reshape(mean, shape), ops.reshape(variance, shape)
        if isinstance(self.input_mean, (int, float)):  # for data of every size; Keras has fitted them to the first
            mean, variance = ops.reshape(mean, (-1,))[0], ops.reshape(variance, (-1,))[0]
        elif self._channels_first and len(mean.shape) > 2:
            mean, variance = ops.moveaxis(mean, 1, -1), ops.moveaxis(variance, 1, -1)
        if self._by_channel and len(mean.shape):
            mean, variance = (ops.reshape(t, (t.shape[-1],)) for t in (mean, variance))
        mean = ops.cast(mean, "float32")
        stddev = ops.maximum(ops.sqrt(ops.cast(variance, "float32")), keras.config.epsilon())
        return (stddev, mean) if self.invert else (1.0 / stddev, -mean / stddev)

    @property
    def constant_map(self) -> tuple[Any, Any] | None:
        mean, variance = self.input_mean, self.input_variance
        if self.invert or not isinstance(mean, (int, float)) or not isinstance(variance, (int, float)) or variance <= 0:
            return None
        return 1.0 / variance**0.5, -mean / variance**0.5

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": plain(self.input_mean), "variance": plain(self.input_variance)}

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"mean": 127.5, "variance": 127.5**2}


def _first(element: Any) -> Any:
    return element[0] if isinstance(element, tuple) else element


def _checked(layer: Color, value: Any, name: str, low: float = -math.inf) -> tuple[int, ...] | None:
    """The shape of given statistics, which are numbers; None where there are none."""
    if value is None:
        return None
    try:
        numbers = np.asarray(value)
    except ValueError as error:  # rows of unequal length
        raise wrong(layer, name, "be a number, or an array of numbers", value, TypeError) from error
    if not numbers.size:
        raise wrong(layer, name, "have at least one number", value)
    for number in numbers.reshape(-1).tolist():
        check_number(layer, number, name, low)
    return numbers.shape
