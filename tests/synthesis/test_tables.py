"""Synthesizers of tables: DataFrames in and out, and their references."""

import datetime
import decimal
import json

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from imblearn.metrics.pairwise import ValueDifferenceMetric
from scipy import spatial, stats
from sklearn.neighbors import NearestNeighbors

from keras_augsynth import synthesis
from keras_augsynth.core.table_schema import TableSchema

Y = np.repeat([0, 1, 2], [60, 30, 10])
COPULA, NC, N = synthesis.GaussianCopulaSynthesizer, synthesis.SMOTENC, synthesis.SMOTEN


@pytest.fixture(scope="module")
def frame():
    """A table with columns of every kind."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=100) + Y
    return pd.DataFrame(
        {
            "income": np.exp(3.0 * z) * 1e3,
            "age": rng.integers(18, 90, 100),
            "job": rng.choice(["clerk", "smith", "wright"], 100),
            "size": pd.Categorical(rng.choice(["S", "M", "L"], 100), ["S", "M", "L", "XL"], ordered=True),
            "member": rng.random(100) < 0.3,
            "ratio": (z + rng.normal(size=100)).astype("float32"),
        }
    )


def densities():
    return synthesis.TableSynthesizer(lambda *shape: synthesis.GaussianMixtureSynthesizer(2), modes=2, seed=1)


MIXED = {"copula": COPULA, "smotenc": NC, "encoded": densities}


@pytest.fixture(scope="module", params=MIXED.values(), ids=MIXED)
def make(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(make, frame):
    return make().fit(frame, Y)


def test_a_frame_of_the_same_columns_and_dtypes(fitted, frame):
    made = fitted.sample([0, 2, 1, 1], seed=1)
    assert isinstance(fitted, synthesis.Synthesizer)
    assert list(made.columns) == list(frame.columns) and len(made) == 4
    assert made.dtypes.to_dict() == frame.dtypes.to_dict()
    many = fitted.sample(np.arange(300) % 3, seed=2)
    assert set(many["job"]) <= set(frame["job"]) and set(many["size"]) <= {"S", "M", "L"}
    for name in ("income", "age", "ratio"):
        assert frame[name].min() <= many[name].min() and many[name].max() <= frame[name].max()
    assert fitted.sample(np.zeros(0, int)).dtypes.to_dict() == frame.dtypes.to_dict()


def test_seed_decides(fitted):
    labels = np.arange(12) % 3
    first = fitted.sample(labels, seed=1)
    pd.testing.assert_frame_equal(first, fitted.sample(labels, seed=1))
    pd.testing.assert_frame_equal(first[:5], fitted.sample(labels[:5], seed=1))
    assert not first.equals(fitted.sample(labels, seed=2))


def test_in_a_graph_a_dictionary_of_columns(fitted, frame):
    labels = np.arange(6) % 3

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int64)])
    def sample(labels, seed):
        return fitted.sample(labels, seed=seed)

    made, expected = sample(labels, 3), fitted.sample(labels, seed=3)
    assert list(made) == list(frame.columns)
    assert [text.decode() for text in made["job"].numpy()] == list(expected["job"])
    np.testing.assert_allclose(made["income"], expected["income"], rtol=1e-6)
    np.testing.assert_array_equal(made["age"], expected["age"])
    np.testing.assert_array_equal(made["member"], expected["member"])


def test_saved_and_loaded(fitted, tmp_path):
    fitted.save(tmp_path / "it.npz")
    loaded = type(fitted).load(tmp_path / "it.npz")
    pd.testing.assert_frame_equal(loaded.sample([0, 1, 2], seed=1), fitted.sample([0, 1, 2], seed=1))


@pytest.mark.parametrize("make", [COPULA, NC], indirect=True)
def test_damaged_files_are_refused(fitted, tmp_path):
    fitted.save(tmp_path / "it.npz")
    with np.load(tmp_path / "it.npz") as file:
        arrays = dict(file)
    for broken in ({"counts": arrays["counts"] + 1}, {"discrete": arrays["discrete"][:2]}, {"table": np.array("{}")}):
        np.savez(tmp_path / "other.npz", **{**arrays, **broken})
        with pytest.raises(ValueError, match="damaged, or something else"):
            type(fitted).load(tmp_path / "other.npz")


def test_balanced_frame(make, frame):
    x, y = make().fit_resample(frame, Y, seed=1)
    np.testing.assert_array_equal(np.bincount(y), [60, 60, 60])
    pd.testing.assert_frame_equal(x[:100], frame)
    assert x.dtypes.to_dict() == frame.dtypes.to_dict()


def test_frames_of_numbers_and_sources_of_arrays():
    frame = pd.DataFrame({"a": np.linspace(0, 1, 30, dtype="float32"), "b": np.arange(30, dtype="uint8")})
    y = np.repeat([0, 1], [20, 10])
    for source in (synthesis.SMOTE(), synthesis.GaussianSynthesizer(), synthesis.AugmentedResampler()):
        x, labels = source.fit_resample(frame, y, seed=1)
        pd.testing.assert_frame_equal(x[:30], frame)
        assert x.dtypes.to_dict() == frame.dtypes.to_dict() and len(x) == len(labels) == 40
        assert x["b"][30:].between(10, 40).all()
    words = pd.DataFrame({"text": [f"é {k}" for k in range(30)]})
    x, _ = synthesis.AugmentedResampler().fit_resample(words, y, seed=1)
    pd.testing.assert_frame_equal(x[:30], words)
    assert set(x["text"][30:]) <= set(words["text"][20:])
    texts = frame.assign(c=["x", 1] * 15)
    for source in (synthesis.SMOTE(), synthesis.GaussianSynthesizer(), synthesis.AugmentedResampler()):
        with pytest.raises(TypeError, match="take columns of several types"):
            source.fit(texts, y)
    with pytest.raises(TypeError, match=r"return_inverse=True\)` numbers names"):
        synthesis.SMOTE().fit(frame, np.array(["no", "yes"])[y])


def test_copula_keeps_each_columns_distribution_and_their_ranks():
    rng = np.random.default_rng(1)
    z = rng.multivariate_normal([0, 0, 0], [[1, 0.8, -0.5], [0.8, 1, 0], [-0.5, 0, 1]], 800)
    x = np.column_stack([np.exp(3 * z[:, 0]), 1e-6 * z[:, 1], np.round(2 * z[:, 2])])
    made = COPULA(categorical=[2]).fit(x, np.zeros(800, int)).sample(np.zeros(4000, int), seed=1).numpy()
    for k in (0, 1):
        assert stats.ks_2samp(made[:, k], x[:, k]).pvalue > 0.01
    values, counts = np.unique(x[:, 2], return_counts=True)
    found = np.array([(made[:, 2] == value).sum() for value in values])
    assert found.sum() == 4000 and np.abs(found / 4000 - counts / 800).max() < 0.03
    np.testing.assert_allclose(stats.spearmanr(made).statistic, stats.spearmanr(x).statistic, atol=0.05)


def test_copula_makes_values_missing_as_often_as_they_were():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 2))
    x[rng.random(400) < 0.3, 1] = np.nan
    made = COPULA().fit(x, np.zeros(400, int)).sample(np.zeros(3000, int), seed=1).numpy()
    assert not np.isnan(made[:, 0]).any()
    assert abs(np.isnan(made[:, 1]).mean() - np.isnan(x[:, 1]).mean()) < 0.03
    frame = pd.DataFrame({"a": ["x", None, "y", "x"] * 5, "b": pd.array([1, None, 3, 4] * 5, dtype="Int64")})
    made = COPULA().fit(frame, np.zeros(20, int)).sample(np.zeros(50, int), seed=1)
    assert made.dtypes.to_dict() == frame.dtypes.to_dict()
    assert 0.1 < made["a"].isna().mean() < 0.45 and 0.1 < made["b"].isna().mean() < 0.45


def test_smotenc_is_between_neighbours_by_scikit_learn():
    """Numbers lie on the way to one of the k nearest, categories are the usual ones of all k."""
    rng = np.random.default_rng(3)
    x = np.column_stack([rng.normal(size=(40, 2)) * [1, 3], rng.integers(0, 3, 40), rng.integers(5, 7, 40)])
    others = np.column_stack([100.0 * rng.normal(size=(20, 2)), np.ones(20), np.full(20, 5)])  # have no say in it
    smote = NC(categorical=[2, 3], k_neighbors=4).fit(np.concatenate([x, others]), np.repeat([0, 1], [40, 20]))
    made = smote.sample(np.zeros(200, int), seed=1).numpy()
    penalty = np.median(x[:, :2].std(axis=0)) / 2
    encoded = [x[:, :2], *(penalty * (x[:, [k]] == np.unique(x[:, k])) for k in (2, 3))]
    encoded = np.concatenate(encoded, axis=1)
    near = NearestNeighbors(n_neighbors=5).fit(encoded).kneighbors(encoded, return_distance=False)[:, 1:]
    usual = stats.mode(x[near][:, :, 2:], axis=1).mode
    for row in made:
        way, step = row[:2] - x[:, None, :2], x[near][:, :, :2] - x[:, None, :2]
        gap = (way * step).sum(axis=2) / (step**2).sum(axis=2)
        off = np.abs(way - gap[..., None] * step).max(axis=2)
        bases, _ = np.nonzero((gap >= 0) & (gap <= 1) & (off < 1e-9))  # two rows may be neighbours of each other
        assert tuple(row[2:]) in {tuple(usual[base]) for base in bases}


def test_smoten_takes_the_neighbours_of_imbalanced_learns_metric():
    rng = np.random.default_rng(4)
    x, y = rng.integers(0, 4, (60, 3)), rng.integers(0, 3, 60)
    made = N(k_neighbors=5).fit(x, y).sample(np.full(300, 1), seed=1).numpy()
    rows = x[y == 1]
    distances = ValueDifferenceMetric().fit(x, y).pairwise(rows)
    np.fill_diagonal(distances, np.inf)
    near = np.argsort(distances, axis=1, kind="stable")[:, :5]
    usual = {tuple(row) for row in stats.mode(rows[near], axis=1).mode}
    assert {tuple(row) for row in made} == usual


def test_kmeans_smote_stays_inside_of_clusters(rng):
    """Between the class's two clusters lies the other class."""
    middle = rng.normal(0.0, 0.3, (80, 2))
    sides = np.concatenate([rng.normal(-5.0, 0.1, (5, 2)), rng.normal(5.0, 0.8, (6, 2))])
    x, y = np.concatenate([middle, sides]), np.repeat([0, 1], [80, 11])
    smote = synthesis.KMeansSMOTE(k_neighbors=5, clusters=3).fit(x, y)
    made = smote.sample(np.ones(400, int), seed=1).numpy()
    assert np.abs(made).min() > 2.0
    plain = synthesis.SMOTE(7).fit(x, y).sample(np.ones(400, int), seed=1).numpy()
    assert np.abs(plain).min() < 2.0
    weights = smote.weights(1)
    assert weights[5:].sum() > 0.9 and abs(weights.sum() - 1) < 1e-12  # the sparser cluster


