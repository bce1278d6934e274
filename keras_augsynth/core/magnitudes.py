"""What an argument can be: a number, a range, a choice, a distribution, one for each class; changed at any time.

`check_factor`, `check_range` and `check_magnitude` tell a layer that an attribute is a magnitude. From then on it can
be set between two calls, eager or traced, compiled or not: traced functions read it from a variable.
"""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.distributions import Distribution, Normal
from keras_augsynth.ops.scoped import Scoped
from keras_augsynth.ops.variables import new_variable

Tensor = Any

_current = Scoped()


def drawing(rng: Any, view: Any) -> AbstractContextManager[None]:
    """Inside, a layer's magnitudes are numbers to draw with: those of the samples of `view`."""
    return _current.holding((rng, view))


def current_view() -> Any:
    """What the layer that is carried out sees; None outside of a plan."""
    now = _current.value
    return None if now is None else now[1]


def limits(value: Any) -> tuple[float, float]:
    """The lowest and the highest number that a magnitude in its normal form can give."""
    if isinstance(value, Normal):
        return (-np.inf if value.low is None else value.low), (np.inf if value.high is None else value.high)
    numbers = _flat(value)
    return min(numbers), max(numbers)


class HasMagnitudes:
    """Keeps those attributes of a layer that can be changed at any time. A base of `Augmentation`."""

    def remember_rule(self, name: str, rule: Callable[[Any], Any]) -> None:
        """Makes the attribute `name` a magnitude, for which `rule` gives the normal form or raises."""
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
        value, now = held[name], _current.value
        if now is None:
            return value
        rng, view = now
        numbers = self._current_numbers(name)
        whole = all(isinstance(number, int) for number in _flat(value))
        if isinstance(value, Distribution):
            drawn = value.drawn(numbers if view.magnitudes is None else ops.stack(numbers), rng, view)
            return keras.tree.map_structure(lambda t: ops.cast(t, "int32"), drawn) if whole else drawn
        if view.magnitudes is not None and whole:
            numbers = [ops.cast(number, "int32") for number in numbers]
        return (numbers[0], numbers[1]) if isinstance(value, tuple) else numbers[0]

    def current_limits(self, name: str) -> tuple[Any, Any]:
        """The lowest and the highest number that a magnitude can give at this place, as `limits` of its value.

        Tensors where the magnitudes are.
        """
        value = self.magnitudes()[name]
        if isinstance(value, Normal):
            return limits(value)
        numbers = self._current_numbers(name)
        return functools.reduce(ops.minimum, numbers), functools.reduce(ops.maximum, numbers)

    def _current_numbers(self, name: str) -> Any:
        numbers, now = _flat(self.magnitudes()[name]), _current.value
        if now is None or now[1].magnitudes is None:
            return numbers
        start = self._first_place(name)
        return now[1].magnitudes[id(self)][start : start + len(numbers)]

    def live_magnitudes(self) -> tf.Variable:
        """All numbers of all magnitudes, in order: what the user's traced functions read."""
        if vars(self).get("_live") is None:
            self._live = new_variable(self.magnitude_numbers(), "magnitudes")
        return self._live

    def magnitudes(self) -> dict[str, Any]:
        """The current magnitudes by name."""
        return dict(vars(self).get("_held", {}))

    def magnitude_structure(self) -> tuple[Any, ...]:
        """What of the magnitudes is not among their numbers."""
        return tuple(map(_structure, self.magnitudes().values()))

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
        if live is not None and _structure(value) != _structure(held[name]):
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


def _in_normal_form(rule: Any, value: Any) -> Any:
    return value.checked(rule) if isinstance(value, Distribution) else rule(value)


def _flat(value: Any) -> list[float]:
    if isinstance(value, Distribution):
        return value.numbers()
    return list(value) if isinstance(value, tuple) else [value]


def _with_numbers(value: Any, numbers: list[float]) -> Any:
    """The same kind of magnitude with other numbers."""
    kinds = [type(number) for number in _flat(value)]
    restored = tuple(kind(number) for kind, number in zip(kinds, numbers, strict=True))
    if isinstance(value, Distribution):
        return value.with_numbers(list(restored))
    return restored if isinstance(value, tuple) else restored[0]


def _structure(value: Any) -> tuple[Any, ...]:
    if isinstance(value, Distribution):
        return type(value), len(value.numbers()), value.structure()
    return (tuple if isinstance(value, tuple) else float,)


def _described(value: Any) -> str:
    if isinstance(value, Distribution):
        return f"a {type(value).__name__} of {len(value.numbers())} numbers"
    return "a number or a pair (low, high)" if isinstance(value, tuple) else "a number"
