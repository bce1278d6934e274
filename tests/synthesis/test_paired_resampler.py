"""`PairedResampler`: rows that are real, of the class that was asked for, and drawn apart."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth import export_savedmodel, synthesis
from keras_augsynth.callbacks import SyntheticBalancer

Y = np.repeat([0, 1, 2], [30, 8, 2])
# Each value is the number of its row, so that a sample says which rows it was made of.
ROWS = np.arange(40.0, dtype="float32")
X = {
    "images": ROWS[:, None, None, None] * np.ones((1, 2, 2, 1), "float32"),
    "audio": ROWS[:, None],
    "texts": ROWS.astype("S"),
}
LABELS = np.repeat([0, 1, 2], 400)


def rows_of(samples):
    """The row's number, by key."""
    first = {key: np.asarray(part).reshape(len(part), -1)[:, 0] for key, part in samples.items()}
    return {key: part.astype("float64").astype(int) for key, part in first.items()}


@pytest.fixture(scope="module")
def drawn():
    return rows_of(synthesis.PairedResampler().fit(X, Y).sample(LABELS, seed=1))


def test_rows_are_of_their_class_and_all_of_them_come_up(drawn):
    for rows in drawn.values():
        np.testing.assert_array_equal(Y[rows], LABELS)
        assert stats.chisquare(np.bincount(rows[LABELS == 1] - 30, minlength=8)).pvalue > 0.001
        assert set(rows) == set(range(40))


def test_kinds_are_drawn_apart(drawn):
    """Of the 64 pairs of the 8 rows of a class, each is as likely."""
    pairs = np.stack([drawn[key][LABELS == 1] - 30 for key in ("images", "audio")])
    assert stats.chisquare(np.bincount(pairs[0] * 8 + pairs[1], minlength=64)).pvalue > 0.001
    assert len(np.unique(pairs[0] * 8 + pairs[1])) > 60


def test_what_belongs_together_stays_together(tmp_path):
    source = synthesis.PairedResampler(together=[("texts", "images")]).fit(X, Y)
    source.save(tmp_path / "it.npz")
    for each in (source, synthesis.PairedResampler.load(tmp_path / "it.npz")):
        made = each.sample(LABELS, seed=1)
        assert list(made) == list(X) and made["texts"].dtype == tf.string
        rows = rows_of(made)
        np.testing.assert_array_equal(rows["images"], rows["texts"])
        assert np.mean(rows["images"][LABELS == 0] == rows["audio"][LABELS == 0]) < 0.1
        for key, part in source.sample(LABELS, seed=1).items():  # the seed decides
            np.testing.assert_array_equal(made[key], part)


def test_collections_that_were_never_one(tmp_path):
    y = {"images": Y, "audio": np.array([2, 2, 0, 3])}
    source = synthesis.PairedResampler().fit({"images": X["images"], "audio": ROWS[:4, None]}, y)
    assert source.num_classes == 4 and source.class_counts.tolist() == [1, 0, 2, 0]
    rows = rows_of(source.sample([0, 2, 2, 0], seed=3))
    np.testing.assert_array_equal(y["audio"][rows["audio"]], [0, 2, 2, 0])
    source.save(tmp_path / "it.npz")
    again = rows_of(synthesis.PairedResampler.load(tmp_path / "it.npz").sample([0, 2, 2, 0], seed=3))
    assert all(np.array_equal(again[key], rows[key]) for key in rows)
    with pytest.raises(ValueError, match=r"`labels` must be classes that had rows in `fit`, \[0 2\]"):
        source.sample([1])


def test_exported_it_makes_the_same(tmp_path):
    source = synthesis.PairedResampler().fit({key: X[key] for key in ("images", "audio")}, Y)
    export_savedmodel(source, tmp_path / "served")
    served = tf.saved_model.load(tmp_path / "served")
    made = served.sample(np.array([1, 0], "int32"))
    np.testing.assert_array_equal(Y[rows_of(made)["audio"]], [1, 0])


@pytest.mark.parametrize("mode", ["live", "pool"])
def test_balancer_adds_rows_of_all_kinds_together(mode):
    """Rows of each class hold its number in each input: what is trained on is of one class, and of new pairs."""
    x = {"images": Y[:, None] + ROWS[:, None] / 100, "audio": np.repeat(Y[:, None] + ROWS[:, None] / 100, 2, axis=1)}
    seen = []

    class Spy(keras.Model):
        def train_step(self, data):
            seen.append(keras.tree.map_structure(np.asarray, data[:2]))
            return super().train_step(data)

    inputs = {"images": keras.Input((1,), name="images"), "audio": keras.Input((2,), name="audio")}
    model = Spy(inputs, keras.layers.Dense(3, "softmax")(keras.layers.Concatenate()(list(inputs.values()))))
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    source = synthesis.PairedResampler().fit(x, Y)
    balancer = SyntheticBalancer(source, strategy="equal", mode=mode, pool_size=60, seed=1)
    history = model.fit(x, Y, batch_size=40, epochs=2, verbose=0, callbacks=[balancer]).history
    assert history["synthetic_share"][-1] > 0.2
    made, labels = seen[-1]
    for part in made.values():
        np.testing.assert_array_equal(np.floor(part[:, 0]), np.asarray(labels).ravel())
    assert np.any(made["images"][:, 0] != made["audio"][:, 0])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: synthesis.PairedResampler("images"), TypeError, "`together` must be a list of lists of keys"),
        (lambda: synthesis.PairedResampler(["images"]), TypeError, "`together` must be a list of lists of keys"),
        (lambda: synthesis.PairedResampler([("a", "b"), ("b",)]), ValueError, "`together` must have each key in one"),
        (lambda: synthesis.PairedResampler().fit(X["audio"], Y), TypeError, "`x` must be a dictionary of arrays"),
        (lambda: synthesis.PairedResampler().fit({"a": X}, Y), TypeError, "`x` must be a dictionary of arrays"),
        (lambda: synthesis.PairedResampler([("a",)]).fit(X, Y), ValueError, r"have the keys of `together`, \['a'\]"),
        (lambda: synthesis.PairedResampler().fit({"audio": ROWS}, Y), ValueError, "two kinds of data that can be"),
        (lambda: synthesis.PairedResampler([list(X)]).fit(X, Y), ValueError, "two kinds of data that can be"),
        (lambda: synthesis.PairedResampler().fit(X, Y[:9]), ValueError, "`y` must have one label for each sample"),
        (lambda: synthesis.PairedResampler().fit(X, {"audio": Y}), ValueError, "`y` must have labels for"),
        (
            lambda: synthesis.PairedResampler([("images", "audio")]).fit(X, {**dict.fromkeys(X, Y), "audio": Y[::-1]}),
            ValueError,
            "`y` must be the same for",
        ),
        (
            lambda: synthesis.PairedResampler().fit({"a": ROWS[:2], "b": ROWS[:2]}, {"a": [0, 0], "b": [1, 1]}),
            ValueError,
            "a class that has rows in each kind",
        ),
        (lambda: synthesis.PairedResampler().sample([0]), RuntimeError, "`sample` must come after `fit`"),
    ],
)
def test_wrong_use(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
