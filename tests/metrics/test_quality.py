"""The report on synthesizers with planted faults, and on real rows; its card; what may be exported."""

import json
import sys

import keras
import numpy as np
import pytest
import tiny

from keras_augsynth import metrics, synthesis
from keras_augsynth.metrics import FeatureExtractor, Result, export_samples, quality_report

pytestmark = pytest.mark.xdist_group("test_quality")  # so that what is shared is trained once


class Replay:
    """Draws rows of a stock, class by class, and moves them a little."""

    def __init__(self, x, y, noise=0.0, classes=None):
        self.x, self.y, self.noise, self.classes = x, y, noise, classes

    def fit(self, x, y, **kwargs):
        return self

    def sample(self, labels=None, seed=None, n=None):
        rng = np.random.default_rng(seed)
        if labels is None:
            return self.x[rng.integers(0, len(self.x), n)]
        rows = np.array([rng.choice(np.flatnonzero(self.y == label)) for label in labels])
        moved = self.x[rows] + self.noise * rng.normal(size=(len(rows), *self.x.shape[1:]))
        return moved.astype("float32")


@pytest.fixture(scope="module")
def parts(digits):
    """Training rows, held-out rows, and rows that nobody has seen, of three digits."""
    x, y = digits
    x, y = x[y < 3], y[y < 3]
    return [(x[part::3], y[part::3]) for part in range(3)]


@pytest.fixture(scope="module")
def fresh(parts):
    """A perfect synthesizer: it draws without end from the rows that nobody has seen."""
    train, holdout, unseen = parts
    synthesizer = Replay(*unseen)
    return synthesizer, quality_report(synthesizer, *train, holdout=holdout, per_class_n=50, steps=30)


@pytest.fixture(scope="module")
def copying(parts):
    """Fresh for classes 0 and 2, training rows again for class 1."""
    train, holdout, unseen = parts
    x, y = (np.concatenate([unseen[k][unseen[1] != 1], train[k][train[1] == 1]]) for k in range(2))
    synthesizer = Replay(x, y, noise=0.05)
    return synthesizer, quality_report(synthesizer, *train, holdout=holdout, per_class_n=50, steps=0)


def test_real_rows_raise_no_alarm(fresh):
    report = fresh[1]
    assert [report.memorized(label) for label in report.table] == [False] * 4
    for label in (0, 1, 2, "all"):
        row = report.table[label]
        assert abs(float(row["KID"])) < 4 * row["KID"].error
        assert row["density"] > 0.7


def test_the_class_that_copies_is_named(copying):
    report = copying[1]
    assert {label: report.memorized(label) for label in (0, 1, 2)} == {0: False, 1: True, 2: False}
    assert report.card["memorized"]["1"] is True
    assert "**yes**" in next(line for line in report.to_markdown().splitlines() if line.startswith("| 1 |"))


@pytest.mark.parametrize(
    ("name", "fair", "bad"), [("nearest share", 0.5, 1), ("C_T", 0.0, -1), ("MIA auc", 0.5, 1), ("copies", 0.05, 1)]
)
def test_each_test_of_memorization_counts(name, fair, bad):
    """On the bad side of fair alone, and only where it is sure."""
    others = {other: Result(other, 0.5, "pca4", 50, error=0.1) for other in ("nearest share", "MIA auc")}
    report = lambda shift: metrics.QualityReport({0: others | {name: Result(name, fair + shift, "pca4", 50, 0.01)}}, {})
    assert report(bad * 0.045).memorized(0) is True
    assert report(-bad * 0.045).memorized(0) is False
    assert report(bad * 0.035).memorized(0) is (name == "copies")


def test_a_collapsed_and_a_noisy_class_are_seen(parts):
    train, holdout, (x, y) = parts
    collapsed = np.where((y == 0)[:, None, None, None], x[y == 0][:1], x)
    noisy = np.where((y == 2)[:, None, None, None], np.random.default_rng(0).uniform(0, 16, x.shape), collapsed)
    table = quality_report(Replay(noisy, y, 0.01), *train, holdout=holdout, per_class_n=50, steps=0).table
    assert table[0]["diversity"] < 0.05 and table[0]["duplicates"] > 0.9 and table[0]["recall"] < 0.1
    assert float(table[2]["precision"]) == 0.0 and table[2]["C_T"] > 3
    assert table[2]["KID"] > 10 * table[2]["KID"].error
    assert table[1]["diversity"] > 0.8 and table[1]["precision"] > 0.4


