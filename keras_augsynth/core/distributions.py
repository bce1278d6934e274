"""`Choice`, `Normal` and `PerClass`: magnitudes that are more than a number or a range."""

import abc
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import Rule, check_number, wrong

Tensor = Any


class Distribution(abc.ABC):
    """A magnitude that is more than a number or a range. Abstract; see `Choice`, `Normal` and `PerClass`.

    It does not change: a layer's argument is set to another one.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self):
            raise wrong(self, name, "be given when it is made: set the layer's argument to another one", value)
        super().__setattr__(name, value)

    @abc.abstractmethod
    def numbers(self) -> list[float]:
        """All numbers in it, in a fixed order: what can be changed later."""

    @abc.abstractmethod
    def with_numbers(self, numbers: list[float]) -> "Distribution":
        """The same with other numbers, in the order of `numbers`."""

    def structure(self) -> tuple[Any, ...]:
        """What is not among the numbers: a function that was traced holds it for good."""
        return ()

    @abc.abstractmethod
    def checked(self, rule: Rule) -> "Distribution":
        """The same, held to what the layer allows."""

    @abc.abstractmethod
    def drawn(self, numbers: Tensor, rng: Any, view: Any) -> tuple[Tensor, Tensor]:
        """(low, high) for each sample, from the current `numbers`."""

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """The arguments that it was made with."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Distribution":
        return cls(**config)

    def __eq__(self, other: Any) -> bool:
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.get_config().items())})"


@keras.saving.register_keras_serializable(package="keras_augsynth")
class Choice(Distribution):
    """One of several values, drawn for each sample; stands for any argument that may be a pair (low, high).

    Args:
        values: numbers that the argument may have.
        weights: chances of the values, in any unit; equal where it is None.

    Raises:
        TypeError: for values or weights that are not numbers.
        ValueError: for no value, another number of weights, or weights that are all 0.

    Example:

    >>> quarter_turns = RandomRotation(Choice([0.0, 0.25, 0.5, 0.75]))
    >>> quarter_turns(images).shape
    TensorShape([4, 8, 8, 3])
    """

    def __init__(self, values: Sequence[float], weights: Sequence[float] | None = None):
        self.values = _numbers(self, values, "values")
        self.weights = None if weights is None else _numbers(self, weights, "weights", 0.0)
        if self.weights is not None and (len(self.weights) != len(self.values) or not sum(self.weights)):
            raise wrong(self, "weights", f"be {len(self.values)} numbers, not all of them 0", weights)

    def numbers(self) -> list[float]:
        return list(self.values)

    def with_numbers(self, numbers: list[float]) -> "Choice":
        return Choice(numbers, self.weights)

    def structure(self) -> tuple[Any, ...]:
        return (self.weights,)

    def checked(self, rule: Rule) -> "Choice":
        for value in self.values:
            rule((value, value))
        return self

    def drawn(self, numbers: Tensor, rng: Any, view: Any) -> tuple[Tensor, Tensor]:
        place = rng.categorical(self.weights or [1.0] * len(self.values))
        value = ops.take(ops.cast(numbers, "float64"), place, axis=0)
        return value, value

    def get_config(self) -> dict[str, Any]:
        return {"values": list(self.values), "weights": None if self.weights is None else list(self.weights)}


@keras.saving.register_keras_serializable(package="keras_augsynth")
class Normal(Distribution):
    """A normal number, drawn for each sample and held to the argument's legal range.

    Args:
        mean: the middle of the distribution, in the argument's unit.
        stddev: its standard deviation, at least 0.
        low: smaller numbers become this one. None: the lowest that the argument allows.
        high: larger numbers become this one. None: the highest that the argument allows.

    Raises:
        TypeError: for something that is not a number.
        ValueError: for a negative standard deviation.

    Example:

    >>> RandomRotation(Normal(0.0, 0.02))(images).shape
    TensorShape([4, 8, 8, 3])
    """

    def __init__(self, mean: float, stddev: float, low: float | None = None, high: float | None = None):
        self.mean, self.stddev = check_number(self, mean, "mean"), check_number(self, stddev, "stddev", 0.0)
        self.low = None if low is None else check_number(self, low, "low")
        self.high = None if high is None else check_number(self, high, "high")

    def numbers(self) -> list[float]:
        return [self.mean, self.stddev]

    def with_numbers(self, numbers: list[float]) -> "Normal":
        mean, stddev = numbers
        return Normal(mean, stddev, self.low, self.high)

    def structure(self) -> tuple[Any, ...]:
        return self.low, self.high

    def checked(self, rule: Rule) -> "Normal":
        low, high = (getattr(rule, end, None) for end in ("low", "high"))
        for value in (self.mean, self.low, self.high):
            if value is not None:
                rule((value, value))
        return Normal(
            self.mean, self.stddev, low if self.low is None else self.low, high if self.high is None else self.high
        )

    def drawn(self, numbers: Tensor, rng: Any, view: Any) -> tuple[Tensor, Tensor]:
        value = rng.normal(numbers[0], numbers[1])
        value = value if self.low is None else ops.maximum(value, self.low)
        value = value if self.high is None else ops.minimum(value, self.high)
        return value, value

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "low": self.low, "high": self.high}


