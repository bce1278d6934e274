import gc

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth.balancing.rows import sources
from keras_augsynth.balancing.rows.sources import Live, Pool, finite
from keras_augsynth.synthesis.seeds import normal


class Numbered:
    """Rows (label, a number from the seed); every k-th is NaN."""

    def __init__(self, nan_every=0):
        self.nan_every, self.asked = nan_every, []

    def fit(self, x, y):
        return self

    def sample(self, labels, seed=None):
        count = tf.shape(labels)[0]
        self.asked.append(labels)
        x = tf.stack([tf.cast(labels, "float32"), normal(seed, count, 1)[:, 0]], axis=1)
        if not self.nan_every:
            return x
        return tf.where((tf.range(count) % self.nan_every == 0)[:, None], np.nan, x)


SPEC = tf.TensorSpec((None, 2), "float32")
EACH = 8  # bytes of a row


def pool(size=30, wanted=(0, 10, 20), memory=10**6, accept=None, nan_every=0):
    return Pool(Live(Numbered(nan_every), accept), SPEC, size, np.array(wanted), memory)


def held(the_pool, label, draws=300):
    x, there, same = the_pool.draw(tf.fill([draws], label), tf.constant(5, "int64"))
    np.testing.assert_array_equal(there, same)
    x = np.asarray(x)[np.asarray(there)]
    assert np.all(x[:, 0] == label)
    return np.unique(x[:, 1])


def test_finite():
    x = {"a": tf.constant([[1.0, np.nan], [1.0, 2.0], [np.inf, 0.0], [0.0, 0.0]]), "b": tf.range(4)}
    assert finite(x).numpy().tolist() == [False, True, False, True]
    assert finite((tf.constant([1.0, -np.inf]), tf.constant(["", "a"]))).numpy().tolist() == [True, False]
    assert finite(tf.zeros((0, 3))).shape == (0,)
    assert finite(tf.cast([[1.0], [np.nan]], "bfloat16")).numpy().tolist() == [True, False]


def test_live():
    labels, seed = tf.constant([0, 1, 1, 0]), tf.constant(3, "int64")
    _, sound, usable = Live(Numbered(nan_every=3), None).draw(labels, seed)
    assert sound.numpy().tolist() == usable.numpy().tolist() == [False, True, True, False]
    accept = lambda samples, labels: tf.cast(labels, "float32")
    _, sound, usable = Live(Numbered(nan_every=3), accept).draw(labels, seed)
    assert sound.numpy().tolist() == usable.numpy().tolist() == [False, True, True, False]
    _, sound, usable = Live(Numbered(), accept).draw(labels, seed)
    assert np.all(sound) and usable.numpy().tolist() == [False, True, True, False]
    column = lambda samples, labels: tf.equal(labels, 1)[:, None]
    assert Live(Numbered(), column).draw(labels, seed)[2].numpy().tolist() == [False, True, True, False]


def test_live_lets_the_synthesizer_accept():
    class Own(Numbered):
        def sample(self, labels, seed=None, accept=None):
            assert accept == "discriminator"
            return super().sample(labels, seed)

    assert np.all(Live(Own(), "discriminator").draw(tf.constant([1]), tf.constant(1, "int64"))[2])


def test_a_pool_holds_what_is_wanted():
    the_pool = pool()
    assert the_pool.filled_by is None
    assert the_pool.refresh(1) == (30, 30, 30) and the_pool.filled_by == 1
    assert [len(held(the_pool, label)) for label in range(3)] == [0, 10, 20]
    assert the_pool.rows.held.numpy().tolist() == [0, 10, 20]


@pytest.mark.parametrize(
    ("wanted", "counts"), [([1, 1, 1], [11, 11, 11]), ([0, 1e-3, 3e-3], [0, 8, 24]), ([0, 0, 0], [0] * 3)]
)
def test_wanted_is_relative(wanted, counts):
    the_pool = pool(size=31, wanted=wanted)
    assert the_pool.refresh(1)[0] == sum(counts)
    assert the_pool.rows.held.numpy().tolist() == counts


def test_an_empty_pool_has_no_rows():
    the_pool = pool(accept=lambda samples, labels: tf.zeros_like(labels, "bool"))
    assert the_pool.refresh(1) == (30, 30, 0)
    assert all(not len(held(the_pool, label)) for label in range(3))


