"""Texts about values that are known only when a traced function runs, where no warning can be given."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from keras_augsynth.ops.compiled import inside_xla

Tensor = Any


def first_that_fits(texts: Sequence[tuple[Tensor, str]]) -> Tensor:
    """Of pairs (boolean, text) the text of the first that is true, a scalar string; empty where none is."""
    result = tf.constant("")
    for fits, text in reversed(texts):
        result = tf.where(fits, text, result)
    return result


def print_once(call: Tensor, text: Callable[[], Tensor]) -> None:
    """Lets the function that is traced print a text, if it is not empty, in the call whose number is 0."""

    def tell() -> Tensor:
        found = text()
        return tf.cond(found != "", lambda: _printed(found), lambda: False)

    if not inside_xla():  # which cannot print
        tf.cond(tf.equal(call, 0), tell, lambda: False)


def _printed(text: Tensor) -> Tensor:
    tf.print(text)
    return tf.constant(True)
