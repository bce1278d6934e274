import numpy as np
import pytest
import tensorflow as tf
from imblearn import over_sampling as imblearn
from sklearn.neighbors import NearestNeighbors

from keras_augsynth import synthesis
from keras_augsynth.ops.neighbors import among_themselves

COUNTS = (150, 40, 25)


@pytest.fixture
def data(rng):
    """Three classes that overlap, rows of 6 numbers, in mixed order."""
    y = rng.permutation(np.repeat([0, 1, 2], COUNTS))
    return rng.normal(size=(len(y), 6)) + y[:, None] * 0.7, y


FAMILY = {
    "smote": lambda: synthesis.SMOTE(4),
    "borderline-1": lambda: synthesis.BorderlineSMOTE(4, 8),
    "borderline-2": lambda: synthesis.BorderlineSMOTE(4, 8, "borderline-2"),
    "adasyn": lambda: synthesis.ADASYN(4),
}


@pytest.fixture(params=FAMILY)
def smote(request, data):
    return FAMILY[request.param]().fit(*data)


def added(theirs, x, y):
    """What imbalanced-learn has put behind the data, by class."""
    resampled, labels = theirs.fit_resample(x, y)
    np.testing.assert_array_equal(resampled[: len(x)], x)
    return {label: resampled[len(x) :][labels[len(x) :] == label] for label in (1, 2)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["smote", "borderline-1"])
