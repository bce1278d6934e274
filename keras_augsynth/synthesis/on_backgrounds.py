"""`OnBackgrounds`: sources that put templates of the classes on backgrounds."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import tensorflow as tf

from keras_augsynth.core.checks import wrong
from keras_augsynth.synthesis.fitted import FittedSynthesizer, check_numbers
from keras_augsynth.synthesis.members import Members

Tensor = Any


class OnBackgrounds(FittedSynthesizer):
    """Puts a template of the class asked for on a background; subclasses say how."""

    key: str  # of what `sample` gives, in the result of `compose`
    noun: str  # what a background is, in the plural

    def _checked_classes(self, templates: Any) -> None:
        numbers = isinstance(templates, Mapping) and all(isinstance(label, (int, np.integer)) for label in templates)
        if not numbers or any(label < 0 for label in templates):
            raise wrong(self, "templates", "be a dictionary from class numbers to templates", templates, TypeError)

    def _checked_backgrounds(self, backgrounds: Any) -> np.ndarray:
        """Finite numbers, of a shape that fits the templates."""
        raise NotImplementedError(f"{type(self).__name__} must define `_checked_backgrounds`.")

    def _keep(self, library: np.ndarray, members: Members) -> None:
        """Takes the templates; backgrounds come later."""
        self._members = members
        self.num_classes, self.class_counts = len(members.counts), members.counts
        self._library, self._backgrounds = tf.Variable(library, trainable=False), None

    def _set_backgrounds(self, backgrounds: Any) -> None:
        if backgrounds is not None:
            self._backgrounds = tf.Variable(self._checked_backgrounds(backgrounds), trainable=False)

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Self:
        """Takes the samples as backgrounds, whatever their class, if none were given; otherwise looks at their shape.

        Args:
            x: samples `(N, ...)`, of the shape that backgrounds have.
            y: integer labels `(N,)`.

        Raises:
            ValueError: for samples of another shape than the backgrounds that were given.
        """
        x, _ = check_numbers(self, x, y)
        if self._backgrounds is None:
            self._set_backgrounds(x)
        elif x.shape[1:] != tuple(self._backgrounds.shape[1:]):
            raise wrong(
                self, "x", f"be {self.noun} like the backgrounds, {tuple(self._backgrounds.shape[1:])}", x.shape
            )
        return self

    def _must_be_fitted(self, method: str) -> None:
        if self._backgrounds is None:
            raise wrong(self, method, "come after `fit`, or `backgrounds` be given", f"{method}()", RuntimeError)

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        """Backgrounds with a template of the class.

        Args:
            labels: integers `(N,)`, classes that have templates.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            `(N, ...)`, of the shape and in the dtype of the backgrounds.
        """
        return self.compose(labels, seed)[self.key]

    def compose(self, labels: Tensor, seed: int | Tensor | None = None) -> dict[str, Any]:
        """What `sample` gives, and where the template is in it.

        Args:
            labels: integers `(N,)`, classes that have templates.
            seed: integer or scalar tensor; None for other samples each time.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `compose`.")
