"""What is found in tables whose faults are known."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.covariance import MinCovDet

from keras_augsynth.data import quality_report
from keras_augsynth.data.quality_report import _chi_squared, _distances_space, _robust_distances


@pytest.fixture(scope="module")
def table():
    """Two classes far apart, with units of their own, and known faults."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [200, 60])
    x = (rng.normal(size=(260, 3)) @ [[1, 0.9, 0], [0, 0.3, 0], [0, 0, 1]] + 8 * y[:, None]) * [1.0, 1e5, 1.0]
    x[10] += [6.0, -6e5, 0.0]  # against the correlation
    x[20] = x[19]
    x[30], wrong = x[31], y.copy()
    wrong[[5, 210]] = [1, 0]
    wrong[31] = 1
    x[40:60, 2] = np.nan
    return x, wrong


@pytest.fixture(scope="module")
def report(table):
    return quality_report(*table)


def test_everything_is_found(report):
    assert 10 in report.outliers and len(report.outliers) < 12
    assert {5, 210} <= set(report.wrong_labels.tolist()) and len(report.wrong_labels) < 8
    likely = dict(zip(report.wrong_labels.tolist(), report.likely_labels.tolist(), strict=True))
    assert likely[5] == 0 and likely[210] == 1
    np.testing.assert_array_equal(report.duplicates, [20, 31])
    np.testing.assert_array_equal(report.contradictions, [30, 31])
    np.testing.assert_allclose(report.missing, [[0, 0, 20 / 199], [0, 0, 0]])
    assert report.counts.tolist() == [199, 61] and abs(report.imbalance_ratio - 199 / 61) < 1e-12
    assert report.mixed_scales[0] == "1"


def test_table_with_advice(report):
    text = str(report)
    for line in ("260 rows, 3 columns, 2 classes", "duplicates    2 rows, 2 with another label", "layers.Imputation"):
        assert line in text
    json.dumps(report.to_dict())
    figure = report.plot()
    assert [axis.get_xlabel() for axis in figure.axes[:2]] == ["column", "class"]


def test_clean_data_have_no_faults():
    rng = np.random.default_rng(1)
    y = np.arange(400) % 2
    report = quality_report(rng.normal(size=(400, 4)) + 9 * y[:, None], y)
    assert len(report.outliers) <= 4 and not len(report.wrong_labels) and not len(report.duplicates)
    assert str(report).count("->") <= 1  # one normal row in a thousand is called an outlier


def test_distances_are_those_of_the_minimum_covariance_determinant(rng):
    """With a third of the rows far away, which an ordinary covariance would hide."""
    rows = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 3)) * [1.0, 1e4, 1e-3]
    rows[:90] += 30 * rows.std(axis=0)
    ours, theirs = _robust_distances(rows), MinCovDet(random_state=0).fit(rows).mahalanobis(rows)
    assert stats.spearmanr(ours[90:], theirs[90:]).statistic > 0.95
    assert ours[:90].min() > _chi_squared(3, 0.999) > np.quantile(ours[90:], 0.97)


def test_quantiles_are_scipys():
    for freedom in (1, 3, 30):
        for share in (0.5, 0.975, 0.999):
            assert abs(_chi_squared(freedom, share) / stats.chi2(freedom).ppf(share) - 1) < 0.04


def test_frames_of_any_kind():
    frame = pd.DataFrame({"a": [1.0, 2, np.nan, 1], "job": ["x", "y", None, "x"]})
    report = quality_report(frame, [0, 0, 1, 0])
    assert report.columns == ["a", "job"] and report.unjudged == [0, 1]
    np.testing.assert_array_equal(report.duplicates, [3])
    np.testing.assert_array_equal(report.missing, [[0, 0], [1, 1]])
    lost = quality_report(pd.DataFrame({0: [1.0, 2.0, 3e6], 1: [0.1, 0.2, 0.3], 2: [None] * 3}), [0, 0, 1])
    np.testing.assert_array_equal(lost.missing, [[0, 0, 1]] * 2)
    assert "most: 2 100%" in str(lost) and "very different: 1, 0" in str(lost)  # names that are numbers


def test_identifiers_cost_nothing_and_hide_nothing(rng):
    x = pd.DataFrame({"a": np.concatenate([rng.normal(0, 1, 300), rng.normal(20, 1, 300)]), "k": ["u", "v"] * 300})
    y = np.repeat([0, 1], 300)
    y[[5, 400]] = 1 - y[[5, 400]]
    alone = quality_report(x, y)
    beside = quality_report(x.assign(id=[f"p{k}" for k in range(600)], code=np.arange(600).astype(str)), y)
    assert set(alone.wrong_labels) == set(beside.wrong_labels) == {5, 400}
    assert _distances_space(np.arange(600.0)[:, None], np.array([False])).shape == (600, 0)
    assert _distances_space(np.repeat(np.arange(300.0), 2)[:, None], np.array([False])).shape == (600, 100)


@pytest.mark.parametrize(
    ("x", "y", "kind", "message"),
    [
        (np.zeros((3, 2)), [0, 1], ValueError, "`y` must have one label for each sample"),
        (np.zeros((2, 2)), [0.5, 1], ValueError, "`y` must be integer labels"),
        (np.zeros((2, 2)), np.eye(2), ValueError, r"`np.argmax\(y, axis=1\)` turns one-hot rows into them"),
        (np.zeros((2, 2)), [-1, 1], ValueError, "`y` must not be negative"),
        (np.zeros((2, 2)), [0, 10**9], ValueError, "`y` must be below 100,000; .* numbers codes"),
        (np.zeros((2, 2)), ["a", "b"], TypeError, "numbers names"),
        (np.zeros((2, 2)), np.eye(2, dtype=int), ValueError, r"Received: y='int64 \(2, 2\)'"),
        (np.array([[np.inf], [1]]), [0, 1], ValueError, "`x` must be finite"),
        (np.zeros(3), [0, 1, 1], TypeError, "`x` must be a DataFrame or an array"),
        (np.array([["a"]]), [0], TypeError, "`x` must be a DataFrame or an array"),
        (pd.DataFrame({"d": pd.to_datetime(["2020-01-01"])}), [0], TypeError, "hold dates and durations as numbers"),
    ],
)
def test_wrong_input(x, y, kind, message):
    with pytest.raises(kind, match=message):
        quality_report(x, y)
