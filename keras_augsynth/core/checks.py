"""Argument checks, and the one wording that every error of the package has.

A wrong kind is a `TypeError`, a wrong value a `ValueError`:
"RandomZoom: `height_factor` must be at most 1.0. Received: height_factor=3."
"""

import difflib
import math
import numbers
from collections.abc import Sequence
from typing import Any


def wrong(owner: Any, argument: str, requirement: str, received: Any, kind: type[Exception] = ValueError) -> Exception:
    """The exception to raise when `argument` of `owner` (a name or an object) is not what it must be."""
    name = owner if isinstance(owner, str) else type(owner).__name__
    return kind(f"{name}: `{argument}` must {requirement}. Received: {argument}={received!r}.")


def check_number(owner: Any, value: Any, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite real number in [low, high], as a float."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise wrong(owner, name, "be a number", value, TypeError)
    try:
        number = float(value)
    except OverflowError:  # an integer with hundreds of digits
        number = math.inf
    if not math.isfinite(number) or not low <= number <= high:
        raise wrong(owner, name, f"be a finite number{_bounds(low, high)}", value)
    return number


def check_integer(owner: Any, value: Any, name: str, low: float = -math.inf, high: float = math.inf) -> int:
    """A whole number in [low, high], as an int."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise wrong(owner, name, "be an integer", value, TypeError)
    number = int(value)
    if not low <= number <= high:
        raise wrong(owner, name, f"be an integer{_bounds(low, high)}", value)
    return number


def check_pair(
    owner: Any, value: Any, name: str, low: float = -math.inf, high: float = math.inf
) -> tuple[float, float]:
    """Two finite numbers in [low, high], as a tuple in ascending order."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise wrong(owner, name, "be a pair of numbers (low, high)", value, TypeError)
    if len(value) != 2:
        raise wrong(owner, name, "be a pair of numbers (low, high)", value)
    first, second = (check_number(owner, number, name, low, high) for number in value)
    return min(first, second), max(first, second)


def check_factor(
    owner: Any, value: Any, name: str = "factor", low: float = -1.0, high: float = 1.0
) -> tuple[float, float]:
    """A random magnitude as Keras writes it, resolved to its (low, high).

    A single number f means (-f, f), or (0, f) where the legal range starts at 0. A pair means itself.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        return check_pair(owner, value, name, low, high)
    number = check_number(owner, value, name, low, high)
    return (min(number, 0.0), max(number, 0.0)) if low >= 0.0 else (-abs(number), abs(number))


def check_range(owner: Any, value: Any, name: str, low: float = 0.0, high: float = math.inf) -> tuple[float, float]:
    """A magnitude that is always the same, or is drawn for each sample from a pair, as the pair."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return check_pair(owner, value, name, low, high)
    return (check_number(owner, value, name, low, high),) * 2


def check_integer_range(owner: Any, value: Any, name: str, low: int = 0, high: float = math.inf) -> tuple[int, int]:
    """A count that is always the same, or is drawn for each sample from a pair (both ends included), as the pair."""
    if isinstance(value, Sequence) and not isinstance(value, str):
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
        near = difflib.get_close_matches(value, choices, 1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        raise wrong(owner, name, f"be one of {_listed(choices)}{hint}", value)
    return value


def check_flag(owner: Any, value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(owner, name, "be True or False", value, TypeError)
    return value


def check_seed(owner: Any, seed: Any) -> int | None:
    return None if seed is None else check_integer(owner, seed, "seed", -(2**63), 2**64 - 1)


def check_value_range(owner: Any, value: Any) -> tuple[float, float]:
    """The lowest and the highest value that the data can take."""
    low, high = check_pair(owner, value, "value_range")
    if low == high:
        raise wrong(owner, "value_range", "have two different ends", value)
    return low, high


def _listed(choices: Sequence[str]) -> str:
    return ", ".join(f'"{choice}"' for choice in choices)


def _bounds(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return f" from {low} to {high}"
    return f" of at least {low}" if math.isfinite(low) else f" of at most {high}" if math.isfinite(high) else ""
