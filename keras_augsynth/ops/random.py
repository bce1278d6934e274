"""Counter-based random numbers: every value is a pure function of a key and a position.

Nothing here has state. A *key* is a pair of 32-bit words, one pair per sample; `Random` turns N keys into
streams of draws. Eager mode, `tf.function` and XLA give the same bits, at any batch size, because integer
arithmetic is exact and every float is computed exactly in float64 and rounded once.

Reference:
    Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011.
    Steele, Lea, Flood: Fast splittable pseudorandom number generators. OOPSLA 2014.
"""

import functools
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.ops.compiled import of_any_shape
from keras_augsynth.ops.lookup import look_up

Tensor = Any
Pair = tuple[Tensor, Tensor]

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_BULK_ROUNDS = 13  # where a sample draws many numbers
_PARITY = np.uint32(0x1BD11BDA)
_GATE_STREAM = 0xFFFFFFFF  # far from the streams of a layer's own draws, which count up from 0
SCALARS = (0, 1, 2, 3, _GATE_STREAM), tuple(range(4, 15))
"""Streams of which `streams` has the first words for each sample: a graph works out those groups that are read."""


def threefry2x32(key: tuple[Tensor, Tensor], counter: tuple[Tensor, Tensor], rounds: int = 20) -> tuple[Tensor, Tensor]:
    """Threefry-2x32.

    Args:
        key: two uint32 tensors.
        counter: two uint32 tensors that broadcast against the key.
        rounds: 20 is the authors' usual number, 13 the lowest with which they found no flaw.

    Returns:
        Two uint32 tensors of random bits.
    """
    words = [ops.convert_to_tensor(word, "uint32") for word in (*key, *counter)]
    shape = functools.reduce(tf.broadcast_static_shape, (word.shape for word in words))
    first, second = _threefry(rounds)(*words)
    return tf.ensure_shape(first, shape), tf.ensure_shape(second, shape)


@functools.cache
def _threefry(rounds: int) -> Callable:
    """Traced once for all shapes: its operations are many, and most graphs draw."""

    def run(k0: Tensor, k1: Tensor, x0: Tensor, x1: Tensor) -> tuple[Tensor, Tensor]:
        # One constant for each distance: to make a constant costs as much as any other operation of the graph.
        shifts = {n: ops.convert_to_tensor(np.uint32(n)) for each in _ROTATIONS for n in (each, 32 - each)}
        schedule = (k0, k1, tf.bitwise.bitwise_xor(tf.bitwise.bitwise_xor(k0, k1), _PARITY))
        x0, x1 = x0 + schedule[0], x1 + schedule[1]
        for done in range(1, rounds + 1):
            x0 = x0 + x1
            distance = _ROTATIONS[(done - 1) % 8]
            left = tf.bitwise.left_shift(x1, shifts[distance])
            right = tf.bitwise.right_shift(x1, shifts[32 - distance])
            x1 = tf.bitwise.bitwise_xor(tf.bitwise.bitwise_or(left, right), x0)
            if done % 4 == 0:
                x0 = x0 + schedule[done // 4 % 3]
                x1 = x1 + schedule[(done // 4 + 1) % 3] + np.uint32(done // 4)
        return x0, x1

    return of_any_shape(run, "uint32", 4)


_GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def splitmix64(count: Tensor) -> Tensor:
    """uint64: what SplitMix64 gives as its number `count`, uint64, from the state 0 on; the first is number 1."""
    z = count * _GOLDEN_GAMMA
    for distance, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, np.uint64(distance))) * np.uint64(factor)
    return tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, np.uint64(31)))


def words(value: int | Tensor) -> tuple[Tensor, Tensor]:
    """Splits integers into their (high, low) 32-bit words."""
    if isinstance(value, int):
        return np.uint32(value >> 32 & 0xFFFFFFFF), np.uint32(value & 0xFFFFFFFF)
    value = ops.cast(value, "int64")
    low = ops.bitwise_and(value, np.int64(0xFFFFFFFF))
    high = ops.bitwise_and(ops.right_shift(value, np.int64(32)), np.int64(0xFFFFFFFF))
    return ops.cast(high, "uint32"), ops.cast(low, "uint32")


