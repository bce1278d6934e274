"""Against the `prdc` package, 0.2."""

import numpy as np
import prdc as reference
import pytest

from keras_augsynth import metrics
from keras_augsynth.ops import neighbors

NAMES = ("precision", "recall", "density", "coverage")


def numbers(result):
    return {name: float(result[name]) for name in NAMES}


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("block", [900, 2**21])
def test_equal_to_prdc(rng, monkeypatch, k, block):
    monkeypatch.setattr(neighbors, "_BLOCK", block)
    real, fake = rng.normal(size=(310, 8)), 0.3 + 0.9 * rng.normal(size=(270, 8))
    ours = metrics.prdc(real, fake, k)
    assert numbers(ours) == pytest.approx(reference.compute_prdc(real, fake, k), rel=1e-12)
    assert all(value > 0.0 for value in numbers(ours).values())
    assert (ours["recall"].name, ours["recall"].n) == ("recall[raw8]", 270)


def test_equal_to_prdc_where_many_distances_tie(thirds):
    """Pixels are whole numbers from 0 to 16, so distances tie, and balls are open."""
    real, fake = thirds[0], np.clip(thirds[1] + 1, 0, 16)
    coarse = [np.round(rows / 8) for rows in (real, fake)]
    assert numbers(metrics.prdc(*coarse)) == pytest.approx(reference.compute_prdc(*coarse, 5), rel=1e-12)


def test_small_clusters_far_apart(rng):
    """Distances inside a cluster are below what a product of matrices leaves of the way between them."""
    parts = [(rng.normal(size=(100, 4)), 0.5 + rng.normal(size=(100, 4))) for _ in range(2)]
    alone = [numbers(metrics.prdc(*part)) for part in parts]
    together = [np.vstack([1e-4 * a - 1e3, 1e-4 * b + 1e3]) for a, b in zip(*parts, strict=True)]
    expected = {name: np.mean([part[name] for part in alone]) for name in NAMES}
    assert numbers(metrics.prdc(*together)) == pytest.approx(expected)


def test_equal_distributions(rng):
    """Naeem et al.: density is 1 and coverage 1 - 2**-k, whatever the distribution."""
    results = [numbers(metrics.prdc(*rng.normal(size=(2, 300, 4)), k=3)) for _ in range(20)]
    density, coverage = (np.mean([result[name] for result in results]) for name in ("density", "coverage"))
    assert abs(density - 1.0) < 0.05
    assert abs(coverage - (1 - 2**-3)) < 0.02


def test_an_open_ball_does_not_hold_its_edge():
    """By hand: on a line at 0, 1, 3 with k = 1 the balls reach 1, 1, 2."""
    real, fake = np.array([[0.0], [1.0], [3.0]]), np.array([[2.0], [5.0]])
    ours = numbers(metrics.prdc(real, fake, k=1))
    # 2 is on the edge of the ball of 1 and in that of 3; 5 is on the edge of that of 3.
    # Samples' balls reach 3 and 3: 2's holds 0, 1, 3; 5's does not hold 2's edge.
    assert ours == {"precision": 0.5, "recall": 1.0, "density": 0.5, "coverage": pytest.approx(1 / 3)}


def test_too_few_rows(rng):
    result = metrics.prdc(rng.normal(size=(5, 2)), rng.normal(size=(50, 2)), k=5)
    assert repr(result["density"]) == "density[raw2]: not testable, 5 rows where more than k=5 are needed"


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: metrics.prdc(np.eye(9), np.eye(9), k=0), ValueError, "prdc: `k` must be an integer of at least 1"),
        (lambda: metrics.prdc(np.eye(9), np.eye(9), k=2.5), TypeError, "prdc: `k` must be an integer"),
        (lambda: metrics.prdc(np.eye(9), np.full((3, 9), np.inf)), ValueError, "prdc: `fake` must be finite"),
    ],
)
def test_wrong_arguments(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
