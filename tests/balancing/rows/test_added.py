import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth.balancing.rows.added import Added, Mixture, UnlikeError, alike, in_class, scope_of, used
from keras_augsynth.balancing.rows.class_rows import ClassRows
from keras_augsynth.balancing.rows.sources import Live
from keras_augsynth.ops.random import Random

LABELS = np.array([0, 1, 2, 1, 0, 2, 2, 1] * 5, "int32")
N = len(LABELS)
UNIFORM = ((np.arange(N) * 7 % N + 0.5) / N).astype("float32")
LIKE = {"x": tf.zeros((4, 2))}
REAL = 100.0


class Marked:
    """Rows (label, mark)."""

    def __init__(self, mark, dtype="float32"):
        self.mark, self.dtype, self.asked = mark, dtype, []

    def fit(self, x, y):
        return self

    def sample(self, labels, seed=None):
        self.asked.append(labels.shape[0])
        x = tf.cast(labels, "float32")
        return tf.cast(tf.stack([x, self.mark + tf.zeros_like(x)], axis=1), self.dtype)


class Broken(Marked):
    def sample(self, labels, seed=None):
        raise RuntimeError("no")


def mixture(parts, memory=True, failures=None, **synthesizers):
    seeds = iter(range(10**6))
    seed = lambda: tf.constant(next(seeds), "int64")
    found = {name: each if isinstance(each, Live) else Live(each, None) for name, each in synthesizers.items()}
    fail = lambda name, error: failures.append((name, str(error)))
    result = Mixture("o", found, 3, seed, fail, lambda labels, like: {})
    result.parts.assign(np.array(parts, "float32").reshape(len(found), 3))
    if memory:
        result.memory = ClassRows({"x": tf.TensorSpec((None, 2), "float32")}, [4, 4, 4])
        held = [label for label in (0, 1, 2) if label != memory - 1 or memory is True]
        rows = tf.constant([[label, REAL] for label in held], "float32")
        result.memory.put({"x": rows}, tf.constant(held), tf.fill([len(held)], True))
    return result


XLA = pytest.param("xla", marks=[pytest.mark.xla, pytest.mark.full])


def drawn(mix, way="sorted", number=N):
    """In the way of graphs, of XLA ("padded"), and compiled by it."""
    padded = way != "sorted"
    labels, uniform = (LABELS, UNIFORM) if padded else (LABELS[:number], UNIFORM[:number])
    draw = tf.function(
        lambda labels, uniform, number: mix.draw(LIKE, labels, uniform, number, tf.size(labels), padded),
        jit_compile=way == "xla",
        autograph=False,  # as Keras's training function
    )
    added = draw(tf.constant(labels), tf.constant(uniform), tf.constant(number))
    x, labels, generated = (part.numpy() for part in (added.rows["x"], added.labels, added.generated))
    usable = added.usable.numpy()
    assert not np.any(generated & ~usable)
    np.testing.assert_array_equal(x[usable, 0], labels[usable])  # each row is of its class
    return x[usable, 1], labels[usable], generated[usable]


@pytest.mark.parametrize("way", ["sorted", "padded", pytest.param("xla", marks=pytest.mark.xla)])
def test_where_rows_come_from(way):
    parts = [[0.0, 0.25, 0.5], [0.0, 0.25, 0.5]]
    marks, labels, generated = drawn(mix := mixture(parts, a=Marked(1.0), b=Marked(2.0)), way)
    first, second = (np.array(bound)[LABELS] > UNIFORM for bound in ([0, 0.25, 0.5], [0, 0.5, 1.0]))
    source = np.where(first, 1.0, np.where(second, 2.0, REAL))
    np.testing.assert_array_equal(sorted(zip(labels, marks, strict=True)), sorted(zip(LABELS, source, strict=True)))
    np.testing.assert_array_equal(generated, marks != REAL)
    assert mix.counts.numpy().tolist() == [np.count_nonzero(source < REAL)] * 3