def test_kmeans_smote_starts_by_the_papers_weights(rng):
    """In clusters with the class's share of all rows, and two rows of it: mean distance to the power d, by rows."""
    own, others = [4, 6, 3, 1, 1], [0, 0, 5, 25, 0]  # the third is a home by its share, not by a majority
    middles = 100.0 * np.arange(5)[:, None] * [1.0, 0.5]
    sizes = np.array([3.0, 1.0, 0.5, 1.0, 1.0])[:, None]
    place = lambda counts: (
        np.repeat(middles, counts, axis=0) + rng.normal(size=(sum(counts), 2)) * np.repeat(sizes, counts, axis=0)
    )
    x, y = np.concatenate([place(others), place(own)]), np.repeat([0, 1], [30, 15])
    rows = np.split(x[y == 1], np.cumsum(own)[:-1])
    sparsity = [spatial.distance.pdist(part).mean() ** 2 / len(part) for part in rows[:3]]
    expected = np.repeat([*(np.divide(sparsity, own[:3]) / sum(sparsity)), 0.0, 0.0], own)
    found = synthesis.KMeansSMOTE(k_neighbors=2, clusters=5).fit(x, y).weights(1)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_copula_has_correlations_for_each_class(rng):
    """Those of the two are opposite."""
    z = rng.normal(size=(400, 2))
    y = np.repeat([0, 2], 200)
    x = np.column_stack([z[:, 0], 0.5 * z[:, 1] + z[:, 0] * (1 - y)]) + 10.0 * y[:, None]
    made = COPULA().fit(x, y).sample(np.repeat([0, 2], 500), seed=1).numpy()
    for label, rows in ((0, made[:500]), (2, made[500:])):
        assert abs(stats.spearmanr(rows).statistic - stats.spearmanr(x[y == label]).statistic) < 0.1
        assert np.all(rows.min(axis=0) >= x[y == label].min(axis=0))
        assert np.all(rows.max(axis=0) <= x[y == label].max(axis=0))


