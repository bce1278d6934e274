"""Draws of words: SplitMix64, held to its authors' numbers, and orders and choices, each as likely as any other."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth.ops.random import Random
from keras_augsynth.ops.text import draws, edits, words


def splitmix(state, count):
    """The published generator, word for word."""
    numbers = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        numbers.append(z ^ z >> 31)
    return numbers


def test_draws_of_words_are_those_of_splitmix64():
    assert splitmix(0, 2) == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]  # as the authors print them
    keys = np.array([[1, 2], [2**32 - 1, 2**32 - 1], [5, 6]], "uint32")
    found = words.split(tf.constant(["a b c", "", "d e"]))
    for stream in (0, 3):
        drawn = draws.uniforms(tf.constant(keys), found.sizes, stream)
        for own, (low, high) in zip(np.split(drawn.numpy(), found.firsts.numpy()[1:]), keys.tolist(), strict=True):
            count = (low + 2**32 * high) % 2**62 + 2**32 * stream  # the number of the first
            expected = splitmix((count - 1) * 0x9E3779B97F4A7C15, len(own))
            assert own.tolist() == [(number >> 40) / 2**24 for number in expected]
        some = tf.constant([4, 1, 3])
        np.testing.assert_array_equal(draws.uniforms_of(found, keys, some, stream), tf.gather(drawn, some))


def test_draws_of_neighbours_are_not_related():
    """Words, texts, streams and seeds beside each other: numbers are uniform, and pairs of them fill the square."""
    keys = lambda seed: Random(np.stack([np.full(2000, seed), np.arange(2000)], 1).astype("uint32")).keys()
    drawn = lambda seed, stream: np.reshape(draws.uniforms(keys(seed), tf.fill([2000], 20), stream), (2000, 20))
    first, other = drawn(1, 0), drawn(2, 0)
    pairs = {
        "words": (first[:, :-1], first[:, 1:]),
        "every second word": (first[:, :-2], first[:, 2:]),
        "texts": (first[:-1], first[1:]),
        "streams": (first, drawn(1, 1)),
        "distant streams": (first, drawn(1, 3)),
        "seeds": (first, other),
    }
    assert stats.kstest(np.ravel(first), "uniform").pvalue > 1e-3
    for name, (a, b) in pairs.items():
        counts, *_ = np.histogram2d(np.ravel(a), np.ravel(b), bins=16, range=[[0, 1], [0, 1]])
        assert stats.chisquare(counts.ravel()).pvalue > 1e-3, name
    bits = np.ravel(first * 2**24).astype(int)[:, None] >> np.arange(24) & 1  # each of them, and each two
    assert np.all(np.abs(np.corrcoef(bits.T) - np.eye(24)) < 5 / np.sqrt(len(bits)))
    assert np.all(np.abs(bits.mean(0) - 0.5) < 2.5 / np.sqrt(len(bits)))


KEYS = np.random.default_rng(0).integers(0, 2**32, (4000, 2), "uint32")


def same(text, count=4000):
    """A text many times, and a key for each."""
    return words.split(tf.fill([count], text)), tf.constant(KEYS[:count])


def test_deletion_leaves_the_luckiest():
    found, keys = same("a b  c d e", 50)
    every, luck = edits.chosen(found, keys, tf.ones(50)), draws.uniforms(keys, found.sizes)
    assert every.numpy().tolist() == list(range(250))
    left = np.delete(every, edits.not_the_last(found, keys, every))
    assert left.tolist() == (np.argmax(np.reshape(luck, (50, 5)), axis=1) + 5 * np.arange(50)).tolist()
    some = edits.chosen(found, keys, tf.constant([0.4, 0.0] * 25)).numpy()
    assert some.tolist() == [k for k, each in enumerate(luck.numpy()) if each < 0.4 and k // 5 % 2 == 0]
    np.testing.assert_array_equal(edits.not_the_last(found, keys, tf.constant([3, 1])), [3, 1])


def orders(places, size):
    """How often each order of some of `size` words of a text came up; the words of each text stand together."""
    row, place = np.divmod(places, size)
    assert np.all(np.diff(row) >= 0)
    each = [tuple(own.tolist()) for own in np.split(place, np.flatnonzero(np.diff(row)) + 1)]
    return {order: each.count(order) for order in set(each)}


def test_every_order_of_words_is_as_likely_as_any_other():
    found, keys = same("a b c d")
    counts = orders(draws.shuffled(found, keys, tf.ones([4000], tf.bool)), 4)
    assert len(counts) == 24 and stats.chisquare(list(counts.values())).pvalue > 1e-3
    changed = found.edited(edits.permuted(found, keys)).numpy()
    assert {*changed} == {" ".join(order).encode() for order in itertools.permutations("abcd")}


@pytest.mark.parametrize("tries", [0, 2, 3, 4, 20])
@pytest.mark.parametrize("kept", [[0, 1, 2, 3, 4], [1, 2, 4]])
def test_every_choice_of_words_is_as_likely_as_any_other(tries, kept):
    """Whether few tries find them, or all words of a text are looked at."""
    found, keys = same("a b c d e")
    find = lambda which: (tf.boolean_mask(which, tf.reduce_any(which[:, None] % 5 == tf.constant(kept), 1)),)
    number = tf.fill([4000], 2)
    ranks, (places,) = draws.picked(found, keys, number, tf.fill([4000], tries), find)
    assert ranks.numpy().tolist() == [0, 1] * 4000
    pairs = np.reshape(places, (4000, 2))
    counts = orders(np.ravel(pairs[np.argsort(pairs[:, 0])]), 5)
    assert {*counts} == {*itertools.permutations(kept, 2)}
    assert stats.chisquare(list(counts.values())).pvalue > 1e-3


def test_words_are_picked_as_far_as_there_are_any():
    found = words.split(tf.constant([" a b  c ", "", "d", "e f g h"]), protected="[be]")
    _, (places,) = draws.picked(found, KEYS[:4], tf.constant([2, 1, 2, 0]), tf.constant([2, 0, 1, 1]))
    assert found.strings(tf.sort(places)).numpy().tolist() == [b"a", b"c", b"d"]
    _, (places,) = draws.picked(found, KEYS[:4], tf.fill([4], 9), tf.fill([4], 3))
    assert found.strings(tf.sort(places)).numpy().tolist() == [b"a", b"c", b"d", b"f", b"g", b"h"]
