import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth.balancing.trials import held_out
from keras_augsynth.balancing.trials.held_out import HeldOut, fingerprints

RNG = np.random.default_rng(0)
FLOATS = RNG.normal(size=(40, 2, 3))
ROWS = {
    "float32": FLOATS.astype("float32"),
    "float64": FLOATS,
    "float16": FLOATS.astype("float16"),
    "uint8": RNG.integers(0, 256, (40, 2, 3)).astype("uint8"),
    "int64": RNG.integers(-(2**40), 2**40, (40, 5)),
    "bool": RNG.random((40, 20)) < 0.5,
    "vector": RNG.normal(size=40),
    "dict": {"b": FLOATS.astype("float32"), "a": RNG.integers(0, 9, 40)},
    "string": np.array([f"text {k}" for k in range(40)]),
}


def one_by_one(rows, seed):
    """Murmur's finalizer in Python's integers."""
    mask = 0xFFFFFFFF

    def mixed(h):
        h = (h ^ h >> 16) * 0x85EBCA6B & mask
        h = (h ^ h >> 13) * 0xC2B2AE35 & mask
        return h ^ h >> 16

    result = []
    for row in rows:
        terms = (mixed(int(h)) * (mixed(k * 0x9E3779B9 & mask) | 1) for k, h in enumerate(row, 1))
        result.append(mixed(seed + sum(terms) & mask) & 0x7FFFFFFF)
    return result


def test_fingerprints_are_murmurs():
    np.testing.assert_array_equal(
        fingerprints(ROWS["float32"], 5), one_by_one(ROWS["float32"].reshape(40, -1).view("uint32"), 5)
    )


XLA, FULL = pytest.mark.xla, pytest.mark.full


@pytest.mark.parametrize(
    ("kind", "jit_compile"),
    [
        *((kind, False) for kind in ROWS),
        pytest.param("dict", True, marks=XLA),
        *(pytest.param(kind, True, marks=[XLA, FULL]) for kind in ROWS if kind not in ("dict", "string")),
    ],
)
def test_a_row_has_one_number_everywhere(kind, jit_compile):
    x = ROWS[kind]
    whole = fingerprints(x, 7).numpy()
    assert len(set(whole.tolist())) == 40 and whole.min() >= 0
    assert not np.array_equal(whole, fingerprints(x, 8))
    tensors = keras.tree.map_structure(tf.convert_to_tensor, x)
    some = [5, 31, 2]
    part = keras.tree.map_structure(lambda t: tf.gather(t, some), tensors)
    in_graph = tf.function(lambda rows: fingerprints(rows, 7), jit_compile=jit_compile)
    np.testing.assert_array_equal(in_graph(tensors), whole)
    np.testing.assert_array_equal(in_graph(part), whole[some])


def test_fingerprints_of_no_rows():
    assert fingerprints(np.zeros((0, 3), "float32"), 1).shape == (0,)


@pytest.mark.parametrize("values", [(-1, 0), (0, 1), (-1.0, 1.0), (0.0, -0.0)])
def test_rows_of_two_values_are_told_apart(values):
    bits = np.arange(4096)[:, None] >> np.arange(12) & 1
    assert len(np.unique(fingerprints(np.array(values)[bits], 3))) > 4090


def test_fingerprints_are_uniform():
    numbers = fingerprints(np.arange(8000, dtype="float32")[:, None], 2).numpy() / 2.0**31
    assert stats.kstest(numbers, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.04


def test_the_order_of_the_values_counts():
    assert len(np.unique(fingerprints(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [2.0, 1.0, 3.0]]), 0))) == 3


@pytest.mark.parametrize("floatx", ["float16", "float32", "float64"])
def test_rows_are_known_again_as_keras_casts_them(floatx):
    keras.config.set_floatx(floatx)
    labels = np.repeat([0, 1], 20)
    held = HeldOut(FLOATS, labels, 2, 0.5, 1)
    cast = FLOATS.astype(floatx)
    known = np.asarray(held.holds(tf.constant(cast), tf.constant(labels)))
    assert known.sum() == 20
    np.testing.assert_array_equal(held.x, FLOATS[known])


@pytest.mark.parametrize(("share", "expected"), [(0.2, [20, 4, 1, 0]), (0.5, [50, 10, 3, 0]), (0.0, [0, 0, 0, 0])])
def test_the_same_part_of_each_class(share, expected):
    labels = RNG.permutation(np.repeat([0, 1, 2], [100, 20, 6]))
    x = RNG.normal(size=(126, 4)).astype("float32")
    held = HeldOut(x, labels, 4, share, 3)
    np.testing.assert_array_equal(np.bincount(held.labels, minlength=4), expected)
    known = np.asarray(held.holds(x, labels))
    np.testing.assert_array_equal(held.x, x[known])
    np.testing.assert_array_equal(held.labels, labels[known])
    held.release()
    assert not np.any(held.holds(x, labels))


def test_one_row_at_least_is_left_for_training():
    x = np.arange(6, dtype="float32")[:, None]
    held = HeldOut(x, np.array([0, 0, 0, 0, 1, 2]), 3, 1.0, 0)
    np.testing.assert_array_equal(np.bincount(held.labels, minlength=3), [3, 0, 0])


def test_duplicates_stay_together():
    x = np.repeat(np.arange(25, dtype="float32"), 4)[:, None]
    held = HeldOut(x, np.zeros(100, "int64"), 1, 0.3, 4)
    _, counts = np.unique(held.x, return_counts=True)
    assert set(counts) == {4} and 24 <= len(held.x) <= 30


def test_the_same_row_in_two_classes_is_judged_by_its_class():
    x = np.zeros((2, 1), "float32")
    assert not len(HeldOut(x, np.array([0, 1]), 2, 0.5, 0).x)


def test_blocks_do_not_matter(monkeypatch):
    labels = np.zeros(40, "int64")
    whole = HeldOut(ROWS["dict"], labels, 1, 0.3, 2)
    monkeypatch.setattr(held_out, "_BLOCK", 20)
    parts = HeldOut(ROWS["dict"], labels, 1, 0.3, 2)
    assert len(whole.labels) == 12
    keras.tree.map_structure(np.testing.assert_array_equal, whole.x, parts.x)


def test_another_seed_holds_out_other_rows():
    x, labels = ROWS["float32"], np.zeros(40, "int64")
    assert not np.array_equal(HeldOut(x, labels, 1, 0.5, 1).x, HeldOut(x, labels, 1, 0.5, 2).x)


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=[XLA, FULL])], ids=["", "xla"])
def test_generated_rows_that_repeat_held_out_ones(jit_compile):
    x, labels = ROWS["float32"], np.repeat([0, 1], 20)
    held = HeldOut(x, labels, 2, 0.25, 3)
    others = np.random.default_rng(1).normal(size=(400, 2, 3)).astype("float32")
    repeats = tf.function(held.repeats, jit_compile=jit_compile)
    np.testing.assert_array_equal(repeats(x, labels), held.holds(x, labels))
    assert np.count_nonzero(held.holds(x, labels)) == 10
    assert not np.any(repeats(others, np.zeros(400, "int64")))
    held.release()
    assert not np.any(repeats(x, labels))
    assert not np.any(HeldOut(x, labels, 2, 0.0, 3).repeats(x, labels))
