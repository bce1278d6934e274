"""Counts and their sums, beside NumPy's."""

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.ops import compiled, histograms
from keras_augsynth.ops.kernels import one_by_one


def test_running_sums_are_exact_also_where_float32_is_not():
    counts = np.random.default_rng(0).integers(0, 2**22, (3, 256), "int32")
    np.testing.assert_array_equal(histograms.running(counts), np.cumsum(counts, axis=-1))


@pytest.mark.parametrize("way", ["one by one", "at once", "uncompiled"])
def test_counts_are_numpys(way, monkeypatch):
    monkeypatch.setattr(one_by_one, "has_gpu", lambda: way == "at once")
    x = np.random.default_rng(0).integers(0, 7, (3, 4, 5, 2), "uint8")
    places = lambda x: (histograms.by_channel(x, 8), x != 3)
    count = tf.function(lambda x: histograms.count(x, places, 2, 8), autograph=False)
    with compiled.way(way != "uncompiled"):
        found = count(tf.constant(x))
        several = [op.type for op in count.get_concrete_function(tf.constant(x)).graph.get_operations()]
    assert ("While" in several or "StatelessWhile" in several) == (way == "one by one")
    expected = [np.bincount(image[..., k][image[..., k] != 3], minlength=8) for image in x for k in range(2)]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.xla
def test_a_batch_of_unknown_length_may_be_empty():
    count = tf.function(
        lambda x: histograms.count(x, lambda x: (histograms.by_channel(x, 8), x != 3), 2, 8),
        input_signature=[tf.TensorSpec((None, 4, 5, 2), "uint8")],
        autograph=False,
        jit_compile=True,
    )
    assert count(tf.zeros((0, 4, 5, 2), "uint8")).shape == (0, 8)
    assert int(count(tf.zeros((2, 4, 5, 2), "uint8"))[3, 0]) == 20
