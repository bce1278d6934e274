"""Weights of rows, asked as functions of numbers."""

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.balancing import weights
from keras_augsynth.balancing.labels import Target


def test_rows_that_count():
    np.testing.assert_array_equal(weights.counted(tf.constant([0.0, 2.0, -1.0])), [False, True, True])
    np.testing.assert_array_equal(weights.counted(tf.constant([[0.0, 0.0], [0.0, 0.1]])), [False, True])


def test_the_usual_weight_is_that_of_rows_that_count():
    assert weights.usual(tf.constant([0.0, 1.0, 3.0])).numpy() == 2.0
    assert weights.usual(tf.zeros(3)).numpy() == 0.0


@pytest.mark.parametrize("shape", [(), (1,), (2,)])
def test_a_mean_over_all_rows_is_one_over_those_that_count(shape):
    """Losses divide by the number of rows: a row of weight 0 that was added must not make the others lighter."""
    real, added = np.array([1.0, 0.0, 2.0]), np.array([3.0, 0.0, 0.0])
    wide = lambda values: tf.constant(np.ones(shape) * values.reshape(-1, *(1,) * len(shape)), "float32")
    found = weights.joined(wide(real), [tf.constant(added[:2], "float32"), tf.constant(added[2:], "float32")]).numpy()
    values = np.arange(1.0, 7.0)
    expected = np.sum(values * np.concatenate([real, added])) / 4  # the batch's own rows count whatever they weigh
    np.testing.assert_allclose(np.mean(found.reshape(6, -1)[:, 0] * values), expected, rtol=1e-6)


def test_nothing_is_added():
    np.testing.assert_array_equal(weights.joined(tf.constant([1.0, 2.0]), [tf.zeros(0)]), [1.0, 2.0])


def test_generated_rows_have_no_labels_for_other_outputs():
    target, y = Target("o", "a"), {"a": tf.zeros(3), "b": tf.zeros((3, 2))}
    own, real = tf.constant([1.0, 0.5, 1.0]), tf.constant([1.0, 0.0, 0.0])
    found = weights.of_added(None, y, target, own, real)
    np.testing.assert_array_equal(found["a"], [1.0, 0.5, 1.0])
    np.testing.assert_array_equal(found["b"], [1.0, 0.0, 0.0])
    given = {"a": tf.fill([3], 2.0), "b": tf.fill([3], 3.0)}
    found = weights.of_added(given, y, target, own, real)
    np.testing.assert_array_equal(found["a"], [2.0, 1.0, 2.0])
    np.testing.assert_array_equal(found["b"], [3.0, 0.0, 0.0])
    np.testing.assert_array_equal(weights.of_added(tf.fill([3], 2.0), y["a"], target, own, real), [2.0, 1.0, 2.0])
