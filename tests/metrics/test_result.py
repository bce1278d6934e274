import json

import numpy as np
import pytest

from keras_augsynth.metrics import Result


def test_it_stands_in_for_its_number():
    result = Result("FD", 0.25, "pca64", 100, error=0.013)
    assert float(result) == result.value == 0.25
    assert 0.1 < result < 0.3 and 0.25 <= result <= 0.25 and not result > 0.25 and not result < 0.25
    np.testing.assert_allclose(result, 0.25)
    assert np.asarray(result, "float32").dtype == np.float32
    assert result == pytest.approx(0.25)
    assert max(result, Result("FD", 0.5, "pca64", 100)).value == 0.5


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.28349, 0.01234, "FD[raw8] = 0.283 ± 0.012 (n=9)"),
        (1234.5, 56.7, "FD[raw8] = 1234 ± 57 (n=9)"),
        (0.5, 0.0, "FD[raw8] = 0.500 ± 0.000 (n=9)"),
        (2 / 3, None, "FD[raw8] = 0.667 (n=9)"),
    ],
)
def test_no_more_digits_than_can_be_meant(value, error, text):
    assert repr(Result("FD", value, "raw8", 9, error=error)) == text


def test_without_a_number():
    result = Result.not_testable("FD", "cnn64", 3, "3 rows")
    assert not result.testable
    for ask in (float, np.asarray, lambda r: r < 1.0, lambda r: r < 1.0):
        with pytest.raises(ValueError, match=r"FD\[cnn64\]: not testable, 3 rows. Look at `testable`"):
            ask(result)


def test_json():
    result = Result("CAS", 0.5, "cnn", 3, by_class={0: 0.4, 1: 0.6})
    read = json.loads(json.dumps(result.to_dict()))
    assert read["name"] == "CAS[cnn]" and read["by_class"] == {"0": 0.4, "1": 0.6}
    assert json.loads(json.dumps(Result.not_testable("CAS", "cnn", 0, "none").to_dict()))["value"] is None
