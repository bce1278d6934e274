import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.balancing.tally import Tally


def test_rows_by_class_and_kind():
    tally = Tally(3)
    generated, used = tf.constant([True, False, True, True]), tf.constant([True, True, True, False])
    for _ in range(2):
        tally.count_real(tf.constant([0, 0, 1, 2]))
        tally.count_added(tf.constant([1, 2, 2, 1]), generated, used)
    np.testing.assert_array_equal(tally.real, [4, 2, 2])
    np.testing.assert_array_equal(tally.generated, [0, 2, 2])
    np.testing.assert_array_equal(tally.repeated, [0, 0, 2])
    assert tally.rows == 14
    assert tally.logs(True) == {"synthetic_share": pytest.approx(4 / 14), "repeated_share": pytest.approx(2 / 14)}
    assert set(tally.logs(False)) == {"synthetic_share"}
    np.testing.assert_allclose(tally.shares(), [0, 2 / 4, 2 / 6])
    tally.clear()
    assert tally.rows == 0 and tally.logs(False) == {"synthetic_share": 0.0} and tally.shares() == [0, 0, 0]
