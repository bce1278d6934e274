"""Kernels that are kept from being fused, in SavedModels."""

import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.ops.compiled import materialized


@pytest.mark.parametrize("dtype", ["int32", "float32"])
def test_it_can_be_saved(dtype, tmp_path):
    """TensorFlow writes the gradient with it; whole numbers have none."""
    module = tf.Module()
    module.plus_one = tf.function(
        lambda x: materialized(lambda t: t + 1, x), input_signature=[tf.TensorSpec((None,), dtype)]
    )
    tf.saved_model.save(module, tmp_path / "saved")
    saved = tf.saved_model.load(tmp_path / "saved")
    x = tf.constant([0, 1, 2], dtype)
    np.testing.assert_array_equal(saved.plus_one(x), [1, 2, 3])
    if x.dtype.is_floating:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = saved.plus_one(x)
        np.testing.assert_array_equal(tape.gradient(y, x), [1, 1, 1])
