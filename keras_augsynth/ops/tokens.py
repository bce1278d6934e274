"""Sequences of token ids `(N, steps)`: pure numbers, integers of any kind. `luck` is float32 `(N, steps)` in [0, 1)."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.ops.lookup import along_last

Tensor = Any


def valid(x: Tensor, lengths: Tensor | None, padding_id: int) -> Tensor:
    """bool `(N, steps)`: what is no padding, by the valid steps of each sample `(N,)`, or else by the padding's id."""
    if lengths is None:
        return ops.not_equal(x, ops.cast(padding_id, x.dtype))
    return ops.arange(ops.shape(x)[1], dtype="int32")[None] < ops.cast(lengths, "int32")[:, None]


def free(x: Tensor, is_valid: Tensor, special_ids: Sequence[int]) -> Tensor:
    """bool `(N, steps)`: what is valid and none of the special ids."""
    for special in special_ids:
        is_valid = ops.logical_and(is_valid, ops.not_equal(x, ops.cast(special, x.dtype)))
    return is_valid


def count(which: Tensor) -> Tensor:
    """int32 `(N,)`: how many are True."""
    return ops.sum(ops.cast(which, "int32"), axis=1)


def chosen(is_free: Tensor, luck: Tensor, rate: Tensor) -> Tensor:
    """bool `(N, steps)`: the free tokens whose luck is below the rate of their sample, `(N,)`."""
    return ops.logical_and(is_free, luck < rate[:, None])


def without(is_free: Tensor, luck: Tensor, rate: Tensor) -> Tensor:
    """bool `(N, steps)`: False for free tokens whose luck is below the rate; the luckiest of a sample always stays."""
    best = ops.max(ops.where(is_free, luck, -1.0), axis=1, keepdims=True, initial=-1.0)
    return ops.logical_or(ops.logical_not(chosen(is_free, luck, rate)), luck >= best)


def kept(x: Tensor, is_valid: Tensor, stays: Tensor, padding_id: int) -> tuple[Tensor, Tensor]:
    """(the tokens that are valid and stay, in their order, with padding in the freed places; how many there are).

    Samples that begin with padding keep it in front.
    """
    stays = ops.logical_and(is_valid, stays)
    left = count(stays)
    in_front = ops.logical_and(ops.logical_not(is_valid[:, :1]), ops.any(is_valid, axis=1, keepdims=True))
    rank = ops.where(stays, 1, ops.where(in_front, 0, 2))
    order = _stable_order(rank)
    steps = ops.shape(x)[1]
    place = ops.arange(steps, dtype="int32")[None]
    start = ops.where(in_front, steps - left[:, None], 0)
    there = ops.logical_and(place >= start, place < start + left[:, None])
    moved = along_last(x, order)
    return ops.where(there, moved, ops.cast(padding_id, x.dtype)), left


def swapped(x: Tensor, is_free: Tensor, luck: Tensor, pair_luck: Tensor, rate: Tensor) -> Tensor:
    """The tokens, of which pairs of free ones have changed places: at random, each is in one pair.

    A pair changes places if its luck is below the rate. One token of an odd number has no partner.
    """
    order = ops.argsort(ops.where(is_free, luck, 2.0), axis=1)
    steps = ops.shape(x)[1]
    place = ops.arange(steps, dtype="int32")[None]
    partner = ops.bitwise_xor(place, 1)
    swaps = along_last(pair_luck, ops.broadcast_to(place - place % 2, ops.shape(order)))
    moved = ops.logical_and(swaps < rate[:, None], ops.maximum(place, partner) < count(is_free)[:, None])
    source = along_last(order, ops.where(moved, partner, place))
    back = ops.argsort(order, axis=1)  # the place of each token in the order
    return along_last(x, along_last(source, back))


def span(is_free: Tensor, share: Tensor, luck: Tensor) -> Tensor:
    """bool `(N, steps)`: True for a run of free tokens that is `share` of them long, at least one; and for others.

    Args:
        is_free: bool `(N, steps)`.
        share: float32 `(N,)`, from 0 to 1.
        luck: float32 `(N,)` in [0, 1), where the run begins.
    """
    total = count(is_free)
    length = ops.cast(ops.round(share * ops.cast(total, "float32")), "int32")
    length = ops.minimum(ops.maximum(length, 1), ops.maximum(total, 1))
    start = below(luck, total - length + 1)
    number = ops.cumsum(ops.cast(is_free, "int32"), axis=1) - 1
    inside = ops.logical_and(number >= start[:, None], number < (start + length)[:, None])
    return ops.logical_or(ops.logical_not(is_free), inside)


def below(luck: Tensor, number: Tensor) -> Tensor:
    """int32: a number from 0 to `number` - 1, for a luck in [0, 1); 0 where there is none."""
    place = ops.cast(luck * ops.cast(number, "float32"), "int32")
    return ops.maximum(ops.minimum(place, number - 1), 0)


def _stable_order(rank: Tensor) -> Tensor:
    """int32 `(N, steps)`: the order of small whole numbers; equal ones stay in their order."""
    steps = ops.shape(rank)[1]
    return ops.argsort(rank * steps + ops.arange(steps, dtype="int32")[None], axis=1)
