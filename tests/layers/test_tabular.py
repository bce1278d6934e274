"""Layers of tables, held to scikit-learn, NumPy and pandas."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import stats
from sklearn.impute import KNNImputer, SimpleImputer

from keras_augsynth import layers
from keras_augsynth.ops import missing


@pytest.fixture(scope="module")
def holes():
    """Rows of columns that hang together, in units of their own, every fourth value missing; one row has none."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(120, 5)) @ rng.normal(size=(5, 5)) * [1.0, 10.0, 1e3, 0.1, 1.0] + [0, 5, 1e5, 0, 0]
    rows[:, 4] = np.round(rows[:, 4])
    rows[rng.random(rows.shape) < 0.25] = np.nan
    rows[7] = np.nan
    return rows


def imputed(holes, strategy, **kwargs):
    layer = layers.Imputation(strategy, dtype="float64", **kwargs)
    layer.adapt(holes)
    return layer(holes).numpy()


def assert_filled(ours, theirs, holes):
    """To 1e-5 of the column's spread; what was there is there."""
    spread = np.nanstd(holes, axis=0)
    np.testing.assert_allclose(ours / spread, theirs / spread, atol=1e-5)
    there = ~np.isnan(holes)
    np.testing.assert_array_equal(ours[there], holes[there])


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
def test_imputation_is_scikit_learns(holes, strategy):
    theirs = SimpleImputer(strategy=strategy, fill_value=-1.5).fit_transform(holes)
    assert_filled(imputed(holes, strategy, fill_value=-1.5), theirs, holes)


@pytest.mark.parametrize("strategy", ["median", "constant"])
def test_indicators_are_scikit_learns(holes, strategy, tmp_path):
    """Of the columns that have gaps in `adapt`; those of others show nowhere, in scikit-learn as here."""
    train, test = holes.copy(), holes[:30]
    train[:, [0, 3]] = np.nan_to_num(train[:, [0, 3]])
    imputer = SimpleImputer(strategy=strategy, fill_value=-1.5, add_indicator=True).fit(train)
    layer = layers.Imputation(strategy, fill_value=-1.5, add_indicator=True, dtype="float64")
    for call in (lambda: layer(test), lambda: layer.compute_output_shape((None, 5))):
        with pytest.raises(RuntimeError, match="`adapt` must be called with rows"):
            call()
    layer.adapt(train)
    np.testing.assert_allclose(layer(test), imputer.transform(test), rtol=1e-12)
    assert layer.compute_output_shape((None, 5)) == (None, 8) == layer(keras.Input((5,))).shape
    assert layer(test[0]).shape == (8,)

    pipeline = layers.Pipeline([layers.RandomMissing(0.0), layer], p=0.5)
    model = keras.Sequential([keras.Input((5,), dtype="float64"), pipeline, keras.layers.Dense(2)])
    assert model.layers[-1].kernel.shape == (8, 2)
    assert pipeline(test, training=True).shape == (30, 8)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(test), model(test))
    data = tf.data.Dataset.from_tensor_slices(test).batch(7).map(layer)
    assert data.element_spec.shape.as_list() == [None, 8]


def test_columns_that_are_built_while_keras_looks():
    """What the arguments say of each column is not lost where a layer is built inside another's `call`."""
    fill = layers.Imputation("constant", fill_value=7.0)

    class Around(keras.layers.Layer):
        def call(self, x):
            return fill(x)

    rows = keras.Input((2,))
    assert keras.Model(rows, Around()(rows))(np.array([[1.0, np.nan]])).numpy().tolist() == [[1.0, 7.0]]


def test_copies_by_configuration_keep_what_the_arguments_say():
    for layer in (layers.Imputation("constant", fill_value=7.0), layers.OutlierClip(limits=(1.0, 2.0))):
        rows = np.array([[0.0, np.nan], [3.0, 4.0]], "float32")
        model = keras.Sequential([keras.Input((2,)), layer])
        np.testing.assert_array_equal(keras.models.clone_model(model)(rows), model(rows))
        pipeline = layers.Pipeline([layer])
        np.testing.assert_array_equal(layers.Pipeline.from_config(pipeline.get_config())(rows), model(rows))


def test_indicators_without_anything_missing_and_adapted_anew(holes, tmp_path):
    layer = layers.Imputation("mean", add_indicator=True)
    layer.adapt(np.eye(5))
    assert layer(holes).shape == (120, 5)
    model = keras.Sequential([keras.Input((5,)), layer])
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(holes), layer(holes))
    with pytest.raises(ValueError, match=r"missing values in 0 columns, as before: make a new layer. .* \[0, 1, 2, 3"):
        layer.adapt(holes)
    with pytest.raises(ValueError, match="must be augmentations that keep the size"):
        layers.OneOf([layer, layers.RandomSwapNoise(0.1)])