def test_copula_goes_all_the_way_between_two_rows():
    made = COPULA().fit([[2.0], [3.0]], [0, 0]).sample(np.zeros(500, int), seed=1).numpy()
    assert stats.kstest(made[:, 0], stats.uniform(2.0, 1.0).cdf).pvalue > 0.01


def test_copula_shrinks_correlations(rng):
    x = rng.normal(size=(300, 1)) + 0.1 * rng.normal(size=(300, 2))
    made = COPULA(shrinkage=0.5).fit(x, np.zeros(300, int)).sample(np.zeros(3000, int), seed=1).numpy()
    scores = stats.norm.ppf((stats.rankdata(x, axis=0)) / 301)
    half = np.corrcoef(scores.T)[0, 1] / 2
    assert abs(stats.spearmanr(made).statistic - 6 / np.pi * np.arcsin(half / 2)) < 0.05  # of a normal distribution


def test_missing_values_in_a_graph():
    """NaN among floats, "" among texts; a column that can say neither refuses them."""

    @tf.function
    def decode(schema, rows):
        return schema.decode(rows)

    frame = pd.DataFrame({"text": ["b", None, "a"], "code": [2.5, 1.5, np.nan], "x": [np.nan, 0.0, 1.0]})
    schema = TableSchema.from_dataframe(frame, categorical=["code"])
    made = decode(schema, schema.encode(frame))
    assert made["text"].numpy().tolist() == [b"b", b"", b"a"]
    np.testing.assert_array_equal(made["code"], frame["code"])
    np.testing.assert_array_equal(made["x"], frame["x"])
    for column in (pd.array([1, None], dtype="Int64"), pd.Categorical([7, None]), pd.array([True, None], "boolean")):
        schema = TableSchema.from_dataframe(pd.DataFrame({"n": column}))
        assert decode(schema, np.zeros((2, 1)))["n"].dtype in ("int64", "int32", "bool")
        with pytest.raises(tf.errors.InvalidArgumentError, match="`n` must have no missing values in a graph"):
            decode(schema, schema.encode(pd.DataFrame({"n": column})))


