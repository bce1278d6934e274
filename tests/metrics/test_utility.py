"""The classification accuracy score, with recalls against scikit-learn's."""

import keras
import numpy as np
import pytest
from sklearn.metrics import recall_score

from keras_augsynth import metrics

pytestmark = pytest.mark.xdist_group("test_utility")  # so that what is shared is trained once


@pytest.fixture(scope="module")
def sets(digits):
    """Twenty real rows of each digit to train on, 600 to test on, and other real rows as if synthetic."""
    x, y = digits
    few = np.concatenate([np.flatnonzero(y[:600] == label)[:20] for label in range(10)])
    return (x[few], y[few]), (x[600:1200], y[600:1200]), (x[1200:], y[1200:])


@pytest.fixture(scope="module")
def good(sets):
    real, synthetic, test = sets
    return metrics.classification_score(real, synthetic, test, steps=120, seed=1)


def test_good_samples_help(good):
    assert good["real+synthetic"] > float(good["real"]) + 0.02
    assert good["synthetic"] > 0.85
    assert good["agreement"] > 0.8
    assert good["real"].name == "CAS real[cnn]"


def test_wrong_labels_hurt_and_do_not_agree(sets, good):
    real, (x, y), test = sets
    wrong = metrics.classification_score(real, (x, (y + 1) % 10), test, steps=120, seed=1)
    assert wrong["synthetic"] < 0.1
    assert wrong["real+synthetic"] < float(good["real"]) - 0.2
    assert wrong["agreement"] < 0.1
    assert float(wrong["real"]) == float(good["real"])  # the same seed, the same training


class Known(keras.layers.Layer):
    """Reads the class off the first pixel."""

    def call(self, x):
        return keras.ops.one_hot(keras.ops.cast(x[:, 0], "int32"), 3)


def reader(shape, num_classes):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, keras.layers.Softmax()(Known()(inputs) + 0.0 * keras.layers.Dense(3)(inputs)))
    return model


def test_recalls_are_scikit_learns():
    """By a model that was handed in and whose predictions are known: 0 for a third of class 1, class 2 too rare."""
    predicted = np.array([0] * 10 + [1] * 8 + [0] * 4 + [2] * 3)
    true = np.array([0] * 10 + [1] * 12 + [2] * 3)
    x = predicted[:, None].astype("float32")
    scores = metrics.classification_score((x, true), (x, true), (x, true), build=reader, steps=1)
    expected = recall_score(true, predicted, average=None)
    result = scores["real"]
    assert result.by_class == {0: expected[0], 1: expected[1]}
    np.testing.assert_allclose(result, expected[:2].mean())
    np.testing.assert_allclose(result.error, np.hypot(np.sqrt(11 / 12 / 12 / 10), np.sqrt(9 / 14 * 5 / 14 / 12)) / 2)
    assert result.n == 10
    few = metrics.classification_score((x, true), (x, true), (x[-3:], true[-3:]), build=reader, steps=1)["real"]
    assert few.reason == "no class with 5 rows to test on"


ROWS = (np.zeros((6, 4), "float32"), np.arange(6) % 2)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: metrics.classification_score(ROWS, ROWS, ROWS[0]), TypeError, r"`test` must be a pair \(x, y\)"),
        (
            lambda: metrics.classification_score(ROWS, (ROWS[0][:, :3], ROWS[1]), ROWS),
            ValueError,
            r"`synthetic` must have samples of shape \(4,\), as `real` has",
        ),
        (
            lambda: metrics.classification_score(ROWS, ROWS, (ROWS[0], ROWS[1] + 1)),
            ValueError,
            r"`test` must have only classes that `real` has. Received: test=\[2\]",
        ),
        (lambda: metrics.classification_score(ROWS, ROWS, ROWS, steps=0), ValueError, "`steps` must"),
        (
            lambda: metrics.classification_score(ROWS, ROWS, ROWS, build=lambda *_: reader((4,), 3)),
            TypeError,
            "`build` must return a Keras model with 2 outputs",
        ),
        (
            lambda: metrics.classification_score(ROWS, (ROWS[0] * np.nan, ROWS[1]), ROWS),
            ValueError,
            "`synthetic` must be finite",
        ),
    ],
)
def test_wrong_arguments(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