@pytest.mark.parametrize("k", [1, 5, 200])
def test_nearest_neighbours_are_scikit_learns(holes, k):
    holes = holes + np.random.default_rng(1).normal(size=holes.shape) * 1e-3  # neighbours that are no ties
    train, test = holes[:80], np.delete(holes, 7, axis=0)[60:]
    theirs = KNNImputer(n_neighbors=k).fit(train).transform(test)
    layer = layers.Imputation("knn", n_neighbors=k, dtype="float64")
    layer.adapt(train)
    assert_filled(layer(test).numpy(), theirs, test)
    np.testing.assert_allclose(layer(np.full((1, 5), np.nan)).numpy()[0], np.nanmean(train, axis=0), rtol=1e-5)


@pytest.mark.parametrize("distances", [1, 600, 10**6])
def test_neighbours_are_looked_for_in_blocks_of_rows(holes, distances, monkeypatch):
    """Of one row, of a few with a rest, of all; of a number of rows that is known, and of one that is not."""
    monkeypatch.setattr(missing, "_DISTANCES", distances)
    holes = holes + np.random.default_rng(1).normal(size=holes.shape) * 1e-3  # neighbours that are no ties
    train, test = holes[:80], np.delete(holes, 7, axis=0)[60:]
    fill = lambda x: missing.nearest_filled(x, tf.constant(train), 3)
    unknown = tf.function(fill, input_signature=[tf.TensorSpec((None, 5), "float64")])
    theirs = KNNImputer(n_neighbors=3).fit(train).transform(test)
    for filled in (fill(tf.constant(test)), unknown(tf.constant(test))):
        assert_filled(filled.numpy(), theirs, test)


def test_neighbours_where_few_have_a_value():
    """Of most rows not k of the nearest 4 k; scikit-learn finds them among all."""
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(150, 4))
    rows[rng.random(150) < 0.85, 0] = rows[rng.random(150) < 0.3, 1] = np.nan
    layer = layers.Imputation("knn", n_neighbors=3, dtype="float64")
    layer.adapt(rows[:100])
    assert_filled(
        layer(rows[100:]).numpy(), KNNImputer(n_neighbors=3).fit(rows[:100]).transform(rows[100:]), rows[100:]
    )


def test_gaussian_is_the_conditional_mean(holes):
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 3)) * [1.0, 1e4, 1e-3] + [0.0, 1e5, 1.0]
    layer = layers.Imputation("gaussian", dtype="float64")
    layer.adapt(rows)
    mean, covariance = rows.mean(axis=0), np.cov(rows.T, ddof=0)
    test = rows[:4].copy()
    test[0, 0] = test[1, [0, 2]] = test[2] = np.nan
    found = layer(test).numpy()
    for row, filled in zip(test, found, strict=True):
        known = ~np.isnan(row)
        gain = np.linalg.solve(covariance[np.ix_(known, known)], covariance[np.ix_(known, ~known)])
        expected = mean[~known] + (row[known] - mean[known]) @ gain
        np.testing.assert_allclose(filled[~known], expected, rtol=1e-4)
    assert np.isfinite(imputed(holes, "gaussian")).all()


def test_moments_of_rows_with_holes_are_the_likeliest():
    """Of two columns, the second of which is missing where the first is large: by the known closed form."""
    rng = np.random.default_rng(2)
    x = rng.normal(3.0, 2.0, 400)
    rows = np.column_stack([x, 5.0 * x + rng.normal(size=400)])
    rows[x > 4.0, 1] = np.nan
    there = ~np.isnan(rows[:, 1])
    slope, offset = np.polyfit(rows[there, 0], rows[there, 1], 1)
    rest = np.mean((rows[there, 1] - slope * rows[there, 0] - offset) ** 2)
    mean, scale, correlation = missing.normal_moments(rows)
    np.testing.assert_allclose(mean, [x.mean(), offset + slope * x.mean()], rtol=1e-4)
    np.testing.assert_allclose(scale, [x.std(), np.sqrt(slope**2 * x.var() + rest)], rtol=1e-4)
    np.testing.assert_allclose(correlation[0, 1] * scale[0] * scale[1], slope * x.var(), rtol=1e-4)


@pytest.mark.parametrize("strategy", ["median", "knn", "gaussian"])
def test_imputation_in_a_model_and_a_file(holes, strategy, tmp_path):
    layer = layers.Imputation(strategy)
    layer.adapt(pd.DataFrame(holes))
    model = keras.Sequential([keras.Input((5,)), layer])
    expected = model.predict(holes, verbose=0)
    assert np.isfinite(expected).all()
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras").predict(holes, verbose=0), expected)
    row = tf.data.Dataset.from_tensor_slices(holes.astype("float32")).map(layer)
    np.testing.assert_allclose(np.stack(list(row.as_numpy_iterator())), expected, rtol=1e-5)


