"""Texts about what a layer is given: warnings, or what a traced function prints, whose values no warning can know."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from keras_augsynth.core.primary import primary
from keras_augsynth.ops.compiled import inside_xla

Tensor = Any
Advice = list[tuple[Tensor, str]]  # what to write, where it is true


@dataclass(frozen=True)
class Look:
    """A look at what a layer is given first: whether it plainly is something else than the layer takes it for.

    Attributes:
        name: one of those in a layer's attribute `looks_left`.
        concerns: of a layer and its inputs: whether there is anything to look at.
        advice: of the same; the first text that fits is told.
    """

    name: str
    concerns: Callable[[Any, Any], bool]
    advice: Callable[[Any, Any], Advice]

    def at(self, layer: Any, inputs: Any, stacklevel: int = 3) -> None:
        """Warns, once for each layer, about the inputs of an eager call; `stacklevel` as in `warnings.warn`."""
        if self.name not in layer.looks_left or not self.concerns(layer, inputs):
            return
        if tf.is_tensor(primary(layer, inputs)[1]):
            layer.looks_left -= {self.name}
            if text := self._text(layer, inputs).numpy().decode():
                warnings.warn(text, UserWarning, stacklevel=stacklevel)

    def when_it_runs(self, layer: Any, inputs: Any, call: Tensor) -> None:
        """The same in a traced function: the call whose number is 0 prints what to write."""
        if self.name in layer.looks_left and self.concerns(layer, inputs):
            print_once(call, lambda: self._text(layer, inputs))

    def _text(self, layer: Any, inputs: Any) -> Tensor:
        return first_that_fits([(fits, f"{type(layer).__name__}: {text}") for fits, text in self.advice(layer, inputs)])


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
