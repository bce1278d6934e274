"""Argument checks, and the one wording that every error of the package has.

A wrong kind is a `TypeError`, a wrong value a `ValueError`:
"RandomZoom: `height_factor` must be at most 1.0. Received: height_factor=3."
"""

import difflib
import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

LARGEST = 1e18
"""No number may be larger: float32 holds its square, so that what is worked out from it stays finite."""
SPACING = (1e-6, 1e6)
"""The shortest and the longest side of a voxel, in mm."""


class WrongKindError(TypeError, ValueError):
    """A value of the wrong kind. Where Keras raises ValueError for one, `except ValueError` catches this, too."""


def wrong(owner: Any, argument: str, requirement: str, received: Any, kind: type[Exception] = ValueError) -> Exception:
    """The exception to raise when `argument` of `owner` (a name or an object) is not what it must be."""
    name = owner if isinstance(owner, str) else type(owner).__name__
    shown = repr(received[:500] if isinstance(received, (str, bytes)) else received)
    shown = shown if len(shown) <= 500 else f"{shown[:500]}..."
    kind = WrongKindError if kind is TypeError else kind
    return kind(f"{name}: `{argument}` must {requirement}. Received: {argument}={shown}.")


def check_number(
    owner: Any, value: Any, name: str, low: float = -math.inf, high: float = math.inf, unit: str = ""
) -> float:
    """A finite real number in [low, high], as a float. `unit` says what it means where people write another one."""
    value = _scalar(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise wrong(owner, name, "be a number", value, TypeError)
    try:
        number = float(value)
    except OverflowError:  # an integer with hundreds of digits
        number = math.inf
    if not math.isfinite(number) or not low <= number <= high:
        raise wrong(owner, name, f"be a finite number{_bounds(low, high)}{unit}", value)
    if abs(number) > LARGEST:
        raise wrong(owner, name, f"be at most {LARGEST:g} in size", value)
    return number


def check_integer(owner: Any, value: Any, name: str, low: float = -math.inf, high: float = math.inf) -> int:
    """A whole number in [low, high], as an int."""
    value = _scalar(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise wrong(owner, name, "be an integer", value, TypeError)
    number = int(value)
    if not low <= number <= high:
        raise wrong(owner, name, f"be an integer{_bounds(low, high)}", value)
    return number


def check_side(owner: Any, value: Any, name: str) -> int:
    """The length of a side of the result, in pixels: 1 to 32768, so that an image's pixels can be numbered by int32."""
    return check_integer(owner, value, name, 1, 2**15)


def check_pair(
    owner: Any, value: Any, name: str, low: float = -math.inf, high: float = math.inf, unit: str = ""
) -> tuple[float, float]:
    """Two finite numbers in [low, high], as a tuple in ascending order."""
    if not _is_sequence(value):
        raise wrong(owner, name, "be a pair of numbers (low, high)", value, TypeError)
    if len(value) != 2:
        raise wrong(owner, name, "be a pair of numbers (low, high)", value)
    first, second = (check_number(owner, number, name, low, high, unit) for number in value)
    return min(first, second), max(first, second)


class Rule:
    """What a magnitude may be; called with what a user wrote, it returns the normal form.

    Attributes:
        low: the lowest legal number.
        high: the highest.
    """

    def __init__(self, normal_form: Callable[[Any], Any], low: float, high: float):
        self._normal_form, self.low, self.high = normal_form, low, high

    def __call__(self, value: Any) -> Any:
        return self._normal_form(value)


OF_A_TURN = ", a fraction of a full turn: 30 degrees are 30 / 360"
OF_THE_SIZE = ", a fraction of the size: 10 of 224 pixels are 10 / 224"


def check_factor(
    owner: Any,
    value: Any,
    name: str = "factor",
    low: float = -1.0,
    high: float = 1.0,
    *,
    above: float = -math.inf,
    unit: str = "",
) -> Any:
    """A random magnitude as Keras writes it, resolved to its (low, high).

    A single number f means (-f, f), or (0, f) where the legal range starts at 0. A pair means itself; a distribution
    stays one. `above` is a number that is itself not legal; `unit` as in `check_number`.
    """

    def normal_form(value: Any) -> tuple[float, float]:
        if _is_sequence(value):
            return _above(owner, name, above, check_pair(owner, value, name, low, high, unit))
        number = check_number(owner, value, name, low, high, unit)
        ends = (min(number, 0.0), max(number, 0.0)) if low >= 0.0 else (0.0 - abs(number), abs(number))
        return _above(owner, name, above, ends)

    return check_by_rule(owner, value, name, Rule(normal_form, low, high))


def check_range(
    owner: Any, value: Any, name: str, low: float = 0.0, high: float = math.inf, *, above: float = -math.inf
) -> Any:
    """A magnitude that is always the same, or is drawn for each sample from a pair or a distribution; as the pair."""

    def normal_form(value: Any) -> tuple[float, float]:
        if _is_sequence(value):
            return _above(owner, name, above, check_pair(owner, value, name, low, high))
        return _above(owner, name, above, (check_number(owner, value, name, low, high),) * 2)

    return check_by_rule(owner, value, name, Rule(normal_form, low, high))


def check_contrast(owner: Any, value: Any, name: str) -> Any:
    """Keras's contrast factor as (lower, upper), in the order given: they are two distances from 1, not a range."""

    def normal_form(value: Any) -> tuple[float, float]:
        if _is_sequence(value):
            check_pair(owner, value, name, 0.0, 1.0)
            return float(value[0]), float(value[1])
        return (check_number(owner, value, name, 0.0, 1.0),) * 2

    return check_by_rule(owner, value, name, Rule(normal_form, 0.0, 1.0))


def check_integer_magnitude(owner: Any, value: Any, name: str, low: int = 0, high: float = math.inf) -> Any:
    """A whole number that is always the same, or is drawn from a pair (both ends included); as the pair."""
    return check_by_rule(
        owner, value, name, Rule(lambda value: check_integer_range(owner, value, name, low, high), low, high)
    )


def check_magnitude(owner: Any, value: Any, name: str, low: float = -math.inf, high: float = math.inf) -> Any:
    """A single number that can be changed between two calls."""
    return check_by_rule(owner, value, name, Rule(lambda value: check_number(owner, value, name, low, high), low, high))


def check_by_rule(owner: Any, value: Any, name: str, rule: Rule) -> Any:
    """The normal form of a magnitude. A layer remembers the rule: its attribute can be set again at any time."""
    if hasattr(owner, "remember_rule"):
        owner.remember_rule(name, rule)
    return value.checked(rule) if hasattr(value, "checked") else rule(value)


def check_integer_range(owner: Any, value: Any, name: str, low: int = 0, high: float = math.inf) -> tuple[int, int]:
    """A count that is always the same, or is drawn for each sample from a pair (both ends included), as the pair."""
    if _is_sequence(value):
        if len(value) != 2:
            raise wrong(owner, name, "be an integer or a pair of integers (low, high)", value)
        first, second = (check_integer(owner, number, name, low, high) for number in value)
        return min(first, second), max(first, second)
    return (check_integer(owner, value, name, low, high),) * 2


def check_choice(owner: Any, value: Any, name: str, choices: Sequence[str]) -> str:
    """One of `choices`; a near miss is told which one was meant."""
    if not isinstance(value, str):
        raise wrong(owner, name, f"be one of {_listed(choices)}", value, TypeError)
    if value not in choices:
        near = difflib.get_close_matches(value[:100], choices, 1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        raise wrong(owner, name, f"be one of {_listed(choices)}{hint}", value)
    return value


def check_flag(owner: Any, value: Any, name: str) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise wrong(owner, name, "be True or False", value, TypeError)
    return bool(value)


def check_seed(owner: Any, seed: Any) -> int | None:
    return None if seed is None else check_integer(owner, seed, "seed", -(2**63), 2**64 - 1)


MOST_CLASSES = 100_000
"""Larger class numbers are codes of something: tables by class would take all memory."""


def check_classes(owner: Any, y: Any, rows: int, name: str = "y") -> np.ndarray:
    """Integer labels, one for each of `rows` samples, as int64 `(N,)`."""
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    numbered = f"`names, {name} = np.unique(names, return_inverse=True)` numbers"
    if y.ndim != 1 or y.dtype.kind not in "iub":
        needed = "be integer labels (N,)"
        if y.ndim == 1 and y.dtype.kind in "OUS":
            needed += f"; {numbered} names"
        elif y.ndim == 2:
            needed += f"; `np.argmax({name}, axis=1)` turns one-hot rows into them"
        raise wrong(owner, name, needed, f"{y.dtype} {y.shape}", TypeError if y.ndim == 1 else ValueError)
    if rows != len(y) or not rows:
        needed = "have one label for each sample, and at least one"
        raise wrong(owner, name, needed, f"{rows} samples, {len(y)} labels")
    if y.min() < 0:
        raise wrong(owner, name, "not be negative", int(y.min()))
    if y.max() >= MOST_CLASSES:
        raise wrong(owner, name, f"be below {MOST_CLASSES:,}; {numbered} codes", int(y.max()))
    return y.astype("int64")


def check_value_range(owner: Any, value: Any) -> tuple[float, float]:
    """The lowest and the highest value that the data can take."""
    low, high = check_pair(owner, value, "value_range")
    if low == high:
        raise wrong(owner, "value_range", "have two different ends", value)
    return low, high


def _scalar(value: Any) -> Any:
    """An array without axes as the number in it."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _above(owner: Any, name: str, above: float, ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] <= above:
        raise wrong(owner, name, f"be above {above}", ends[0])
    return ends


def _is_sequence(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, str)


def _listed(choices: Sequence[str]) -> str:
    return ", ".join(f'"{choice}"' for choice in choices)


def _bounds(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return f" from {low} to {high}"
    return f" of at least {low}" if math.isfinite(low) else f" of at most {high}" if math.isfinite(high) else ""
