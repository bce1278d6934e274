"""`TokenAugmentation`: layers that change sequences of token ids."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.arrivals import Arrival
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.checks import check_integer, check_range, wrong
from keras_augsynth.core.draws import Params, View
from keras_augsynth.core.families.stage import Entries, Parts, Stage
from keras_augsynth.core.magnitudes import current_view
from keras_augsynth.core.modalities import TOKENS, Modality
from keras_augsynth.core.notices import Advice
from keras_augsynth.ops import tokens
from keras_augsynth.ops.alias import alias
from keras_augsynth.ops.alias import drawn as draw_by_alias
from keras_augsynth.ops.random import Random
from keras_augsynth.ops.rows import select

Tensor = Any


class TokenStage(Stage):
    """A layer that changes tokens; how many are left it knows only when it has seen them."""

    def _run(
        self, parts: Parts, drawn: dict | None, modality: Modality, dtype: str | None, certain: Any = frozenset()
    ) -> Parts:
        if "lengths" not in parts:
            return super()._run(parts, drawn, modality, dtype, certain)
        step, x, lengths = self.steps[0], parts["x"], parts["lengths"]
        view = step.view(ops.shape(x), modality, parts.get("labels"), lengths)
        entries: Entries | None = drawn and drawn["entries"]
        params, gate = step.params_or_rest(entries, view)
        with step.within(view) as layer:
            changed, left = layer.change(x, layer.is_valid(x), params)
        return {"x": select(gate, changed, x), "lengths": select(gate, ops.cast(left, lengths.dtype), lengths)}


class TokenAugmentation(Augmentation, listed=False):
    """An augmentation that changes sequences of token ids: pure numbers, so it runs under XLA and on a GPU.

    What is padding says `padding_id`, or the number of valid steps of each sample, "lengths" `(batch,)` of a
    dictionary; the padding may stand on either side. With "lengths", those of the result come back.

    Args:
        rate: chance of each token to be changed, from 0 to 1; a pair (low, high) is drawn from for each sample.
        padding_id: the id of padding, which is never touched; where lengths are given, what fills freed places.
        special_ids: ids that are never touched, for instance those of [CLS] and [SEP].
        **kwargs: as in `Augmentation`.
    """

    modalities = (TOKENS,)
    stage = TokenStage
    apply_dtype = None
    shortens = False  # whether samples lose tokens

    def __init__(self, rate: Any = 0.1, *, padding_id: int = 0, special_ids: Sequence[int] = (), **kwargs: Any):
        super().__init__(**kwargs)
        if "rate" not in self.fixed_arguments:
            self.rate = check_range(self, rate, "rate", 0.0, 1.0)
        self.padding_id = check_integer(self, padding_id, "padding_id")
        self.special_ids = check_ids(self, special_ids, "special_ids")
        self._ids = {"padding_id": [self.padding_id], "special_ids": self.special_ids}

    # What a layer's author writes.

    def change(self, x: Tensor, valid: Tensor, params: Params) -> tuple[Tensor, Tensor]:
        """(the changed tokens, int32 `(N,)` how many of them are valid).

        Args:
            x: tokens `(N, steps)`, integers.
            valid: bool `(N, steps)`, what is no padding.
            params: of `draw`: "tokens", the keys of the samples, for draws for each token; and "rate", float32 `(N,)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `change`.")

    # What they have in common.

    def doubts(self, arrival: Arrival) -> Advice:
        texts = about_ids(arrival, self.padding_id, self.special_ids)
        for name in _MASKS.intersection(arrival.others) if self.shortens else ():
            found = f'"{name}" stays as it is, but samples{arrival.of_part} lose tokens.'
            texts.append((True, f'{found} Make it of the result: tf.cast(tokens != {self.padding_id}, "int32").'))
        return texts

    def draw(self, rng: Random, view: View) -> Params:
        return {"tokens": rng.keys(), "rate": rng.uniform(*self.rate)}

    def apply(self, x: Tensor, params: Params) -> Tensor:
        return self.change(x, self.is_valid(x), params)[0]

    def is_valid(self, x: Tensor) -> Tensor:
        """bool `(N, steps)`: what is no padding."""
        check_held(self, self._ids, ops.dtype(x))
        return tokens.valid(x, current_view().lengths, self.padding_id)

    def is_free(self, x: Tensor, valid: Tensor) -> Tensor:
        """bool `(N, steps)`: what may be changed."""
        return tokens.free(x, valid, self.special_ids)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"rate": 0.5 * strength}


_MASKS = {"attention_mask", "padding_mask", "input_mask"}
_RUN = 4  # so often padding stands behind the half of the samples
_MANY = 8  # texts that begin alike by chance are fewer


def about_ids(arrival: Arrival, padding_id: int, special_ids: Sequence[int]) -> Advice:
    """Where samples plainly are padded by another id, or begin with one that is special and is not told."""
    return [*_about_padding(arrival, padding_id), *_about_the_first(arrival, padding_id, special_ids)]


def _about_the_first(arrival: Arrival, padding_id: int, special_ids: Sequence[int]) -> Advice:
    x = tf.pad(tf.cast(arrival.x, tf.int64), [[0, 0], [0, 1]], constant_values=padding_id)  # without steps, too
    is_valid = tokens.valid(x, arrival.lengths, padding_id)
    first = tf.gather(x, tf.argmax(is_valid, axis=1), axis=1, batch_dims=1)[:, None]
    is_only_there = tf.reduce_all(tf.reduce_sum(tf.cast((x == first) & is_valid, tf.int64), axis=1) == 1)
    is_told = tf.reduce_any(first[:1] == tf.constant([padding_id, *special_ids], tf.int64))
    differ = tf.reduce_any(x != x[:1]) & (tf.shape(x)[0] >= _MANY)
    found = "all samples begin with the same id, which stands nowhere else, as [CLS] does"
    write = "If it is such an id, give it, and others like [SEP], as special_ids."
    told = f"`special_ids`{arrival.of_part} does not have it: {found}. {write}"
    return [(tf.reduce_all(first == first[:1]) & is_only_there & differ & ~is_told, told)]


def _about_padding(arrival: Arrival, padding_id: int) -> Advice:
    """Where samples plainly are padded by another id."""
    x = tf.cast(arrival.x, tf.int64)
    if arrival.lengths is not None or (x.shape[1] or _RUN) < _RUN:
        return []
    texts = []
    is_told = tf.reduce_any(x[:, -1:] == padding_id) | tf.reduce_any(x[:, :1] == padding_id)
    is_text = tf.reduce_any(x != x[:, :1])
    for side, ends in (("end", x[:, -_RUN:]), ("begin", x[:, :_RUN])):
        runs = tf.reduce_all(ends == ends[:, :1], axis=1) & (tf.shape(x)[1] >= _RUN)
        found, of_runs = tf.math.count_nonzero(runs), tf.boolean_mask(ends[:, :1], runs)
        same = (found >= 3) & (2 * found >= tf.shape(x, tf.int64)[0]) & tf.reduce_all(of_runs == of_runs[:1])
        told = f"`padding_id`{arrival.of_part} is {padding_id}, but most samples {side} with another id many times."
        texts.append((same & is_text & ~is_told, f'{told} Write padding_id=that id, or give "lengths".'))
    return texts


def check_ids(owner: Any, ids: Any, name: str) -> list[int]:
    if isinstance(ids, str) or not hasattr(ids, "__iter__"):
        raise wrong(owner, name, "be a list of integers", ids, TypeError)
    return [check_integer(owner, each, name) for each in ids]


def check_held(owner: Any, ids: Mapping[str, Sequence[int]], dtype: str) -> None:
    """Refuses tokens of a dtype that cannot hold one of the ids, by the names of their arguments.

    Cut to fewer bits an id would be another one: 300 is 44 in uint8.
    """
    limits = np.iinfo(dtype)
    for name, numbers in ids.items():
        for number in numbers:
            if not limits.min <= number <= limits.max:
                needed = f"have ids that tokens of {dtype} can hold, from {limits.min} to {limits.max}: cast the tokens"
                raise wrong(owner, name, needed, number)


class Vocabulary:
    """Draws ids by their weights.

    Args:
        owner: for errors.
        name: of the owner's argument.
        weights: `(V,)` of all ids, at least 0.
        never: ids that are never drawn.
    """

    def __init__(self, owner: Any, name: str, weights: Any, never: Sequence[int]):
        weights = np.array(weights, "float64")
        weights[[each for each in never if 0 <= each < len(weights)]] = 0.0
        if not weights.sum():
            raise wrong(owner, name, f"leave an id to draw beside {list(never)}", len(weights))
        self._kept, self._instead = alias(weights)

    def drawn(self, rng: Random, steps: Any, dtype: str) -> Tensor:
        """Ids `(N, steps)`, of `dtype`."""
        ids = draw_by_alias(self._kept, self._instead, rng.uniform(shape=(steps,)), rng.uniform(shape=(steps,)))
        return ops.cast(ids, dtype)