@pytest.mark.xla
@pytest.mark.full
def test_imputation_by_xla(holes):
    for strategy in ("knn", "gaussian"):
        layer = layers.Imputation(strategy)
        layer.adapt(holes)
        np.testing.assert_allclose(layer(holes), imputed(holes, strategy), rtol=1e-3, atol=1e-3)


def test_missing_at_their_rate():
    x = np.ones((4000, 3), "float32")
    made = np.isnan(layers.RandomMissing(0.2, seed=1)(x).numpy())
    assert all(0.17 < share < 0.23 for share in made.mean(axis=0))
    assert abs(np.corrcoef(made.T)[0, 1]) < 0.06
    assert not np.isnan(layers.RandomMissing(0.0)(x)).any() and np.isnan(layers.RandomMissing(1.0)(x)).all()
    of_row = np.isnan(layers.RandomMissing((0.0, 1.0), seed=1)(np.ones((2000, 9))).numpy()).sum(axis=1)
    assert of_row.std() > 2.0  # a rate for each row: uniform in 0..9, not binomial


def test_missing_by_another_column(rng):
    x = rng.normal(size=(4000, 3))
    layer = layers.RandomMissing(0.5, by=1, quantile=0.75, seed=1)
    with pytest.raises(RuntimeError, match="`adapt` must be called with rows"):
        layer(x)
    layer.adapt(x)
    made = np.isnan(layer(x).numpy())
    above = x[:, 1] > np.quantile(x[:, 1], 0.75)
    assert not made[~above].any() and not made[:, 1].any()
    assert all(0.45 < share < 0.55 for share in made[above][:, [0, 2]].mean(axis=0))


def test_swapped_values_come_from_their_column(rng):
    x = rng.permuted(np.arange(400.0).reshape(100, 4), axis=0).astype("float32")
    made = layers.RandomSwapNoise(0.3, seed=1)(x).numpy()
    for column, original in zip(made.T, x.T, strict=True):
        assert np.isin(column, original).all()
    assert 0.22 < (made != x).mean() < 0.38
    np.testing.assert_array_equal(layers.RandomSwapNoise(0.0)(x), x)
    assert np.all(layers.RandomSwapNoise(1.0, seed=1)(x).numpy() != x)  # never the row itself
    np.testing.assert_array_equal(layers.RandomSwapNoise(1.0)(x[0]), x[0])


def test_outliers_are_clipped_to_their_quantiles(holes):
    layer = layers.OutlierClip(0.1)
    layer.adapt(holes)
    low, high = np.nanquantile(holes, [0.1, 0.9], axis=0)
    np.testing.assert_allclose(layer(holes), np.clip(holes, low, high), rtol=1e-6)  # NaN included


def test_label_noise_is_uniform_over_the_other_classes():
    x, y = np.zeros((6000, 2), "float32"), np.arange(6000) % 3
    noise = layers.RandomLabelNoise(0.3, num_classes=3, seed=1)
    same, made = noise(x, y, training=True)
    np.testing.assert_array_equal(same, x)
    step = (made.numpy() - y) % 3
    assert stats.chisquare(np.bincount(step), [4200, 900, 900]).pvalue > 0.001
    one_hot = layers.RandomLabelNoise(0.3, num_classes=3, seed=1)(x, np.eye(3, dtype="float32")[y], training=True)[1]
    np.testing.assert_array_equal(np.argmax(one_hot, axis=1), made)
    assert made.dtype == tf.int64
    np.testing.assert_array_equal(noise(x, y, training=False)[1], y)


def test_feature_noise_without_adapt_warns():
    with pytest.warns(UserWarning, match="every column is taken to have a standard deviation of 1: call `adapt`"):
        layers.RandomFeatureNoise(0.1)(np.zeros((2, 3)))
    by_hand = layers.RandomFeatureNoise(0.5, scale=[0.0, 100.0], seed=1)(np.zeros((2000, 2))).numpy()
    np.testing.assert_allclose(by_hand.std(axis=0), [0.0, 50.0], rtol=0.1)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_feature_noise_of_any_dtype(dtype):
    assert layers.RandomFeatureNoise(0.5, scale=1.0, dtype=dtype)(np.ones((2, 3))).dtype == dtype


def test_imputation_learns_from_pandas_own_dtypes():
    layer = layers.Imputation("mean")
    layer.adapt(
        pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": pd.array([True, None, False], "boolean")})
    )
    np.testing.assert_array_equal(layer(np.full((1, 2), np.nan)), [[2.0, 0.5]])


