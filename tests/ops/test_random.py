"""Against the published known answers, SciPy's distributions, and itself in the three modes."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth.ops.random import Random, fold, streams, threefry2x32, words

# From Random123's kat_vectors: threefry2x32.
KNOWN_ANSWERS = [
    (20, (0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    (20, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    (20, (0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    (13, (0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x9D1C5EC6, 0x8BD50731)),
    (13, (0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
    (13, (0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xBA3E4725, 0xF27D669E)),
]


def rng(count=2000, seed=7):
    return Random(tf.stack(fold(words(seed), tf.range(count)), axis=-1))


@pytest.mark.parametrize(("rounds", "key", "counter", "answer"), KNOWN_ANSWERS)
def test_known_answers(rounds, key, counter, answer):
    key, counter = (tuple(tf.constant(word, tf.uint32) for word in pair) for pair in (key, counter))
    assert tuple(int(word) for word in threefry2x32(key, counter, rounds)) == answer


def all_draws(count):
    source = rng(count)
    row = tf.cast(tf.range(count), tf.float32)
    return (
        source.uniform(-1.3, 3.7, (50,)),
        source.uniform(row, row + 0.1, (3,)),
        source.normal(0.3, 2.1, (50,)),
        source.integers(-5, 100, (3,)),
        source.bernoulli(0.3),
        source.gate(0.3),
        source.categorical([0.1, 0.2, 0.7], (4,)),
        source.permutation(5),
        source.keys(),
    )


def test_eager_graph_and_xla_give_the_same_bits():
    eager, graph = all_draws(500), tf.function(all_draws)(500)
    xla = tf.function(all_draws, jit_compile=True)(500)
    for first, second, third in zip(eager, graph, xla, strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(first, third)


@pytest.mark.parametrize(
    ("draw", "law"),
    [
        (lambda r: r.uniform(-2.0, 5.0, (100,)), stats.uniform(-2, 7)),
        (lambda r: r.log_uniform(0.5, 4.0, (100,)), stats.loguniform(0.5, 4)),
        (lambda r: r.normal(1.0, 3.0, (100,)), stats.norm(1, 3)),
    ],
    ids=["uniform", "log-uniform", "normal"],
)
def test_distribution(draw, law):
    sample = draw(rng()).numpy().ravel().astype("float64")
    assert stats.kstest(sample, law.cdf).pvalue > 1e-3
    assert sample.mean() == pytest.approx(law.mean(), abs=5 * law.std() / len(sample) ** 0.5)


def test_normal_tails():
    sample = rng().normal(shape=(1000,)).numpy().ravel()
    for limit in (1, 2, 3, 4):
        expected = 2 * stats.norm.sf(limit)
        assert np.mean(np.abs(sample) > limit) == pytest.approx(expected, abs=5 * (expected / len(sample)) ** 0.5)


def test_counts_are_even():
    integers = rng().integers(3, 20, (100,)).numpy().ravel()
    assert stats.chisquare(np.bincount(integers - 3)).pvalue > 1e-3
    weights = np.array([1.0, 0.0, 5.0, 2.0])
    drawn = np.bincount(rng().categorical(weights, (100,)).numpy().ravel(), minlength=4)
    assert drawn[1] == 0
    expected = weights / weights.sum() * drawn.sum()
    assert stats.chisquare(drawn[[0, 2, 3]], expected[[0, 2, 3]]).pvalue > 1e-3
    first_of_permutation = rng().permutation(6).numpy()[:, 0]
    assert stats.chisquare(np.bincount(first_of_permutation, minlength=6)).pvalue > 1e-3


def test_weights_of_each_row():
    weights = np.eye(4)[np.arange(2000) % 4]
    np.testing.assert_array_equal(rng().categorical(weights), np.arange(2000) % 4)


def test_chances_at_the_ends():
    assert not np.any(rng().bernoulli(0.0)) and np.all(rng().bernoulli(1.0))
    assert not np.any(rng().gate(0.0)) and np.all(rng().gate(1.0))


def test_neighbours_are_not_related():
    """Neighbouring ids, streams, elements and seeds: ranks are uncorrelated, and pairs fill the square evenly."""
    table = np.stack([rng(4000, seed).uniform(shape=(3,)).numpy() for seed in (1, 2)])
    first = table[0]
    pairs = {
        "ids": (first[:-1, 0], first[1:, 0]),
        "elements": (first[:, 0], first[:, 1]),
        "seeds": (table[0, :, 0], table[1, :, 0]),
    }
    source = rng(4000)
    pairs["streams"] = source.uniform().numpy(), source.uniform().numpy()
    for name, (a, b) in pairs.items():
        assert stats.spearmanr(a, b).pvalue > 1e-3, name
        counts, *_ = np.histogram2d(a, b, bins=8, range=[[0, 1], [0, 1]])
        assert stats.chisquare(counts.ravel()).pvalue > 1e-3, name


def test_row_depends_on_its_key_alone():
    for few, many in zip(all_draws(3), all_draws(500), strict=True):
        np.testing.assert_array_equal(few, many[:3])


def test_precomputed_streams_are_the_same_numbers():
    seeds = np.array([words(7), words(2**40 + 1)], "uint32")
    epoch, ids = words(3), words(tf.range(10))
    keys, scalars = streams(tf.constant(seeds), epoch, ids)
    for layer in range(2):
        quick = Random(keys[layer], *((first[layer], second[layer]) for first, second in scalars))
        slow = Random(keys[layer])
        for _ in range(17):  # beyond those that are precomputed
            np.testing.assert_array_equal(quick.uniform(), slow.uniform())
        np.testing.assert_array_equal(quick.gate(0.5), slow.gate(0.5))


def test_words_of_large_and_negative_numbers():
    for value, expected in ((2**33 + 5, (2, 5)), (-1, (2**32 - 1, 2**32 - 1)), (2**64 - 1, (2**32 - 1, 2**32 - 1))):
        assert tuple(int(word) for word in words(value)) == expected
        if value < 2**63:
            assert tuple(int(word) for word in words(tf.constant(value, tf.int64))) == expected


def test_all_seeds_differ():
    draws = [tuple(rng(2, seed).uniform().numpy()) for seed in (0, 1, -1, 2**32, 2**32 + 1, 2**63)]
    assert all(a != b for a, b in itertools.combinations(draws, 2))