def test_classes_without_enough_rows_are_not_testable(parts):
    """Fifteen rows of class 2 to learn from, and as many held out."""
    (x, y), (held_x, held_y), unseen = parts
    keep, held = (np.flatnonzero((labels != 2) | (np.cumsum(labels == 2) <= 15)) for labels in (y, held_y))
    report = quality_report(
        Replay(*unseen), x[keep], y[keep], holdout=(held_x[held], held_y[held]), per_class_n=50, steps=0
    )
    row = report.table[2]
    for name in ("FD", "FD floor", "KID", "precision", "coverage", "diversity", "authenticity", "C_T", "MIA auc"):
        assert not row[name].testable, name
        assert "15" in row[name].reason
    assert report.memorized(2) is None
    text = report.to_markdown()
    assert "- class 2: 15 rows where 20 are needed (FD, FD floor, KID, " in text
    assert text.splitlines()[4].endswith("not testable |")
    assert not report.table[1]["FD"].testable  # 59 rows, 29 on each side, in 64 components
    assert report.table[1]["KID"].testable


def test_without_held_out_rows_near_copies_are_still_found(parts):
    train, _, unseen = parts
    assert quality_report(Replay(*unseen), *train, per_class_n=20, steps=0).memorized(0) is None
    report = quality_report(synthesis.AugmentedResampler().fit(*train), *train, per_class_n=20, steps=3)
    assert report.memorized(0) is True
    assert float(report.table[0]["copies"]) == 1.0
    assert report.table[0]["CAS real"].reason == "no held-out rows"


def test_scores_by_class(fresh):
    table = fresh[1].table
    for name in ("CAS real", "CAS synthetic", "CAS real+synthetic", "agreement"):
        classes = [float(table[label][name]) for label in (0, 1, 2)]
        np.testing.assert_allclose(table["all"][name], np.mean(classes))
    assert table["all"]["CAS synthetic"] > 0.8


def test_the_floor_is_at_the_same_number_of_rows(parts):
    train, _, unseen = parts
    report = quality_report(Replay(*unseen), *train, features=FeatureExtractor.pca(3), per_class_n=50, steps=0)
    for row in report.table.values():
        assert row["FD"].n == row["FD floor"].n > 20
        assert abs(float(row["FD"]) - float(row["FD floor"])) < 6 * row["FD floor"].error
        assert row["FD"].name == "FD[pca3]"


@pytest.mark.full
def test_the_same_seed_gives_the_same_report(fresh, parts):
    synthesizer, report = fresh
    train, holdout, _ = parts
    again = lambda **kwargs: quality_report(synthesizer, *train, holdout=holdout, per_class_n=50, **kwargs)
    assert again(steps=30).to_json() == report.to_json()
    assert again(steps=0, seed=1).card["metrics"]["0"]["KID"] != report.card["metrics"]["0"]["KID"]


def test_card(fresh, parts):
    report, (x, y) = fresh[1], parts[0]
    card = json.loads(report.to_json(indent=1))
    assert card["content"] == "synthetic"
    assert card["synthesizer"]["class"] == "Replay"
    assert card["data"]["classes"] == {str(label): int(np.sum(y == label)) for label in range(3)}
    assert card["settings"]["features"] == "pca64"
    assert card["seed"] == 0
    assert card["metrics"]["0"]["KID"]["name"] == "KID[pca64]"
    assert {"keras_augsynth", "keras_augsynth_sha256", "keras"} <= set(card["software"])
    hashes = [card["synthesizer"]["sha256"], card["data"]["sha256"], card["software"]["keras_augsynth_sha256"]]
    assert all(len(bytes.fromhex(value)) == 32 for value in hashes) and len(set(hashes)) == 3
    changed = x.copy()
    changed[0, 0, 0, 0] += 1
    other = quality_report(fresh[0], changed, y, per_class_n=20, steps=0).card
    assert other["data"]["sha256"] != card["data"]["sha256"]
    assert other["synthesizer"]["sha256"] == card["synthesizer"]["sha256"]


def test_plot(fresh, monkeypatch):
    report = fresh[1]
    figure = report.plot()
    titles = [panel.get_title() for panel in figure.axes]
    assert "KID[pca64]" in titles and "coverage[pca64]" in titles
    panel = figure.axes[titles.index("coverage[pca64]")]
    heights = [bar.get_height() for bar in panel.patches]
    np.testing.assert_allclose(heights, [float(row["coverage"]) for row in report.table.values()])
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'needs matplotlib. Install it with: pip install "keras_augsynth\[viz\]"'):
        report.plot()


def test_export_writes_samples_and_their_card(fresh, tmp_path):
    synthesizer, report = fresh
    labels = np.array([0, 2, 2, 1])
    path = export_samples(synthesizer, labels, tmp_path / "samples", report=report, seed=5)
    assert path == tmp_path / "samples.npz"
    with np.load(path) as stored:
        np.testing.assert_array_equal(stored["y"], labels)
        assert stored["x"].shape == (4, 8, 8, 1)
    card = json.loads((tmp_path / "samples.json").read_text())
    assert card["content"] == "synthetic"
    assert card["exported"]["classes"] == {"0": 1, "1": 1, "2": 2}
    assert card["exported"]["seed"] == 5
    assert sorted(file.name for file in tmp_path.iterdir()) == ["samples.json", "samples.npz"]