ADAPTED = [lambda: layers.Imputation("mean"), lambda: layers.OutlierClip()]


@pytest.mark.parametrize("make", ADAPTED)
@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (np.zeros((0, 2)), ValueError, "`data` must be an array"),
        (np.zeros(3), ValueError, "`data` must be an array"),
        ([[1.0, np.nan], [2.0, np.nan]], ValueError, r"have a value in each column. Received: data='columns \[1\]"),
        ([[1.0, np.inf]], ValueError, "`data` must be finite, or NaN"),
        ([["a", "b"]], TypeError, "`data` must be numbers"),
        (pd.DataFrame({"a": [1.0], "b": ["x"]}), TypeError, "`data` must hold numbers: .* of (str|object)"),
        (pd.DataFrame({"d": pd.to_datetime(["2020-01-01"])}), TypeError, "of datetime64"),
    ],
)
def test_rows_that_cannot_be_learned(make, data, kind, message):
    with pytest.raises(kind, match=message):
        make().adapt(data)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: layers.Imputation("nearest"), ValueError, "`strategy` must be one of"),
        (lambda: layers.Imputation("knn", n_neighbors=0), ValueError, "`n_neighbors` must"),
        (lambda: layers.Imputation("constant", fill_value=np.nan), ValueError, "`fill_value` must"),
        (lambda: layers.Imputation("mean", add_indicator=1), TypeError, "`add_indicator` must be True or False"),
        (lambda: layers.Imputation("mean")(np.zeros((2, 2))), RuntimeError, "`adapt` must be called with rows"),
        (lambda: layers.OutlierClip(0.5), ValueError, "`quantile` must"),
        (lambda: layers.OutlierClip(limits=(1, 0)), ValueError, "`limits` must be finite, low not above high"),
        (lambda: layers.RandomMissing(1.5), ValueError, "`rate` must"),
        (lambda: layers.RandomSwapNoise(-0.1), ValueError, "`rate` must"),
        (lambda: layers.RandomLabelNoise(0.1, num_classes=1), ValueError, "`num_classes` must"),
        (lambda: layers.RandomFeatureNoise(0.1, scale=-1.0), ValueError, "`scale` must"),
    ],
)
def test_wrong_arguments(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


RAW = np.random.default_rng(0).normal([5e4, 40.0, 0.5, 170.0], [2e4, 12.0, 0.5, 9.0], (256, 4)).astype("float32")
STANDARD = (RAW - RAW.mean(0)) / RAW.std(0)
LEARNERS = {
    "noise": lambda: layers.RandomFeatureNoise(0.1),
    "clip": layers.OutlierClip,
    **{f"fill by {name}": lambda name=name: layers.Imputation(name) for name in ("mean", "median", "knn", "gaussian")},
}
_WARNED = "for .* are of another scale than those that `adapt` saw. Put the layer before what scales them, or let it"


def learned(make, rows):
    layer = make()
    layer.adapt(rows)
    return layer


@pytest.mark.parametrize("make", LEARNERS.values(), ids=list(LEARNERS))
def test_rows_of_another_scale_than_those_of_adapt(make, capfd):
    # Raw values with a spread that is small beside their distance from 0, where what is learned is a value.
    narrow = RAW * [1e-3, 1.0, 1.0, 1.0] + [1e5, 1e4, 1e3, 1e4] if make is not LEARNERS["noise"] else RAW * 100.0
    layer = learned(make, narrow)
    with pytest.warns(UserWarning, match=_WARNED.replace("for .* are", "are")) as caught:
        layer(STANDARD, training=True)
    assert len(caught) == 1
    layer(STANDARD, training=True)
    list(tf.data.Dataset.from_tensors(STANDARD).map(layers.Pipeline([learned(make, narrow)])))
    assert capfd.readouterr().err.count("Pipeline: columns for ") == 1


@pytest.mark.parametrize("make", LEARNERS.values(), ids=list(LEARNERS))
def test_rows_that_are_like_those_of_adapt(make, capfd):
    holes = np.where(np.random.default_rng(1).random(RAW.shape) < 0.3, np.nan, RAW)
    codes = np.eye(8, dtype="float32")[np.arange(256) % 8]
    for rows, batch in (
        (RAW, RAW[:32]),
        (holes, holes[:8]),
        (RAW, RAW[np.argsort(RAW[:, 0])][:32]),  # sorted by one of them
        (RAW, 1.5 * RAW),
        (codes, codes[:3].repeat(4, 0)),  # most columns are constant
        (RAW, STANDARD[:4]),  # too few to tell
    ):
        layer = learned(make, rows)
        layer(batch, training=True)
        list(tf.data.Dataset.from_tensors(batch).map(learned(make, rows)))
    assert capfd.readouterr().err == ""