@pytest.mark.parametrize(
    "values",
    [
        pd.array([None] * 100, dtype="Int64"),
        pd.array([None] * 100, dtype="string"),
        [None] * 100,
        [np.nan] * 100,
        pd.Categorical([None] * 100),
        pd.Categorical([None] * 100, ["a"]),
        pd.arrays.SparseArray([0, 1, 0, 3] * 25),
        pd.array([1, None, -3, 2**52] * 25, dtype="Int64"),
        pd.array([True, None] * 50, dtype="boolean"),
    ],
    ids=lambda values: str(getattr(values, "dtype", type(values[0]).__name__)),
)
def test_columns_of_missing_values_and_of_pandas_own_dtypes(frame, values, tmp_path):
    frame = frame[["age"]].assign(**{"of": values})
    source = COPULA().fit(frame, Y)
    source.save(tmp_path / "it.npz")
    made = source.sample(Y, seed=1)
    assert made.dtypes.to_dict() == frame.dtypes.to_dict()
    assert frame["of"].isna().all() or made["of"].dropna().between(-3, 2**52).all()
    assert made["of"].isna().all() == frame["of"].isna().all()
    pd.testing.assert_frame_equal(COPULA.load(tmp_path / "it.npz").sample(Y, seed=1), made)


def test_numbers_of_pandas_own_dtypes_are_numbers():
    frame = pd.DataFrame({"a": np.linspace(0, 1, 30), "b": pd.array(range(30), dtype="Int64")})
    y = np.repeat([0, 1], [20, 10])
    for source in (synthesis.SMOTE(), synthesis.GaussianSynthesizer()):
        x, _ = source.fit_resample(frame, y, seed=1)
        assert x.dtypes.to_dict() == frame.dtypes.to_dict() and len(x) == 40
    with pytest.raises(ValueError, match="1 of 30 rows with NaN"):
        synthesis.SMOTE().fit(frame.assign(b=frame["b"].mask(frame["b"] == 3)), y)