def test_export_refuses_a_class_that_is_memorized(copying, tmp_path):
    synthesizer, report = copying
    with pytest.raises(ValueError, match=r"`labels` must leave out classes \[1\], .* allow_memorized=True"):
        export_samples(synthesizer, [0, 1], tmp_path / "samples.npz", report=report)
    assert not list(tmp_path.iterdir())
    export_samples(synthesizer, [0, 0, 2], tmp_path / "samples.npz", report=report)
    export_samples(synthesizer, [0, 1], tmp_path / "all.npz", report=report, allow_memorized=True)
    exported = json.loads((tmp_path / "all.json").read_text())["exported"]
    assert exported["allow_memorized"] is True and exported["memorized"] == {"0": False, "1": True}


def test_export_refuses_another_synthesizer(fresh, parts, tmp_path):
    with pytest.raises(ValueError, match="`report` must be of this synthesizer as it is now"):
        export_samples(Replay(*parts[0]), [0], tmp_path / "samples.npz", report=fresh[1])


def test_export_refuses_a_model_that_was_trained_since(parts, tmp_path):
    train = parts[0]
    gan = synthesis.GAN(*tiny.gan_networks(3, (8, 8, 1)), num_classes=3, value_range=(0, 16), seed=1)
    gan.compile()
    gan.train_step(train)
    report = quality_report(gan, *train, per_class_n=20, steps=0)
    assert report.card["synthesizer"]["sha256_of"] == "weights"
    assert export_samples(gan, [0], tmp_path / "samples.npz", report=report).exists()
    gan.train_step(train)
    with pytest.raises(ValueError, match="`report` must be of this synthesizer as it is now"):
        export_samples(gan, [0], tmp_path / "samples.npz", report=report)


def test_nothing_is_left_where_nothing_can_be_written(fresh, tmp_path):
    with pytest.raises(ValueError, match="`path` must be a file that can be written"):
        export_samples(fresh[0], [0], tmp_path / "nowhere" / "samples.npz", report=fresh[1])
    assert not list(tmp_path.iterdir())


def test_unconditional(parts, tmp_path):
    (x, _), (held, _), unseen = parts
    synthesizer = Replay(*unseen)
    report = quality_report(synthesizer, x, holdout=held, per_class_n=100)
    assert list(report.table) == ["all"] and report.memorized("all") is False
    path = export_samples(synthesizer, 7, tmp_path / "samples.npz", report=report)
    with np.load(path) as stored:
        assert list(stored) == ["x"] and len(stored["x"]) == 7


X, Y = np.random.default_rng(0).normal(size=(60, 4)).astype("float32"), np.arange(60) % 2


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: quality_report(3, X, Y), TypeError, "`synthesizer` must have a method `sample"),
        (lambda: quality_report(Replay(X, Y), X * np.inf, Y), ValueError, "`x_real` must be finite"),
        (lambda: quality_report(Replay(X, Y), X, Y[:9]), ValueError, "`y_real` must have one label for each sample"),
        (lambda: quality_report(Replay(X, Y), X, Y - 1), ValueError, "`y_real` must not be negative"),
        (lambda: quality_report(Replay(X, Y), X, Y, holdout=X), TypeError, r"`holdout` must be a pair \(x, y\)"),
        (lambda: quality_report(Replay(X, Y), X, Y, holdout=(X[:, :3], Y)), ValueError, "`holdout` must have samples"),
        (lambda: quality_report(Replay(X[:, :3], Y), X, Y), ValueError, "`synthesizer` must make samples of shape"),
        (lambda: quality_report(Replay(X * np.nan, Y), X, Y), ValueError, "`samples` must be finite"),
        (lambda: quality_report(Replay(X, Y), X, Y, per_class_n=5), ValueError, "`per_class_n` must"),
        (
            lambda: quality_report(Replay(X, Y), X, Y, features="pca"),
            TypeError,
            "`features` must be a FeatureExtractor",
        ),
        (lambda: export_samples(Replay(X, Y), [0], "s", report={}), TypeError, "`report` must be a QualityReport"),
        (lambda: metrics.QualityReport({}, {}).memorized(3), ValueError, "`label` must be one of"),
    ],
)
def test_wrong_arguments(call, kind, message):
    with np.errstate(invalid="ignore"), pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize("labels", [[3], [[0]], [0.5], []])
def test_wrong_labels(fresh, labels, tmp_path):
    with pytest.raises((TypeError, ValueError), match="export_samples: `labels` must be"):
        export_samples(fresh[0], labels, tmp_path / "samples.npz", report=fresh[1])


def test_keras_state_is_left_alone(parts):
    """A report in the middle of a training moves no random draw of it."""
    draw = lambda: keras.random.uniform((3,))
    keras.utils.set_random_seed(5)
    draw()
    expected = draw()
    keras.utils.set_random_seed(5)
    draw()
    quality_report(Replay(*parts[2]), *parts[0], holdout=parts[1], per_class_n=20, steps=1)
    np.testing.assert_array_equal(draw(), expected)