def fold(key: tuple[Tensor, Tensor], value: int | Tensor | tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """A new key from `key` and an integer (or its two words): different values give unrelated keys."""
    return threefry2x32(key, value if isinstance(value, tuple) else words(value))


def streams(seeds: Tensor, epoch: Pair, ids: Pair) -> tuple[Tensor, list[Pair]]:
    """Everything that L layers need to draw for N samples.

    Args:
        seeds: uint32 `(L, 2)`, the words of each layer's seed.
        epoch: two words, scalars or `(N,)`.
        ids: two words `(N,)`.

    Returns:
        The keys `(L, N, 2)`, and for each group of `SCALARS` the first pair of words of its streams, each
        `(L, streams, N)`: most layers draw a few numbers per sample and so never compile a random generator of their
        own.
    """
    key = fold((seeds[:, :1], seeds[:, 1:]), epoch)
    key = fold(key, ids)
    wide = tuple(word[:, None] for word in key)
    scalars = [threefry2x32(wide, (np.uint32(0), np.array(group, "uint32")[:, None])) for group in SCALARS]
    return ops.stack(key, axis=-1), scalars


class Random:
    """N streams of random numbers, one per sample.

    Each call of a method takes the next stream, so the order of calls is part of the result. All methods
    return `(N, *shape)`.

    Args:
        keys: uint32 `(N, 2)`.
        *scalars: of `streams`, for each group two words `(streams, N)`, to be read instead of computed again.

    Example:

    >>> rng = Random(np.array([[1, 2], [3, 4]], "uint32"))
    >>> rng.uniform(-1.0, 1.0).shape
    TensorShape([2])
    """

    def __init__(self, keys: Tensor, *scalars: Pair):
        self._keys = keys
        self._scalars: dict[int, tuple[Tensor, ...]] = {}
        for group, words in zip(SCALARS, scalars, strict=False):
            self._scalars |= dict(zip(group, zip(*map(ops.unstack, words), strict=True), strict=True))
        self._stream = 0

    def bits(self, shape: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """Two independent uint32 words per element."""
        stream, self._stream = self._stream, self._stream + 1
        return self._words(shape, stream)

    def _words(self, shape: Sequence[int], stream: int) -> tuple[Tensor, Tensor]:
        if not shape and stream in self._scalars:
            return self._scalars[stream]
        size = functools.reduce(lambda a, b: a * b, shape, 1)
        element = ops.expand_dims(ops.cast(ops.arange(size, dtype="int32"), "uint32"), 0)
        rounds = {"rounds": _BULK_ROUNDS} if shape else {}
        words = threefry2x32((self._keys[:, :1], self._keys[:, 1:]), (element, np.uint32(stream)), **rounds)
        return tuple(ops.reshape(word, (-1, *shape)) for word in words)

    def uniform(self, low: float | Tensor = 0.0, high: float | Tensor = 1.0, shape: Sequence[int] = ()) -> Tensor:
        """float32, uniform in [low, high): 24 random bits. `high` itself comes up only by rounding."""
        fraction = _whole(self.bits(shape)[0], 8) * 2.0**-24
        if _is(low, 0.0) and _is(high, 1.0):
            return fraction
        return _scaled(fraction, low, ops.subtract(_float32(high), _float32(low)))

    def log_uniform(self, low: float | Tensor, high: float | Tensor, shape: Sequence[int] = ()) -> Tensor:
        """float32 from `low` to `high`, both above 0, uniform in the logarithm: doubling is as likely as halving."""
        first, last = (ops.log(_float64(end)) for end in (low, high))
        exponent = self.uniform(first, last, shape)
        # In float64, since a float32 exponential differs in its last bit with a row's place in the batch.
        return _float32(ops.exp(ops.cast(exponent, "float64")))

    def normal(self, mean: float | Tensor = 0.0, stddev: float | Tensor = 1.0, shape: Sequence[int] = ()) -> Tensor:
        """float32, normal, at most 5.5 standard deviations from the mean, in steps of 2**-16 of them."""
        standard = _normal(self.bits(shape)[0])
        if _is(mean, 0.0):  # a single product: no compiler can do it in two ways
            return standard * _rows(_float32(stddev), len(standard.shape))
        return _scaled(standard, mean, _float32(stddev))

    def integers(self, low: int | Tensor, high: int | Tensor, shape: Sequence[int] = ()) -> Tensor:
        """int32, uniform in [low, high), where high - low < 2**31. The bias is below 2**-32."""
        low, high = (_rows(ops.cast(t, "int32"), 1 + len(shape)) for t in (low, high))
        span = ops.cast(high - low, "uint32")
        first, second = self.bits(shape)
        # The upper word of (first, second) * span, in 32 bits: XLA on a CPU writes beyond int32 results that it
        # computes in 64 bits (seen in TensorFlow 2.21).
        upper, lower = _product(first, span)
        total = lower + _product(second, span)[0]
        carry = ops.cast(total < lower, "uint32")
        return low + ops.cast(upper + carry, "int32")

    def bernoulli(self, p: float | Tensor, shape: Sequence[int] = ()) -> Tensor:
        """bool, True with chance `p`: never at 0, always at 1."""
        return _unit(self.bits(shape)[0]) < _rows(_float64(_float32(p)), 1 + len(shape))

    def gate(self, p: float | Tensor) -> Tensor:
        """`bernoulli(p)` from a stream of its own, so that asking for it moves no other draw."""
        return _unit(self._words((), _GATE_STREAM)[0]) < _float64(_float32(p))

    def categorical(self, weights: Sequence[float] | Tensor, shape: Sequence[int] = ()) -> Tensor:
        """int32 in [0, K), drawn in proportion to `weights`, `(K,)` or one row per sample `(N, K)`."""
        weights = ops.cast(weights, "float64")
        if len(weights.shape) == 1:
            weights = ops.expand_dims(weights, 0)
        ends = ops.cumsum(weights, axis=-1)
        ends = ops.reshape(ends, (-1, *(1 for _ in shape), ends.shape[-1]))
        point = ops.expand_dims(_unit(self.bits(shape)[0]), -1) * ends[..., -1:]
        return ops.sum(ops.cast(point >= ends[..., :-1], "int32"), axis=-1)

    def permutation(self, n: int) -> Tensor:
        """int32 `(N, n)`: a random order of 0 … n-1 for each sample."""
        return ops.argsort(ops.cast(self.bits((n,))[0], "float64"), axis=-1)

    def log_gamma(self, alpha: float | Tensor, shape: Sequence[int] = ()) -> Tensor:
        """float32, the logarithm of a gamma variable of shape `alpha` and scale 1, which itself may be too small.

        Marsaglia and Tsang (2000), with eight tries at a number of which 96 % succeed at once.
        """
        alpha = _rows(_float64(_float32(alpha)), 1 + len(shape))
        d = ops.expand_dims(alpha + 2.0 / 3.0, -1)  # of alpha + 1, to be scaled down again
        normal = ops.cast(self.normal(shape=(*shape, 8)), "float64")
        log_chance = ops.log(_open_unit(self.bits((*shape, 8))[0]))
        cube = ops.maximum(1.0 + normal / ops.sqrt(9.0 * d), 1e-9) ** 3
        log_cube = ops.log(cube)
        accepted = log_chance < 0.5 * normal**2 + d - d * cube + d * log_cube
        # The first success, by sums: XLA would not come to an end with `argmax` and a gather.
        place = ops.where(accepted, np.arange(8, dtype="int32"), 7)
        first = ops.equal(np.arange(8, dtype="int32"), ops.min(place, axis=-1, keepdims=True, initial=7))
        log_gamma = ops.sum(ops.where(first, ops.log(d) + log_cube, 0.0), axis=-1)
        return _float32(log_gamma + ops.log(_open_unit(self.bits(shape)[0])) / alpha)

    def beta(self, a: float | Tensor, b: float | Tensor, shape: Sequence[int] = ()) -> Tensor:
        """float32 in [0, 1], from the beta distribution."""
        first, second = (ops.cast(self.log_gamma(alpha, shape), "float64") for alpha in (a, b))
        return _float32(ops.sigmoid(first - second))

    def dirichlet(self, alpha: float, n: int) -> Tensor:
        """float32 `(N, n)`: n shares that sum to 1, from the symmetric Dirichlet distribution."""
        logits = ops.cast(self.log_gamma(alpha, (n,)), "float64")
        return _float32(ops.softmax(logits, axis=-1) if n > 1 else ops.ones_like(logits))  # Keras warns of a single one

    def keys(self, n: int | None = None) -> Tensor:
        """uint32 `(N, 2)`, or `(N, n, 2)`: fresh keys, for draws whose shape is only known in `apply`."""
        shape = () if n is None else (n,)
        return ops.stack(self.bits(shape), axis=-1)


def _product(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The upper and the lower word of the product of two uint32, by their halves."""
    half, low_half = np.uint32(16), np.uint32(0xFFFF)
    a_low, a_high = ops.bitwise_and(a, low_half), ops.right_shift(a, half)
    b_low, b_high = ops.bitwise_and(b, low_half), ops.right_shift(b, half)
    lowest, cross, other = a_low * b_low, a_low * b_high, a_high * b_low
    middle = ops.right_shift(lowest, half) + ops.bitwise_and(cross, low_half) + ops.bitwise_and(other, low_half)
    lower = ops.bitwise_or(ops.left_shift(middle, half), ops.bitwise_and(lowest, low_half))
    upper = (
        a_high * b_high + ops.right_shift(cross, half) + ops.right_shift(other, half) + ops.right_shift(middle, half)
    )
    return upper, lower


def _float32(x: float | Tensor) -> Tensor:
    return ops.cast(x, "float32")


def _float64(x: float | Tensor) -> Tensor:
    """Numbers of Python, too, without the way over float32 that `cast` takes."""
    return ops.convert_to_tensor(x, "float64") if isinstance(x, (int, float)) else ops.cast(x, "float64")


def _unit(bits: Tensor) -> Tensor:
    """float64 in [0, 1), 32 bits."""
    return ops.cast(bits, "float64") * 2.0**-32


def _open_unit(bits: Tensor) -> Tensor:
    """float64 in (0, 1), 32 bits."""
    return (ops.cast(bits, "float64") + 0.5) * 2.0**-32


def _scaled(x: Tensor, offset: float | Tensor, scale: Tensor) -> Tensor:
    """offset + scale * x, the same bits with and without fused multiply-add.

    A product of two 24-bit numbers is exact in float64, so it makes no difference whether the compiler
    rounds it before the sum.
    """
    offset, scale = (_rows(ops.cast(_float32(t), "float64"), len(x.shape)) for t in (offset, scale))
    return _float32(offset + scale * ops.cast(_float32(x), "float64"))


def _rows(t: Tensor, rank: int) -> Tensor:
    """A scalar as it is; one value per sample, `(N,)`, ready to broadcast against `(N, ...)`."""
    return ops.reshape(t, (-1, *(1,) * (rank - 1))) if len(t.shape) == 1 else t


def _is(value: float | Tensor, number: float) -> bool:
    return isinstance(value, (int, float)) and value == number


def _whole(bits: Tensor, shift: int) -> Tensor:
    """The upper bits of words as whole numbers, float32."""
    return _float32(ops.cast(ops.right_shift(bits, np.uint32(shift)), "int32"))


_CELLS = 32  # in which the quantiles of each octave of probabilities are straight lines


def _quantiles() -> np.ndarray:
    """How far from 0 a normal number lies that is exceeded with chance u, in steps of 2**-16, for u from 2**-24 to 1.

    Each entry holds the value where its cell begins, in 19 bits, and the way down to its end, in 13 bits.
    """
    cells = np.arange(24 * _CELLS + 1)
    chance = 2.0 ** (cells // _CELLS - 24) * (1.0 + cells % _CELLS / _CELLS)
    distances = np.array([statistics.NormalDist().inv_cdf(1.0 - u / 2.0) if u < 1.0 else 0.0 for u in chance])
    ends = np.round(distances * 2.0**16).astype("int64")
    return (ends[:-1] << 13 | ends[:-1] - ends[1:]).astype("uint32").view("int32")


_QUANTILES = _quantiles()


def _normal(bits: Tensor) -> Tensor:
    """Standard normal numbers from a word each, by their quantiles, in whole numbers: the same in every mode."""
    chance = 2.0 * _whole(bits, 9) + 1.0  # u * 2**24: odd, so u > 0
    encoded = tf.bitcast(chance, "int32")
    cell, part = ops.right_shift(encoded, 18) - (127 << 5), ops.bitwise_and(encoded, (1 << 18) - 1)
    entry = ops.cast(look_up(_QUANTILES, cell), "uint32")
    begin = ops.cast(ops.right_shift(entry, np.uint32(13)), "int32")
    way = ops.cast(ops.bitwise_and(entry, np.uint32((1 << 13) - 1)), "int32")
    distance = begin - ops.right_shift(way * part, 18)
    sign = 1 - 2 * ops.cast(ops.bitwise_and(bits, np.uint32(1)), "int32")
    return _float32(sign * distance) * 2.0**-16
