import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth.balancing.rows.step_random import step_random, step_seed


def draws(seed, count):
    rng = step_random(tf.constant(seed, "int64"), tf.constant(count))
    return rng.uniform().numpy(), rng.integers(0, 5).numpy()


def test_they_are_uniform_and_independent():
    uniform, integers = draws(3, 4000)
    assert stats.kstest(uniform, "uniform").pvalue > 0.01
    assert stats.chisquare(np.bincount(integers, minlength=5)).pvalue > 0.01
    assert stats.chi2_contingency(np.histogram2d(uniform, integers, bins=(4, 5))[0]).pvalue > 0.01


def test_a_row_depends_on_the_seed_and_its_place():
    for few, many, others in zip(draws(3, 2), draws(3, 50), draws(4, 50), strict=True):
        np.testing.assert_array_equal(few, many[:2])
        assert not np.array_equal(many, others)


@pytest.mark.xla
def test_xla_draws_the_same():
    compiled = tf.function(lambda: step_random(tf.constant(3, "int64"), tf.constant(50)).uniform(), jit_compile=True)
    np.testing.assert_array_equal(compiled(), draws(3, 50)[0])


def test_seeds_differ():
    seeds = {
        int(step_seed(seed, tf.constant(draw, "int64"), replica))
        for seed in (0, 1, 2**62)
        for draw in (0, 1, 2**32)
        for replica in (0, 1)
    }
    assert len(seeds) == 18 and min(seeds) >= 0 and max(seeds) < 2**31 - 1
