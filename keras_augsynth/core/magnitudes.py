"""What an argument can be: a number, a range, a choice, a distribution, one for each class; changed at any time.

`check_factor`, `check_range` and `check_magnitude` tell a layer that an attribute is a magnitude. From then on it can
be set between two calls, eager or traced, compiled or not: traced functions read it from a variable.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_number, wrong

Tensor = Any
Rule = Callable[[Any], Any]  # from what a user writes to its normal form, or an error in the house's words

_current = threading.local()


@contextlib.contextmanager
def drawing(rng: Any, view: Any) -> Iterator[None]:
    """Inside, a layer's magnitudes are numbers to draw with: those of the samples of `view`."""
    previous = getattr(_current, "drawing", None)
    _current.drawing = rng, view
    try:
        yield
    finally:
        _current.drawing = previous


def current_view() -> Any:
    """What the layer that is carried out sees; None outside of a plan."""
    now = getattr(_current, "drawing", None)
    return None if now is None else now[1]


class Distribution:
    """A magnitude that is more than a number or a range. Abstract; see `Choice`, `Normal` and `PerClass`."""

    def numbers(self) -> list[float]:
        """All numbers in it, in a fixed order: what can be changed later."""
        raise NotImplementedError

    def with_numbers(self, numbers: list[float]) -> "Distribution":
        """The same with other numbers, in the order of `numbers`."""
        raise NotImplementedError

    def checked(self, rule: Rule) -> "Distribution":
        """The same, held to what the layer allows."""
        raise NotImplementedError

    def drawn(self, numbers: Tensor, rng: Any, view: Any) -> tuple[Tensor, Tensor]:
        """(low, high) for each sample, from the current `numbers`."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError

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

    The input must have labels: class numbers `(N,)` or `(N, 1)`, or one-hot rows `(N, classes)`.

    Args:
        values: one entry for each class, in the order of the class numbers; each is what the argument may be
            otherwise, a number or a pair (low, high).

    Raises:
        ValueError: for no entry; in a call, for an input without labels.

    Example:

    >>> rotate = RandomRotation(PerClass([0.02, 0.1, (0.0, 0.25)]), seed=1)
    >>> x, y = rotate(images, np.array([0, 1, 2, 2]))
    >>> x.shape
    TensorShape([4, 8, 8, 3])
    """

    def __init__(self, values: Sequence[Any]):
        if isinstance(values, str) or not isinstance(values, (Sequence, np.ndarray)) or not len(values):
            raise wrong(self, "values", "be a list with an entry for each class", values)
        self.values = [tuple(value) if isinstance(value, (list, tuple)) else value for value in values]

    def numbers(self) -> list[float]:
        return [number for pair in self.values for number in (pair if isinstance(pair, tuple) else (pair,))]

    def with_numbers(self, numbers: list[float]) -> "PerClass":
        if not isinstance(self.values[0], tuple):
            return PerClass(numbers)
        return PerClass(list(zip(numbers[::2], numbers[1::2], strict=True)))

    def checked(self, rule: Rule) -> "PerClass":
        return PerClass([rule(value) for value in self.values])

    def drawn(self, numbers: Tensor, rng: Any, view: Any) -> Any:
        single = not isinstance(self.values[0], tuple)
        table = ops.reshape(ops.cast(numbers, "float64"), (len(self.values), 1 if single else 2))
        rows = ops.take(table, view.classes(len(self.values)), axis=0)
        return rows[:, 0] if single else (rows[:, 0], rows[:, 1])

    def get_config(self) -> dict[str, Any]:
        return {"values": [list(value) if isinstance(value, tuple) else value for value in self.values]}


def limits(value: Any) -> tuple[float, float]:
    """The lowest and the highest number that a magnitude in its normal form can give."""
    if isinstance(value, Normal):
        return (-np.inf if value.low is None else value.low), (np.inf if value.high is None else value.high)
    numbers = _flat(value)
    return min(numbers), max(numbers)


