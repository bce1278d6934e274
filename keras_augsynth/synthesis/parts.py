"""Samples of several parts: arrays in dictionaries, tuples and lists, and their form as JSON can hold it.

A form is a number, the place of an array among all; or a dictionary of forms; or a list of a kind ("list", "tuple")
and forms.
"""

from collections.abc import Sequence
from typing import Any

Form = Any


def parted(x: Any, y: Any) -> tuple[Form, list[Any]]:
    """(the form of `x`, the arrays in it).

    Args:
        x: an array or what can be made one, or a dictionary, a tuple or a list of arrays with a row for each label.
        y: labels `(N,)`.
    """
    arrays: list[Any] = []

    def form_of(node: Any) -> Form:
        if isinstance(node, dict):
            return {key: form_of(each) for key, each in node.items()}
        if isinstance(node, tuple) or (isinstance(node, list) and _has_parts(node, len(y))):
            return [type(node).__name__, *map(form_of, node)]
        arrays.append(node)
        return len(arrays) - 1

    return form_of(x), arrays


def _has_parts(items: list[Any], count: int) -> bool:
    """Whether a list is of parts, and not of samples."""
    return len(items) != count and all(hasattr(each, "shape") and each.shape[:1] == (count,) for each in items)


def put_together(form: Form, arrays: Sequence[Any]) -> Any:
    """The arrays in their form."""
    if isinstance(form, dict):
        return {key: put_together(each, arrays) for key, each in form.items()}
    if isinstance(form, list):
        parts = [put_together(each, arrays) for each in form[1:]]
        return tuple(parts) if form[0] == "tuple" else parts
    return arrays[form]


def count_parts(form: Form) -> int:
    """How many arrays there are in a form."""
    if isinstance(form, int):
        return 1
    return sum(map(count_parts, form.values() if isinstance(form, dict) else form[1:]))