@keras.saving.register_keras_serializable(package="keras_augsynth")
class PerClass(Distribution):
    """Another magnitude for each class: rare classes can be changed more strongly than frequent ones.

    It stands for `p` and for every argument that is a number or a pair (low, high).

    The input must have labels: class numbers `(N,)` or `(N, 1)`, or one-hot rows `(N, classes)`. Of a soft row, such
    as `MixUp` makes, the largest share decides. So the layer is called with pairs, `dataset.map(layer)` or
    `layer(x, y)`, or with a dictionary that has "labels". A layer inside a model is given the model's inputs only:
    there it needs a dictionary input with "labels", or to be moved in front of the model.

    Args:
        values: one entry for each class, in the order of the class numbers; each is what the argument may be
            otherwise, a number or a pair (low, high).

    Raises:
        ValueError: for no entry; in a call, for an input without labels, and for class numbers without an entry. (In
            a function that XLA compiles as a whole nothing can be raised: there they get the nearest entry.)

    Example:

    >>> rotate = RandomRotation(PerClass([0.02, 0.1, (0.0, 0.25)]), seed=1)
    >>> x, y = rotate(images, np.array([0, 1, 2, 2]))
    >>> x.shape
    TensorShape([4, 8, 8, 3])
    """

    def __init__(self, values: Sequence[Any]):
        if isinstance(values, str) or not isinstance(values, (Sequence, np.ndarray)) or not len(values):
            raise wrong(self, "values", "be a list with an entry for each class", values)
        self.values = tuple(tuple(value) if isinstance(value, (list, tuple)) else value for value in values)

    def numbers(self) -> list[float]:
        return [number for pair in self.values for number in (pair if isinstance(pair, tuple) else (pair,))]

    def structure(self) -> tuple[Any, ...]:
        return (isinstance(self.values[0], tuple),)

    def with_numbers(self, numbers: list[float]) -> "PerClass":
        if not isinstance(self.values[0], tuple):
            return PerClass(numbers)
        return PerClass(list(zip(numbers[::2], numbers[1::2], strict=True)))

    def checked(self, rule: Rule) -> "PerClass":
        return PerClass([rule(value) for value in self.values])

    def check_labels(self, owner: Any, labels: Any) -> None:
        """Refuses labels of an input that name no class of these, at once or when a traced function runs."""
        if not ops.is_tensor(labels) or ops.dtype(labels) == "string":
            if not isinstance(labels, keras.KerasTensor):
                needed = "be one tensor of class numbers or one-hot rows: what is drawn depends on them"
                raise wrong(owner, "labels", needed, type(labels).__name__, TypeError)
            return
        count = len(self.values)
        if not (len(labels.shape) < 2 or (len(labels.shape) == 2 and labels.shape[1] == 1 != count)):
            return  # one-hot rows, or masks
        low, high = ops.min(labels, initial=0), ops.max(labels, initial=0)
        needed = f"be class numbers from 0 to {count - 1}"
        known = ops.logical_or(ops.equal(ops.size(labels), 0), ops.logical_and(low >= 0, high <= count - 1))
        if not tf.executing_eagerly():
            tf.debugging.Assert(known, [f"{type(owner).__name__}: `labels` must {needed}. Received:", labels])
        elif not known:
            raise wrong(owner, "labels", needed, int(low) if low < 0 else int(high))

    def drawn(self, numbers: Tensor, rng: Any, view: Any) -> Any:
        single = not isinstance(self.values[0], tuple)
        table = ops.reshape(ops.cast(numbers, "float64"), (len(self.values), 1 if single else 2))
        # Others are refused by `check_labels`, whose words must come before those of a gather that fails.
        place = ops.clip(view.classes(len(self.values)), 0, len(self.values) - 1)
        rows = ops.take(table, place, axis=0)
        return rows[:, 0] if single else (rows[:, 0], rows[:, 1])

    def get_config(self) -> dict[str, Any]:
        return {"values": [list(value) if isinstance(value, tuple) else value for value in self.values]}


def _numbers(owner: Any, values: Any, name: str, low: float = -np.inf) -> tuple[float, ...]:
    if isinstance(values, str) or not isinstance(values, (Sequence, np.ndarray)) or not len(values):
        raise wrong(owner, name, "be a list of numbers", values)
    checked = (check_number(owner, value, name, low) for value in values)
    return tuple(
        int(value) if isinstance(value, (int, np.integer)) else number
        for value, number in zip(values, checked, strict=True)
    )
