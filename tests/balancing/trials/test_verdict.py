import numpy as np
import pytest

from keras_augsynth.balancing.trials.fidelity import Fidelity
from keras_augsynth.balancing.trials.verdict import ALL_ABOVE, NONE_BELOW, best_of, quality_of, verdict_on

ROWS = np.array([50, 40, 30])


def seen(bad, diversity=1.0):
    """A source with parts of bad rows in two of three classes."""
    real, other = np.full(3, 0.9), np.full(3, 0.1)
    generated = np.array([np.nan, *(0.9 - 0.8 * np.broadcast_to(bad, 2))])
    return Fidelity(real, generated, other, ROWS, 0.02, diversity)


def test_the_share_grows_with_quality():
    parts = np.linspace(0.0, 1.0, 21)
    shares = np.array([verdict_on("a", seen(bad), 1.0).shares for bad in parts])
    assert np.all(np.diff(shares[:, 1]) <= 0) and np.all(shares[:, 0] == 0)
    np.testing.assert_array_equal(shares[:, 1], shares[:, 2])
    assert np.all(shares[parts <= 1 - ALL_ABOVE - 1e-9, 1] == 1.0) and np.all(shares[parts >= 1 - NONE_BELOW, 1] == 0.0)
    middle = 1.0 - (ALL_ABOVE + NONE_BELOW) / 2
    assert verdict_on("a", seen(middle), 0.5).shares[1] == pytest.approx(0.25)


def test_a_class_with_bad_rows_gets_less():
    shares = verdict_on("a", seen([0.0, 0.5]), 1.0).shares
    assert 0.0 < shares[2] < shares[1] < 1.0


@pytest.mark.parametrize(("diversity", "quality"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (3.0, 1.0)])
def test_rows_that_hardly_differ_are_of_low_quality(diversity, quality):
    np.testing.assert_allclose(quality_of(seen(0.0, diversity)), [np.nan, quality, quality])


def test_the_best_source_is_chosen():
    verdicts = [verdict_on(name, seen(bad, d), 1.0) for name, bad, d in (("a", 0.3, 1), ("b", 0.0, 1), ("c", 0.0, 2))]
    assert best_of(verdicts).source == "c"
    assert best_of(verdicts[:2]).source == "b"


def test_the_reason():
    assert verdict_on("GAN", seen(0.25), 1.0).reason() == (
        "by the model's own predictions, 25 % ± 2 % of the rows of GAN do not belong to their class"
    )
    assert (
        verdict_on("GAN", seen(0.0, 0.4), 1.0)
        .reason()
        .endswith("and they differ from each other 40 % as much as real ones")
    )