def test_schema_of_a_frame(frame):
    schema = TableSchema.from_dataframe(frame, ordinal={"job": ["wright", "smith", "clerk"]})
    assert schema.kinds == ["numeric", "numeric", "ordinal", "ordinal", "categorical", "numeric"]
    again = TableSchema.from_config(schema.get_config())
    pd.testing.assert_frame_equal(again.decode(again.encode(frame)), frame)
    numbered = TableSchema.from_dataframe(pd.DataFrame({0: [1], 1: ["a"]}))
    assert TableSchema.from_config(json.loads(json.dumps(numbered.get_config()))).dtypes == numbered.dtypes
    levels = frame.set_axis(pd.MultiIndex.from_product([["of"], frame.columns]), axis=1)
    again = TableSchema.from_config(json.loads(json.dumps(TableSchema.from_dataframe(levels).get_config())))
    pd.testing.assert_frame_equal(again.decode(again.encode(levels)), levels)
    with pytest.raises(ValueError, match="infinity in column 'ratio'"):
        schema.encode(frame.assign(ratio=-np.inf))
    with pytest.raises(ValueError, match=r"hold the categories .* in column 'job'. Received: frame=\['king'\]"):
        schema.encode(frame.assign(job="king"))
    with pytest.raises(ValueError, match="`frame` must have the columns"):
        schema.encode(frame[["age"]])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda f: COPULA().fit(f.assign(day=pd.Timestamp("2020-01-01")), Y),
            TypeError,
            r"by days = frame\['day'\]; frame\['day'\] = .*dt.days",
        ),
        (
            lambda f: COPULA().fit(f.assign(day=[datetime.date(2020, 1, 1)] * 100), Y),
            TypeError,
            r"by days = pd.to_datetime\(frame\['day'\]",
        ),
        (
            lambda f: COPULA().fit(f.assign(day=pd.period_range("2020", periods=100, freq="M")), Y),
            TypeError,
            "hold dates as numbers",
        ),
        (lambda f: COPULA().fit(f.assign(big=-(2**63)), Y), ValueError, r"at most 2\*\*53"),
        (lambda f: COPULA().fit(f.assign(big=2**64 - 1), Y), ValueError, r"at most 2\*\*53"),
        (lambda f: COPULA().fit(f.assign(z=1j), Y), TypeError, "hold real numbers"),
        (lambda f: COPULA().fit(f.assign(z=[[1]] * 100), Y), TypeError, r"in column 'z'. Received: .*\['list'\]"),
        (lambda f: COPULA().fit(f.assign(z=[decimal.Decimal(1)] * 100), Y), TypeError, r"\['z'\].astype\(float\)"),
        (lambda f: COPULA().fit(pd.concat([f, f[["age"]]], axis=1), Y), ValueError, r"different names.*\['age'\]"),
        (lambda f: COPULA(categorical=["agee"]).fit(f, Y), ValueError, r"`categorical` must name columns of .*agee"),
        (lambda f: TableSchema.from_dataframe(f, ordinal={"jobs": ["a"]}), ValueError, "`ordinal` must name columns"),
        (lambda f: TableSchema({"a": "numeric"}, {"b": "int8"}), ValueError, "`dtypes` must name columns"),
        (lambda f: TableSchema({"a": 3}), TypeError, "a pair of a kind and a list"),
        (lambda f: TableSchema({"a": ("ordinal",)}), TypeError, "a pair of a kind and a list"),
        (lambda f: TableSchema({"a": ("ordinal", "SML")}), TypeError, "a pair of a kind and a list"),
        (lambda f: TableSchema({"a": ("ordinal", ["S", "S"])}), ValueError, "none twice"),
        (lambda f: TableSchema({"job": "numeric"}).encode(f[["job"]]), TypeError, "hold numbers in column 'job'"),
        (lambda f: COPULA().fit(f, Y * 10**6), ValueError, "`y` must be below 100,000"),
        (lambda f: COPULA().fit(f.assign(c=pd.cut(f["age"], 3)), Y).save("x"), TypeError, r"rename_categories\(str\)"),
        (lambda f: COPULA().fit(f.assign(mix=["a", 1] * 50), Y), TypeError, "hold values of one type in a column"),
        (lambda f: COPULA().fit(f.assign(big=2**60), Y), ValueError, r"at most 2\*\*53"),
        (lambda f: COPULA().fit(f.assign(ratio=np.inf), Y), ValueError, "infinity in column 'ratio'"),
        (lambda f: NC().fit(f.assign(ratio=np.nan), Y), ValueError, "without missing values"),
        (lambda f: NC().fit(f[["age"]], Y), ValueError, "have columns of both kinds"),
        (lambda f: N().fit(f, Y), ValueError, "have columns of categories alone"),
        (lambda f: NC(categorical="job"), TypeError, "`categorical` must be a list"),
        (lambda f: NC(categorical=[7]).fit(np.zeros((3, 2)), [0, 0, 1]), ValueError, "`categorical` must"),
        (lambda f: COPULA().fit(np.zeros(3), [0, 0, 1]), TypeError, "be a DataFrame, or an array"),
        (lambda f: COPULA(shrinkage=2.0), ValueError, "`shrinkage` must"),
        (lambda f: COPULA().sample([0]), RuntimeError, "must come after `fit`"),
        (lambda f: COPULA().fit(f, Y * 2).sample([1]), ValueError, "classes that had rows"),
        (lambda f: TableSchema({}), ValueError, "`columns` must be a dictionary"),
        (lambda f: TableSchema({"a": "number"}), ValueError, "must be one of"),
        (lambda f: TableSchema({"a": ("ordinal", [])}), ValueError, "at least one"),
    ],
)
def test_wrong_input(frame, call, kind, message):
    with pytest.raises(kind, match=message):
        call(frame)