def test_rejected_and_nan_rows_stay_outside():
    the_pool = pool(size=60, wanted=[0, 1, 1], nan_every=3, accept=lambda samples, labels: labels == 1)
    asked, sound, accepted = the_pool.refresh(4)
    assert (asked, sound) == (60, 40) and 0 < accepted < 30
    assert np.all(np.isfinite(held(the_pool, 1))) and len(held(the_pool, 1)) == accepted
    assert not len(held(the_pool, 2))


def test_blocks_have_one_size_and_hold_all_classes(monkeypatch):
    monkeypatch.setattr(sources, "_BLOCK", 16)
    the_pool = pool(size=40, wanted=[0, 1, 1])
    assert the_pool.refresh(2) == (40, 40, 40)
    asked = the_pool._source._sample.__self__.asked
    assert [len(labels) for labels in asked] == [16, 16, 16]
    assert all(len(np.unique(labels)) == 2 for labels in asked)
    assert len(held(the_pool, 1)) == 20  # no block repeats another one's draws


def test_refresh_brings_other_rows_and_the_seed_decides():
    one, other = pool(), pool()
    one.refresh(1), other.refresh(1)
    first = held(one, 1)
    np.testing.assert_array_equal(first, held(other, 1))
    one.turn(9)  # all of it is in memory
    np.testing.assert_array_equal(first, held(one, 1))
    one.refresh(2)
    assert not len(np.intersect1d(first, held(one, 1)))


def test_a_pool_on_disk_shows_a_part_at_a_time():
    the_pool = pool(size=60, wanted=[0, 20, 40], memory=15 * EACH)
    assert the_pool.refresh(1) == (60, 60, 60)
    assert the_pool.rows.held.numpy().tolist() == [0, 5, 10]
    assert the_pool.rows.nbytes <= (15 + 1) * EACH
    seen = [held(the_pool, 2)]
    for seed in range(2, 30):
        the_pool.turn(seed)
        seen.append(held(the_pool, 2))
    assert {len(part) for part in seen} == {10} and len(np.unique(np.concatenate(seen))) == 40
    the_pool.refresh(2)
    assert not len(np.intersect1d(np.concatenate(seen), held(the_pool, 2)))
    gc.collect()  # a file that is still open would warn


def test_a_pool_on_disk_without_the_rejected():
    the_pool = pool(size=60, wanted=[0, 30, 30], memory=20 * EACH, nan_every=2)
    assert the_pool.refresh(1) == (60, 30, 30)
    assert np.all(np.isfinite(held(the_pool, 1))) and len(held(the_pool, 1)) == 10


def test_memory_for_one_row_holds_one_of_each_class():
    the_pool = pool(memory=1)
    the_pool.refresh(1)
    seen = set()
    for seed in range(8):
        the_pool.turn(seed)
        assert [len(held(the_pool, label, 20)) for label in range(3)] == [0, 1, 1]
        seen.add(float(held(the_pool, 2, 20)[0]))
    assert len(seen) > 3


@pytest.mark.parametrize("memory", [10**6, 40])
def test_strings_and_structures(memory):
    class Words(Numbered):
        def sample(self, labels, seed=None):
            return {"text": tf.strings.as_string(labels), "x": tf.cast(labels, "uint8")[:, None]}

    spec = {"text": tf.TensorSpec((None,), "string"), "x": tf.TensorSpec((None, 1), "uint8")}
    the_pool = Pool(Live(Words(), None), spec, 50, np.array([0, 1, 1]), memory)
    the_pool.refresh(1)
    rows, there, _ = the_pool.draw(tf.constant([1, 2, 0]), tf.constant(0, "int64"))
    assert rows["text"].numpy()[:2].tolist() == [b"1", b"2"] and rows["x"].numpy()[:2, 0].tolist() == [1, 2]
    assert there.numpy().tolist() == [True, True, False]


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.xla)])
def test_a_pool_in_a_graph_draws_uniformly(jit_compile):
    the_pool = pool(size=12, wanted=[0, 1, 1])
    the_pool.refresh(3)
    draw = tf.function(the_pool.draw, jit_compile=jit_compile)
    x, there, _ = draw(tf.fill([2400], 1), tf.constant(7, "int64"))
    assert np.all(there)
    _, counts = np.unique(np.asarray(x)[:, 1], return_counts=True)
    assert len(counts) == 6 and stats.chisquare(counts).pvalue > 0.01
    assert not np.array_equal(x, draw(tf.fill([2400], 1), tf.constant(8, "int64"))[0])
