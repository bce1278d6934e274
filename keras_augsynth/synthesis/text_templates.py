"""`TextTemplateSynthesizer`: texts from templates with slots."""

import string
from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth.core.checks import wrong
from keras_augsynth.synthesis.fitted import FittedSynthesizer
from keras_augsynth.synthesis.members import Members, pick
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.synthesizer import check_samples

Tensor = Any
Span = tuple[int, int, str]


@keras.saving.register_keras_serializable(package="keras_augsynth")
class TextTemplateSynthesizer(FittedSynthesizer):
    """Writes texts of the class asked for: a template of that class, each of whose slots gets one of its fillers.

    Template and fillers are drawn evenly. A slot that stands twice in a template has the same filler in both places.

    Args:
        templates: a dictionary from each class number to its templates, such as "The {room} was {praise}."; "{{" stands
            for a brace.
        slots: a dictionary from the name of each slot to its fillers; `fit` can learn more of them, and those of slots
            that have none here.

    Raises:
        TypeError: for templates or slots of another form.
        ValueError: for a class without templates, a slot without fillers, or a template that is no format string.

    Example:

    >>> templates = {0: ["The {food} was {bad}."], 1: ["What a {food}!", "I like the {food}."]}
    >>> slots = {"food": ["soup", "bread"], "bad": ["cold", "old"]}
    >>> synthesizer = TextTemplateSynthesizer(templates, slots)
    >>> synthesizer.sample([1, 0], seed=1).shape
    TensorShape([2])

    Reference:
        Ribeiro, Wu, Guestrin, Singh: Beyond accuracy: behavioral testing of NLP models with CheckList. ACL 2020.
    """

    def __init__(self, templates: Mapping[int, Sequence[str]], slots: Mapping[str, Sequence[str]] | None = None):
        self.templates = self._checked(templates, "templates", int)
        self.slots = self._checked({} if slots is None else slots, "slots", str)
        if not self.templates:
            raise wrong(self, "templates", "hold at least one class", templates)
        self._parts = [(label, self._parsed(template)) for label, texts in self.templates.items() for template in texts]
        self._members = Members(np.array([label for label, _ in self._parts]))
        self.num_classes, self.class_counts = len(self._members.counts), self._members.counts
        self._tensors: dict[str, Tensor] | None = None

    def _checked(self, given: Any, name: str, kind: type) -> dict[Any, list[str]]:
        kinds = (int, np.integer) if kind is int else (str,)
        if not isinstance(given, Mapping) or not all(isinstance(key, kinds) for key in given):
            needed = "class numbers" if kind is int else "names"
            raise wrong(self, name, f"be a dictionary from {needed} to lists of strings", given, TypeError)
        for key, texts in given.items():
            if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
                raise wrong(self, name, "hold lists of strings", {key: texts}, TypeError)
            if not len(texts) or (kind is int and key < 0):
                raise wrong(self, name, "have at least one string each, and no negative class", {key: texts})
        return {kind(key): list(texts) for key, texts in given.items()}

    def _parsed(self, template: str) -> list[tuple[str, str | None]]:
        """(text, name of the slot behind it) in order."""
        try:
            parts = list(string.Formatter().parse(template))
        except ValueError as error:
            raise wrong(self, "templates", f"be format strings ({error})", template) from error
        for _, name, form, conversion in parts:
            if name is not None and (not name.isidentifier() or form or conversion):
                raise wrong(self, "templates", "have slots that are plain names in braces", template)
        return [(text, name) for text, name, _, _ in parts]

    def fit(self, x: Any, y: Any, spans: Sequence[Sequence[Span]] | None = None, **kwargs: Any) -> Self:
        """Learns fillers of slots from texts in which they are marked; without `spans` there is nothing to learn.

        Args:
            x: texts `(N,)`.
            y: integer labels `(N,)`, for whose classes there are templates.
            spans: for each text its spans (start, stop, name of the slot), places in characters.

        Raises:
            ValueError: for a label without templates, or spans that do not fit the texts.
        """
        x, y = check_samples(self, x, y)
        missing = set(np.unique(y).tolist()) - set(self.templates)
        if missing:
            raise wrong(self, "y", f"be classes that have templates, {sorted(self.templates)}", sorted(missing))
        if spans is None:
            return self
        if len(spans) != len(x):
            raise wrong(self, "spans", f"be {len(x)} lists, one for each text", len(spans))
        learned: dict[str, list[str]] = {name: list(fillers) for name, fillers in self.slots.items()}
        for text, marked in zip(x, spans, strict=True):
            text = text.decode() if isinstance(text, bytes) else str(text)
            for start, stop, name in marked:
                if not 0 <= start < stop <= len(text):
                    raise wrong(self, "spans", f"lie in their texts, here of {len(text)} characters", (start, stop))
                learned.setdefault(name, []).append(text[start:stop])
        self.slots = {name: list(dict.fromkeys(fillers)) for name, fillers in learned.items()}
        self._tensors = None
        return self

    def _must_be_fitted(self, method: str) -> None:
        needed = {name for _, parts in self._parts for _, name in parts if name is not None}
        if missing := sorted(needed - set(self.slots)):
            raise wrong(self, "slots", f"have fillers for {missing}, or `fit` learn them from spans", list(self.slots))

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        """Texts of the classes.

        Args:
            labels: integers `(N,)`, classes that have templates.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            Strings `(N,)`.
        """
        labels = self._checked_labels(labels)
        if self._tensors is None:
            with tf.init_scope():
                self._tensors = self._made()
        made = self._tensors
        _, rng = random_for(seed, tf.shape(labels)[0])
        template = pick(self._members.tables, labels, rng)
        luck = rng.uniform(shape=(len(self.slots) + 1,))
        place = tf.cast(luck * tf.cast(made["counts"], tf.float32), tf.int32)
        fillers = tf.gather(made["fillers"], made["starts"] + tf.minimum(place, made["counts"] - 1))  # (N, slots + 1)
        filled = tf.gather(fillers, tf.gather(made["slots"], template), batch_dims=1)
        return tf.strings.reduce_join(tf.strings.join([tf.gather(made["texts"], template), filled]), axis=1)

    def _made(self) -> dict[str, Tensor]:
        """Templates as (text, slot) pairs of one length, and all fillers in a row; slot 0 stands for none."""
        longest = max((len(parts) for _, parts in self._parts), default=0)
        numbers = {None: 0} | {name: number for number, name in enumerate(self.slots, 1)}
        padded = [[*parts, *[("", None)] * (longest - len(parts))] for _, parts in self._parts]
        fillers = [[""], *self.slots.values()]
        counts = np.array([len(each) for each in fillers])
        return {
            "texts": tf.constant([[text for text, _ in parts] for parts in padded], tf.string),
            "slots": tf.constant([[numbers[name] for _, name in parts] for parts in padded], tf.int32),
            "fillers": tf.constant([filler for each in fillers for filler in each]),
            "counts": tf.constant(counts, tf.int32),
            "starts": tf.constant(np.cumsum(counts) - counts, tf.int32),
        }

    def get_config(self) -> dict[str, Any]:
        return {"templates": list(self.templates.items()), "slots": self.slots}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls({int(label): texts for label, texts in config["templates"]}, config["slots"])

    def state(self) -> dict[str, np.ndarray]:
        return {}  # all of it is in the configuration

    def restore(self, state: dict[str, np.ndarray]) -> None:
        pass
