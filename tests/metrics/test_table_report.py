"""Reports of synthetic tables, column by column against SciPy."""

import importlib
import json

import numpy as np
import pandas as pd
import pytest
from scipy import spatial, stats

from keras_augsynth import synthesis
from keras_augsynth.metrics import table_report


def tables(n=300, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    z = rng.normal(size=n) + 3 * y
    frame = {"z": z, "income": np.exp(z + rng.normal(size=n)), "job": np.where(rng.random(n) < 0.7, "smith", "clerk")}
    return pd.DataFrame(frame), y


REAL, FAKE = tables(), tables(200, seed=1)


@pytest.fixture(scope="module")
def report():
    return table_report(REAL, FAKE, tables(100, seed=2), steps=60)


def test_columns_are_scipys(report):
    for name in ("z", "income"):
        expected = stats.ks_2samp(REAL[0][name], FAKE[0][name]).statistic
        assert report.columns[name].metric == "KS" and abs(report.columns[name].value - expected) < 1e-12
    share = [np.mean(frame["job"] == "smith") for frame in (REAL[0], FAKE[0])]
    assert report.columns["job"].metric == "TV"
    assert abs(report.columns["job"].value - abs(share[0] - share[1])) < 1e-12


def test_correlations_are_scipys():
    pairs = [[frame[["z", "income"]].to_numpy() for frame in (REAL[0], FAKE[0])]]
    expected = np.diff([stats.spearmanr(rows).statistic for rows in pairs[0]])
    found = table_report(*((rows, y) for rows, (_, y) in zip(pairs[0], (REAL, FAKE), strict=True)))
    assert abs(found.correlation_difference - abs(expected[0])) < 1e-12
    assert found.utility is None


def test_copies_and_noise_are_told(report):
    assert 0.7 < report.closest_record < 1.4
    assert table_report(REAL, REAL).closest_record == 0.0
    shuffled = REAL[0].assign(z=np.random.default_rng(3).permutation(REAL[0]["z"]))
    worse = table_report(REAL, (shuffled, REAL[1]))
    assert worse.columns["z"].value == 0.0
    assert worse.correlation_difference > 3 * report.correlation_difference  # chance makes some, too


def test_closest_record_is_scipys(report):
    """In standard deviations of the real columns; two categories are as far apart as two numbers by 1."""
    real, fake, test = REAL[0], FAKE[0], tables(100, seed=2)[0]

    def space(frame):
        numbers = [(frame[name] - real[name].mean()) / real[name].std(ddof=0) for name in ("z", "income")]
        return np.column_stack([*numbers, *((frame["job"] == job) / 2**0.5 for job in ("smith", "clerk"))])

    nearest = lambda frame: np.median(spatial.distance.cdist(space(frame), space(real)).min(axis=1))
    assert abs(report.closest_record - nearest(fake) / nearest(test)) < 1e-9


def test_closest_record_of_large_tables_is_that_of_some_rows(report, monkeypatch):
    monkeypatch.setattr(importlib.import_module("keras_augsynth.metrics.table_report"), "_JUDGED", 60)
    assert 0.7 < table_report(REAL, FAKE).closest_record / report.closest_record < 1.4
    assert table_report(REAL, REAL).closest_record == 0.0


def test_identifiers_are_refused():
    frame = pd.DataFrame({"id": [f"p{k}" for k in range(10_001)]})
    with pytest.raises(ValueError, match=r"at most 10,000 categories in a column.*\{'id': 10001\}"):
        table_report((frame, np.zeros(10_001, int)), (frame, np.zeros(10_001, int)))
    with pytest.raises(ValueError, match="TableEncoder: `frame` must have at most 10,000 categories"):
        synthesis.TableEncoder().fit(frame)


def test_training_on_it(report):
    assert report.utility["real"] > 0.85 and report.utility["synthetic"] > 0.8
    wrong = table_report(REAL, (FAKE[0], 1 - FAKE[1]), tables(100, seed=2), steps=60)
    assert wrong.utility["synthetic"] < 0.3


def test_missing_values_count():
    holes = FAKE[0].assign(z=FAKE[0]["z"].where(np.arange(200) % 2 == 0))
    report = table_report(REAL, (holes, FAKE[1]))
    assert abs(report.columns["z"].value - 0.5) < 0.1
    assert np.isfinite(report.closest_record)
    real, fake = (np.array([values]).T for values in ([0.0, 1.0, np.nan, np.nan], [1.0, 1.0, 1.0, np.nan]))
    assert table_report((real, [0, 1, 0, 1]), (fake, [0, 1, 0, 1])).columns["0"].value == 0.25  # above all others


def test_report_in_words_and_json(report):
    assert "off by 0." in str(report) and "CAS synthetic" in str(report)
    json.dumps(report.to_dict())


def test_wrong_tables():
    with pytest.raises(ValueError, match="`frame` must have the columns"):
        table_report(REAL, (FAKE[0][["z"]], FAKE[1]))
    with pytest.raises(ValueError, match="`synthetic` must have 2 columns"):
        table_report((np.zeros((4, 2)), [0, 1, 0, 1]), (np.zeros((4, 3)), [0, 1, 0, 1]))