def test_parts_hold_on_average():
    labels = tf.constant(np.repeat([0, 1, 2], 1000).astype("int32"))
    uniform = Random(np.random.default_rng(0).integers(0, 2**32, (3000, 2), "uint32")).uniform()
    mix = mixture([[0.1, 0.5, 0.0], [0.1, 0.2, 1.0]], a=Marked(1.0), b=Marked(2.0))
    added = mix.draw(LIKE, labels, uniform, 3000, 3000, False)
    for label, parts in enumerate([(0.1, 0.1, 0.8), (0.5, 0.2, 0.3), (0.0, 1.0, 0.0)]):
        marks = added.rows["x"].numpy()[added.labels.numpy() == label, 1]
        counts = np.array([np.count_nonzero(marks == mark) for mark in (1.0, 2.0, REAL)])
        there = np.array(parts) > 0
        assert counts.sum() == 1000 and not counts[~there].any()
        assert label == 2 or stats.chisquare(counts[there], 1000 * np.array(parts)[there]).pvalue > 0.01


@pytest.mark.parametrize("way", ["sorted", "padded", XLA])
def test_only_so_many_are_meant(way):
    mix = mixture([[0.5, 0.5, 0.5]], a=Marked(1.0))
    _, labels, _ = drawn(mix, way, number=9)
    np.testing.assert_array_equal(np.sort(labels), np.sort(LABELS[:9]))
    assert mix.counts.numpy().tolist() == [np.count_nonzero(UNIFORM[:9] < 0.5)] * 3


@pytest.mark.parametrize("way", ["sorted", "padded", XLA])
def test_rejected_rows_give_way_to_real_ones(way):
    source = Live(Marked(1.0), lambda samples, labels: labels == 1)
    mix = mixture([[1.0, 1.0, 1.0]], a=source)
    marks, labels, generated = drawn(mix, way)
    np.testing.assert_array_equal(np.sort(labels), np.sort(LABELS))
    np.testing.assert_array_equal(marks, np.where(labels == 1, 1.0, REAL))
    np.testing.assert_array_equal(generated, labels == 1)
    assert mix.counts.numpy().tolist() == [N, N, np.count_nonzero(LABELS == 1)]


@pytest.mark.parametrize("way", ["sorted", "padded", XLA])
def test_rejected_rows_without_real_ones_are_not_usable(way):
    nan = Marked(np.nan)
    marks, labels, _ = drawn(mix := mixture([[1, 1, 1], [0, 0, 0]], memory=False, a=nan, b=Marked(1.0)), way)
    assert not len(marks) and mix.counts.numpy().tolist() == [N, 0, 0]
    # A class of which no real row has come by yet.
    marks, labels, _ = drawn(mixture([[1.0, 0.0, 0.0]], memory=3, a=nan), way)
    np.testing.assert_array_equal(np.sort(labels), np.sort(LABELS[LABELS < 2]))
    assert np.all(marks == REAL)


@pytest.mark.parametrize("way", ["sorted", "padded", XLA])
def test_real_rows_alone(way):
    marks, labels, generated = drawn(mixture(np.zeros((0, 3))), way)
    assert np.all(marks == REAL) and not generated.any() and len(labels) == N


@pytest.mark.parametrize("way", ["sorted", "padded", XLA])
def test_a_source_that_fails_leaves_the_others(way):
    failures = []
    mix = mixture([[0.5] * 3, [0.5] * 3], failures=failures, a=Broken(0.0), b=Marked(2.0))
    marks, labels, _ = drawn(mix, way)
    assert set(failures) == {("a", "no")}
    np.testing.assert_array_equal(np.sort(labels), np.sort(LABELS))
    assert set(marks) == {2.0, REAL}
    failures.clear()
    mix.sources["a"] = None
    assert len(drawn(mix, way)[0]) == N and not failures


def test_few_sizes_are_asked_for():
    asked = set()

    class Counting(Marked):
        def sample(self, labels, seed=None):
            asked.add(int(tf.shape(labels)[0]))
            return super().sample(labels, seed)

    mix = mixture([[0.0] * 3], a=Counting(1.0))
    for part in np.linspace(0, 1, 30):
        mix.parts.assign(np.full((1, 3), part))
        added = mix.draw(LIKE, tf.constant(LABELS), tf.constant(UNIFORM), N, N, False)
        assert np.count_nonzero(added.generated) == np.count_nonzero(np.float32(part) > UNIFORM)
    assert 5 <= len(asked) <= 8 and 0 not in asked