class HasMagnitudes:
    """Keeps those attributes of a layer that can be changed at any time. A base of `Augmentation`."""

    def remember_rule(self, name: str, rule: Rule) -> None:
        """Makes the attribute `name` a magnitude."""
        vars(self).setdefault("_rules", {})[name] = rule

    def __setattr__(self, name: str, value: Any) -> None:
        rules, held = vars(self).get("_rules", {}), vars(self).setdefault("_held", {})
        if name not in rules:
            super().__setattr__(name, value)
        elif name not in held:
            held[name] = value
        else:
            self._change(name, _in_normal_form(rules[name], value))

    def __getattr__(self, name: str) -> Any:
        held = vars(self).get("_held", {})
        if name not in held:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        value, now = held[name], getattr(_current, "drawing", None)
        if now is None:
            return value
        rng, view = now
        numbers: Any = _flat(value)
        if view.magnitudes is not None:
            start = self._first_place(name)
            numbers = view.magnitudes[id(self)][start : start + len(numbers)]
        if isinstance(value, Distribution):
            return value.drawn(numbers, rng, view)
        if view.magnitudes is not None and all(isinstance(number, int) for number in _flat(value)):
            numbers = ops.cast(numbers, "int32")
        return (numbers[0], numbers[1]) if isinstance(value, tuple) else numbers[0]

    def live_magnitudes(self) -> tf.Variable:
        """All numbers of all magnitudes, in order: what the user's traced functions read."""
        if vars(self).get("_live") is None:
            with tf.init_scope():
                self._live = tf.Variable(self.magnitude_numbers(), trainable=False, name="magnitudes")
        return self._live

    def magnitudes(self) -> dict[str, Any]:
        """The current magnitudes by name."""
        return dict(vars(self).get("_held", {}))

    def magnitude_numbers(self) -> np.ndarray:
        """All numbers of all magnitudes, in order; float64."""
        return np.array([number for value in self.magnitudes().values() for number in _flat(value)], "float64")

    def set_magnitude_numbers(self, numbers: np.ndarray) -> None:
        """Sets all magnitudes to numbers that `magnitude_numbers` gave, of a layer with the same arguments."""
        held, place = vars(self).get("_held", {}), 0
        if len(numbers) != len(self.magnitude_numbers()):
            raise wrong(self, "magnitudes", f"be {len(self.magnitude_numbers())} numbers", len(numbers))
        for name, value in held.items():
            own = numbers[place : place + len(_flat(value))].tolist()
            held[name] = _with_numbers(value, own)
            place += len(own)
        self._changed()

    def _change(self, name: str, value: Any) -> None:
        held, live = vars(self)["_held"], vars(self).get("_live")
        if live is not None and _shape(value) != _shape(held[name]):
            needed = f"stay {_described(held[name])}, as it was when the layer was first called"
            raise wrong(self, name, needed, value)
        held[name] = value
        self._changed()

    def _changed(self) -> None:
        vars(self)["_version"] = self.magnitudes_version + 1
        if (live := vars(self).get("_live")) is not None:
            live.assign(self.magnitude_numbers())

    @property
    def magnitudes_version(self) -> int:
        """How often magnitudes were changed."""
        return vars(self).get("_version", 0)

    def _first_place(self, name: str) -> int:
        place = 0
        for each, value in vars(self)["_held"].items():
            if each == name:
                return place
            place += len(_flat(value))
        raise KeyError(name)


def _in_normal_form(rule: Rule, value: Any) -> Any:
    return value.checked(rule) if isinstance(value, Distribution) else rule(value)


def _flat(value: Any) -> list[float]:
    if isinstance(value, Distribution):
        return value.numbers()
    return list(value) if isinstance(value, tuple) else [value]


def _with_numbers(value: Any, numbers: list[float]) -> Any:
    """The same kind of magnitude with other numbers."""
    if isinstance(value, Distribution):
        return value.with_numbers(numbers)
    kinds = [type(number) for number in _flat(value)]
    restored = tuple(kind(number) for kind, number in zip(kinds, numbers, strict=True))
    return restored if isinstance(value, tuple) else restored[0]


def _shape(value: Any) -> tuple[type, int]:
    return type(value) if isinstance(value, (Distribution, tuple)) else float, len(_flat(value))


def _described(value: Any) -> str:
    if isinstance(value, Distribution):
        return f"a {type(value).__name__} of {len(value.numbers())} numbers"
    return "a number or a pair (low, high)" if isinstance(value, tuple) else "a number"


def _numbers(owner: Any, values: Any, name: str, low: float = -np.inf) -> tuple[float, ...]:
    if isinstance(values, str) or not isinstance(values, (Sequence, np.ndarray)) or not len(values):
        raise wrong(owner, name, "be a list of numbers", values)
    return tuple(check_number(owner, value, name, low) for value in values)