def test_equals_imbalanced_learn_given_its_draws(data, kind, dtype):
    x, y = data[0].astype(dtype), data[1]
    if kind == "smote":
        theirs, ours = imblearn.SMOTE(k_neighbors=4, random_state=3), synthesis.SMOTE(4)
    else:
        theirs = imblearn.BorderlineSMOTE(k_neighbors=4, m_neighbors=8, random_state=3)
        ours = synthesis.BorderlineSMOTE(4, 8)
    ours.fit(x, y)
    for label, expected in added(theirs, x, y).items():
        bases = np.flatnonzero(y == label)[ours.weights(label) > 0]
        assert (len(bases) < COUNTS[label]) == (kind != "smote")
        state, count = np.random.RandomState(3), COUNTS[0] - COUNTS[label]
        drawn, gap = state.randint(0, 4 * len(bases), count), state.uniform(size=count)
        made = ours.interpolate(bases[drawn // 4], drawn % 4, gap)
        assert made.dtype == dtype
        np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-5)


def test_borderline_2_equals_imbalanced_learn_given_its_draws(data):
    x, y = data
    ours = synthesis.BorderlineSMOTE(4, 8, "borderline-2").fit(x, y)
    theirs = imblearn.BorderlineSMOTE(k_neighbors=4, m_neighbors=8, kind="borderline-2", random_state=3)
    for label, expected in added(theirs, x, y).items():
        bases = np.flatnonzero(y == label)[ours.weights(label) > 0]
        state, count = np.random.RandomState(3), COUNTS[0] - COUNTS[label]
        drawn, gap = state.randint(0, 4 * len(bases), count), state.uniform(size=count)
        base, column = bases[drawn // 4], drawn % 4
        neighbors = NearestNeighbors(n_neighbors=4).fit(x).kneighbors()[1]
        stranger = y[neighbors[base, column]] != label
        gap[stranger] *= np.random.RandomState(3).uniform(0.0, 0.5, stranger.sum())
        np.testing.assert_allclose(ours.interpolate(base, column, gap), expected, rtol=1e-5, atol=1e-5)


def test_adasyn_equals_imbalanced_learn_given_its_draws(data):
    x, y = data
    ours, state = synthesis.ADASYN(4).fit(x, y), np.random.RandomState(3)
    for label, expected in added(imblearn.ADASYN(n_neighbors=4, random_state=3), x, y).items():
        times = np.rint(ours.weights(label) * (COUNTS[0] - COUNTS[label])).astype(int)
        base = np.repeat(np.flatnonzero(y == label), times)
        column, gap = state.choice(4, size=len(base)), state.uniform(size=(len(base), 1))[:, 0]
        np.testing.assert_allclose(ours.interpolate(base, column, gap), expected, rtol=1e-5, atol=1e-5)


def parts(made, x, y, label, limit):
    """(the row each sample started from, the one it went to, how far), found by geometry."""
    rows = np.flatnonzero(y == label)
    found = []
    for sample in made:
        start = x[rows][:, None]
        way = x[None] - start
        length = np.square(way).sum(axis=-1)
        gap = ((sample - start) * way).sum(axis=-1) / np.maximum(length, 1e-12)
        off = np.abs(start + gap[..., None] * way - sample).max(axis=-1) + 9.0 * (
            (gap < 0) | (gap > limit) | (length == 0)
        )
        a, b = np.unravel_index(np.argmin(off), off.shape)
        assert off[a, b] < 1e-6
        found.append((rows[a], b, gap[a, b]))
    return [np.array(column) for column in zip(*found, strict=True)]


@pytest.mark.parametrize("label", [1, 2])
def test_samples_lie_between_a_row_and_one_of_its_neighbours(data, label):
    x, y = data
    made = synthesis.SMOTE(4).fit(x, y).sample(np.full(1000, label), seed=5).numpy()
    base, end, gap = parts(made[:100], x, y, label, 0.5 + 1e-9)
    rows = np.flatnonzero(y == label)
    neighbors = rows[NearestNeighbors(n_neighbors=4).fit(x[rows]).kneighbors()[1]]
    # Seen from the nearer end, the other one is a neighbour, or the other way round.
    near = lambda a, b: b in neighbors[np.flatnonzero(rows == a)[0]]
    assert all(near(a, b) or near(b, a) for a, b in zip(base, end, strict=True))
    assert 0.0 <= gap.min() < 0.05 and 0.45 < gap.max() <= 0.5


def test_draws_are_even(data):
    """A class of far apart rows, so that each sample tells where it started and where it went."""
    x = np.array([[0.0], [1.0], [10.0], [20.0]])
    smote = synthesis.SMOTE(1).fit(x, np.zeros(4, int))
    made = smote.sample(np.zeros(4000, "int32"), seed=1).numpy()[:, 0]
    # 0 -> 1, 1 -> 0, 10 -> 1, 20 -> 10: a half below 1, a quarter above 10; five standard errors are 0.04
    assert abs(np.mean(made <= 1.0) - 0.5) < 0.04
    assert abs(np.mean(made > 10.0) - 0.25) < 0.04
    between = made[(made > 1.0) & (made <= 10.0)]
    assert abs(between.mean() - 5.5) < 0.5
    np.testing.assert_allclose(np.histogram(between, 3, (1.0, 10.0))[0] / len(between), 1 / 3, atol=0.08)


@pytest.mark.parametrize(
    ("smote", "shares"),
    [(synthesis.BorderlineSMOTE(2, 2), [3, 1, 3, 0, 0, 0]), (synthesis.ADASYN(2), [3, 5, 3, 0, 0, 0])],
)
def test_starts_by_weight(smote, shares):
    """Three rows at a place are each other's neighbours in the class: a sample tells at which place it started."""
    x = (np.arange(6)[:, None] * 100.0 + [0.0, 1.0, 2.0]).ravel()
    others = [0.4, 100.4, 100.6, 201.9]
    smote.fit(np.concatenate([x, others])[:, None], np.repeat([1, 0], [18, 4]))
    made = smote.sample(np.ones(4000, "int32"), seed=4).numpy()
    drawn = np.histogram(made, np.arange(7) * 100.0 - 50.0)[0] / 4000
    np.testing.assert_allclose(drawn, np.array(shares) / sum(shares), atol=0.04)  # five standard errors


def test_borderline_2_goes_at_most_half_the_way_to_others():
    x, y = np.array([[0.0], [10.0], [30.0], [31.0], [32.0]]), np.array([1, 0, 1, 1, 1])
    smote = synthesis.BorderlineSMOTE(1, 2, "borderline-2").fit(x, y)
    np.testing.assert_array_equal(smote.weights(1), [1, 0, 0, 0])  # of 10 and 30, one is another class's
    made = smote.sample(np.ones(2000, "int32"), seed=2).numpy()
    assert 0.0 <= made.min() < 0.1 and 4.9 < made.max() <= 5.0


def test_images_of_bytes_are_rounded(rng):
    x = rng.integers(0, 256, (30, 4, 5, 3)).astype("uint8")
    y = np.arange(30) % 3
    smote = synthesis.SMOTE().fit(x, y)
    made = smote.interpolate([0, 0], [2, 2], [0.0, 0.5])
    assert made.dtype == tf.uint8
    np.testing.assert_array_equal(made[0], x[0])
    other = smote.interpolate([0], [2], [1.0])[0].numpy()
    assert any(np.array_equal(other, image) for image in x[y == 0])
    exact = (x[0].astype("float64") + other) / 2
    assert np.abs(made[1].numpy() - exact).max() <= 0.5
    assert smote.sample([1, 2], seed=1).dtype == tf.uint8


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_large_numbers_keep_their_digits(dtype):
    x = (2**40 + np.arange(6)[:, None] * 3).astype(dtype)
    smote = synthesis.SMOTE(1).fit(x, np.zeros(6, int))
    np.testing.assert_array_equal(smote.interpolate(np.arange(6), [0] * 6, [0.0] * 6), x)


def test_few_rows(data):
    x, y = data[0][:8], np.array([0, 0, 0, 0, 0, 1, 1, 2])
    smote = synthesis.SMOTE(5).fit(x, y)
    pair = smote.sample(np.full(200, 1), seed=1).numpy()
    along = (pair - x[5]) @ (x[6] - x[5]) / np.square(x[6] - x[5]).sum()
    np.testing.assert_allclose(pair, x[5] + along[:, None] * (x[6] - x[5]), atol=1e-9)
    assert 0.0 <= along.min() < 0.1 and 0.9 < along.max() <= 1.0
    with pytest.warns(UserWarning, match="SMOTE: class 2 has a single row, of which its samples are copies"):
        alone = smote.sample([2, 2], seed=1)
    np.testing.assert_array_equal(alone, x[[7, 7]])


def test_classes_apart_fall_back_to_smote(rng):
    """No row in danger, no neighbour of another class: imbalanced-learn adds nothing, or raises."""
    x, y = np.concatenate([rng.normal(size=(20, 2)), 100.0 + rng.normal(size=(20, 2))]), np.repeat([0, 1], 20)
    for smote in (synthesis.BorderlineSMOTE(3, 4), synthesis.ADASYN(3)):
        np.testing.assert_allclose(smote.fit(x, y).weights(1), 1 / 20)
        assert np.all(smote.sample([1] * 50, seed=1).numpy() > 90.0)


def test_classes_without_rows(data):
    x, y = data
    smote = synthesis.SMOTE().fit(x, 2 * y)
    assert smote.num_classes == 5
    with pytest.raises(ValueError, match=r"SMOTE: `labels` must be classes that had rows in `fit`, \[0 2 4\]"):
        smote.sample([0, 1])
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be classes that had rows"):
        tf.function(smote.sample)(tf.constant([0, 1]))


@pytest.mark.full
def test_compiled_by_xla(smote):
    labels = np.array([0, 2, 1, 1, 0])
    inside = tf.function(lambda labels, seed: smote.sample(labels, seed=seed), jit_compile=True)
    np.testing.assert_allclose(inside(tf.constant(labels), tf.constant(3)), smote.sample(labels, seed=3), rtol=1e-12)


def test_traced_before_it_has_been_sampled(data):
    expected = synthesis.SMOTE().fit(*data).sample([0, 1, 2], seed=1)
    fresh = synthesis.SMOTE().fit(*data)
    traced = tf.data.Dataset.from_tensors([0, 1, 2]).map(lambda labels: fresh.sample(labels, seed=1))
    np.testing.assert_allclose(next(iter(traced)), expected, rtol=1e-12)


def test_only_the_classes_asked_for_are_searched(data, monkeypatch):
    """The largest class, which is never sampled in balancing, would take most of the time."""
    seen = []
    search = lambda points, k: seen.append(len(points)) or among_themselves(points, k)
    monkeypatch.setattr("keras_augsynth.synthesis.smote.among_themselves", search)
    smote = synthesis.SMOTE().fit(*data)
    smote.sample([2, 2], seed=1)
    smote.sample([1, 2], seed=1)
    assert seen == [COUNTS[2], COUNTS[1]]


def test_fit_resample(smote, data):
    x, y = data
    balanced, labels = smote.fit_resample(x, y, seed=1)
    np.testing.assert_array_equal(balanced[: len(x)], x)
    np.testing.assert_array_equal(np.bincount(labels), [COUNTS[0]] * 3)
    np.testing.assert_array_equal(balanced[len(x) :], smote.sample(labels[len(x) :], seed=1))


def test_saved_and_loaded(smote, tmp_path):
    smote.sample([1], seed=1)  # one class is prepared, two are not
    smote.save(tmp_path / "smote.npz")
    loaded = type(smote).load(tmp_path / "smote.npz")
    assert loaded.get_config() == smote.get_config()
    assert loaded.num_classes == 3
    labels = np.arange(30) % 3
    np.testing.assert_array_equal(loaded.sample(labels, seed=2), smote.sample(labels, seed=2))
    assert [path.name for path in tmp_path.iterdir()] == ["smote.npz"]


def test_damaged_files(data, tmp_path, monkeypatch):
    path = tmp_path / "smote.npz"
    synthesis.SMOTE().fit(*data).save(path)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (whole[: len(whole) // 2], whole[:-10], b"", b"no file of ours", bytes(flipped)):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"SMOTE: `path` must be a whole file that SMOTE\.save has written"):
            synthesis.SMOTE.load(path)
    path.write_bytes(whole)
    with pytest.raises(ValueError, match="ADASYN: `path` must be a file of ADASYN, not of keras_augsynth>SMOTE"):
        synthesis.ADASYN.load(path)
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match="something else"):
        synthesis.SMOTE.load(tmp_path / "other.npz")
    with pytest.raises(FileNotFoundError):
        synthesis.SMOTE.load(tmp_path / "none.npz")

    def full(file, **arrays):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        synthesis.SMOTE().fit(*data).save(path)
    assert path.read_bytes() == whole
    assert sorted(item.name for item in tmp_path.iterdir()) == ["other.npz", "smote.npz"]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x, y: synthesis.SMOTE(0), ValueError, "SMOTE: `k_neighbors` must be an integer of at least 1"),
        (lambda x, y: synthesis.SMOTE(2.5), TypeError, "SMOTE: `k_neighbors` must be an integer"),
        (lambda x, y: synthesis.ADASYN(0), ValueError, "ADASYN: `n_neighbors` must be"),
        (lambda x, y: synthesis.BorderlineSMOTE(m_neighbors=0), ValueError, "BorderlineSMOTE: `m_neighbors` must be"),
        (lambda x, y: synthesis.BorderlineSMOTE(kind="borderline1"), ValueError, 'did you mean "borderline-1"'),
        (lambda x, y: synthesis.SMOTE().sample([0]), RuntimeError, "`sample` must come after `fit`"),
        (lambda x, y: synthesis.SMOTE().save("x"), RuntimeError, "`save` must come after `fit`"),
        (
            lambda x, y: synthesis.SMOTE().fit(np.where(np.arange(len(x))[:, None] < 2, np.nan, x), y),
            ValueError,
            r"SMOTE: `x` must be finite \(drop or fill them\). Received: x='2 of 215 rows with NaN or infinity'",
        ),
        (lambda x, y: synthesis.SMOTE().fit(x > 0, y), TypeError, "SMOTE: `x` must be numbers"),
        (lambda x, y: synthesis.SMOTE().fit(x[:, 0], y), ValueError, "SMOTE: `x` must be numbers"),
        (lambda x, y: synthesis.SMOTE().fit(x, y - 1), ValueError, "`y` must not be negative"),
        (lambda x, y: synthesis.SMOTE().fit(x, y).sample([3]), ValueError, "`labels` must be from 0 to 2"),
    ],
)
def test_wrong_input(data, call, kind, message):
    with pytest.raises(kind, match=message):
        call(*data)