def test_structures_and_strings():
    class Words(Marked):
        def sample(self, labels, seed=None):
            return {"text": tf.strings.as_string(labels), "x": tf.cast(labels, "float64")[:, None]}

    like = {"x": {"text": tf.constant(["a"]), "x": tf.zeros((1, 1), "float16")}}
    for memory in (False, True):
        mix = mixture([[0.5] * 3], memory=False, a=Words(0))
        if memory:
            mix.memory = ClassRows(like, [1, 1, 1])
            rows = {"text": tf.constant(["0", "1", "2"]), "x": tf.constant([[0.0], [1.0], [2.0]], "float16")}
            mix.memory.put({"x": rows}, tf.range(3), tf.fill([3], True))
        added = mix.draw(like, tf.constant(LABELS), tf.constant(UNIFORM), N, N, False)
        assert added.rows["x"]["x"].dtype == "float16" and len(added.labels) == (N if memory else N // 2)
        np.testing.assert_array_equal(added.rows["x"]["x"][:, 0], added.labels)
        assert added.rows["x"]["text"].numpy().tolist() == [b"%d" % label for label in added.labels]


def test_alike():
    assert alike("o", tf.zeros((1, 2), "float16"), tf.zeros((5, 2), "float64")).dtype == "float16"
    images = keras.ops.zeros((2, 4, 4, 1), "uint8")
    assert alike("o", {"a": images}, {"a": images[:1]})["a"].dtype == "uint8"
    for other in (tf.zeros((2, 4, 4, 1)), images[..., 0], {"a": images}, tf.cast(images, "int32")):
        with pytest.raises(UnlikeError, match="make samples like the batch's"):
            alike("o", images, other)


def test_a_data_set_without_batches():
    with pytest.raises(UnlikeError, match=r"these are no batches: write `dataset.batch\(32\)`"):
        alike("o", tf.zeros(4), tf.zeros((1, 4)))


def test_unlike_samples_are_an_error_and_no_failure():
    with pytest.raises(UnlikeError):
        drawn(mixture([[1.0] * 3], failures=[], a=Marked(1.0, "int32")))


def test_a_list_of_inputs_may_be_a_tuple():
    one, other = tf.zeros((2, 3)), tf.zeros((2, 2))
    for x, samples in (((one, other), [one, other]), ([one, other], (one, other))):
        assert isinstance(alike("o", x, samples), type(x))


def test_texts_may_be_columns():
    made = alike("o", {"text": tf.constant([["a"]])}, {"text": tf.constant(["b", "c"])})
    assert made["text"].shape == (2, 1)


def by_hand(labels, usable, generated=None):
    labels, usable = np.array(labels, "int32"), np.array(usable, "bool")
    generated = np.ones(len(labels), "bool") if generated is None else np.array(generated)
    rows = {"x": tf.constant([[label, place] for place, label in enumerate(labels)], "float32")}
    return Added(rows, tf.constant(labels), tf.constant(generated), tf.constant(usable))


def test_refused_rows_give_way_to_others_of_their_class():
    """And never to rows of another class, which would get more than were meant for it."""
    usable = [True, False, False, False, True, False, True]
    added = by_hand([1, 1, 2, 0, 2, 2, 2], usable)
    found = in_class(added, tf.fill([7], True), 3)
    x = found.rows["x"].numpy()
    np.testing.assert_array_equal(found.usable, [True, True, True, False, True, True, True])  # class 0 has none
    np.testing.assert_array_equal(x[found.usable.numpy(), 0], np.array([1, 1, 2, 0, 2, 2, 2])[found.usable.numpy()])
    assert set(x[found.usable.numpy(), 1]) <= {0, 4, 6}  # usable ones
    meant = in_class(by_hand([1, 1, 1], [True, False, False]), tf.constant([True, True, False]), 3)
    np.testing.assert_array_equal(meant.usable, [True, True, False])


def test_as_many_as_are_usable_in_one_of_a_few_numbers():
    none = by_hand([], [])
    assert len(used(none, tf.constant(16)).labels) == 0
    for count in range(17):
        kept = used(by_hand([1] * 16, np.arange(16) < count), tf.constant(16))
        assert len(kept.labels) == len(kept.rows["x"]) == count // 2 * 2 and np.all(kept.usable)


def test_scopes():
    assert scope_of("my GAN-2") == "synthesizer_my_GAN_2"
