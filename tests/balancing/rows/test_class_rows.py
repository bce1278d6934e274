import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth.balancing.rows.class_rows import ClassRows
from keras_augsynth.synthesis.seeds import random_for


def batches(count, size, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    for number in range(count):
        ids = np.arange(number * size, (number + 1) * size)
        yield ids.astype("float32")[:, None], rng.integers(0, classes, size).astype("int32"), rng.random(size) < 0.7


def held(rows, draws=200):
    """The ids of each class that come up."""
    result = []
    for label in range(len(rows.room)):
        x, there = rows.draw(tf.fill([draws], label), random_for(3, draws)[1])
        result.append(sorted(set(np.asarray(x)[np.asarray(there), 0].astype(int).tolist())))
    return result


@pytest.mark.parametrize(
    ("size", "jit_compile"),
    [
        *((size, False) for size in (1, 5, 12)),
        pytest.param(12, True, marks=pytest.mark.xla),
        *(pytest.param(size, True, marks=[pytest.mark.xla, pytest.mark.full]) for size in (1, 5)),
    ],
)
def test_holds_the_latest_rows_of_each_class(size, jit_compile):
    room = [4, 2, 0]
    rows = ClassRows(tf.TensorSpec((None, 1), "float32"), room)
    put = tf.function(rows.put, jit_compile=jit_compile)
    seen = [[], [], []]
    for x, labels, chosen in batches(6, size):
        put(tf.constant(x), tf.constant(labels), tf.constant(chosen))
        for row, label in zip(x[chosen, 0].astype(int).tolist(), labels[chosen], strict=True):
            seen[label].append(row)
        expected = [ids[-most:] if most else [] for ids, most in zip(seen, room, strict=True)]
        assert held(rows) == expected
        assert rows.held.numpy().tolist() == [len(ids) for ids in expected]


def test_a_second_lap_takes_the_place_of_the_first():
    rows = ClassRows(tf.TensorSpec((None, 1), "float32"), [10, 10])
    rows.put(tf.constant([[0.0], [1.0], [2.0]]), tf.constant([0, 0, 0]), tf.constant([True] * 3))
    rows.close_lap()
    rows.put(tf.constant([[3.0], [4.0]]), tf.constant([0, 1]), tf.constant([True] * 2))
    assert held(rows) == [[1, 2, 3], [4]]  # a class that had not come by still has its room
    rows.close_lap()
    rows.put(tf.constant([[5.0]]), tf.constant([1]), tf.constant([True]))
    assert held(rows) == [[1, 2, 3], [5]]


def test_draws_each_row_of_a_class_equally_often():
    rows = ClassRows(tf.TensorSpec((None, 1), "float32"), [7, 3])
    rows.put(tf.range(10.0)[:, None], tf.constant([0] * 7 + [1] * 3), tf.fill([10], True))
    x, there = rows.draw(tf.constant([0, 1] * 3000), random_for(11, 6000)[1])
    assert np.all(there)
    counts = np.bincount(np.asarray(x)[:, 0].astype(int), minlength=10)
    assert counts[:7].sum() == counts[7:].sum() == 3000
    assert stats.chisquare(counts[:7]).pvalue > 0.01 and stats.chisquare(counts[7:]).pvalue > 0.01


def test_a_class_without_rows_says_so():
    rows = ClassRows(tf.TensorSpec((None, 1), "float32"), [2, 0, 2])
    rows.put(tf.constant([[1.0], [2.0]]), tf.constant([0, 1]), tf.constant([True, True]))
    x, there = rows.draw(tf.constant([0, 1, 2]), random_for(0, 3)[1])
    assert np.asarray(there).tolist() == [True, False, False] and x[0, 0] == 1.0


@pytest.mark.parametrize("dtype", ["float16", "float64", "uint8", "int64", "bool", "string"])
def test_keeps_structures_and_kinds(dtype):
    values = np.array([["a"], ["b"]]) if dtype == "string" else np.array([[0], [1]])
    x = {"a": tf.cast(values, dtype) if dtype != "string" else tf.constant(values), "b": tf.zeros((2, 2, 3))}
    rows = ClassRows(x, [1, 1])
    rows.put(x, tf.constant([0, 1]), tf.constant([True, True]))
    drawn, there = rows.draw(tf.constant([1, 0, 1]), random_for(0, 3)[1])
    assert np.all(there) and drawn["a"].dtype == x["a"].dtype and drawn["b"].shape == (3, 2, 3)
    np.testing.assert_array_equal(drawn["a"], tf.gather(x["a"], [1, 0, 1]))


def test_memory_and_what_a_step_changes():
    rows = ClassRows({"a": tf.TensorSpec((None, 3), "float32"), "b": tf.TensorSpec((None,), "uint8")}, [4, 5])
    assert rows.nbytes == (4 + 5 + 1) * (3 * 4 + 1)
    before = [variable.numpy().copy() for variable in rows.counters]
    rows.put({"a": tf.zeros((1, 3)), "b": tf.zeros((1,), "uint8")}, tf.constant([1]), tf.constant([True]))
    assert rows.held.numpy().tolist() == [0, 1]
    for variable, value in zip(rows.counters, before, strict=True):
        variable.assign(value)
    assert rows.held.numpy().tolist() == [0, 0]


def test_replace():
    rows = ClassRows(tf.TensorSpec((None, 1), "float32"), [2, 3, 1])
    rows.put(tf.constant([[99.0]]), tf.constant([2]), tf.constant([True]))
    rows.replace(np.arange(6, dtype="float32")[:, None], np.array([1, 0, 1, 0, 0, 1]))
    assert held(rows) == [[1, 3], [0, 2, 5], []]
    rows.replace(np.zeros((0, 1), "float32"), np.zeros(0, "int64"))
    assert held(rows) == [[], [], []]
