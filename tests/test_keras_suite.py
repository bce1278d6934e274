"""Keras's own tests, run against the layers of this package."""

import keras_suite
import pytest


@pytest.mark.full
def test_keras_own_tests():
    outcomes, _ = keras_suite.run()
    failed = [each for each in outcomes if each.outcome == "failed"]
    assert len(outcomes) - len(failed) >= 230
    page = keras_suite.PAGE.read_text()
    for each in failed:
        why = keras_suite.reason(each)
        assert why is not None, f"{each.test}\n{each.message}"
        assert f"| {why} | " in page and keras_suite.short_name(each.test) in page, "run tests/keras_suite.py --write"
