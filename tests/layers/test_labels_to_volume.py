"""Volumes made of labels: what decides their values, and what they are given."""

import itertools

import keras
import numpy as np
import properties
import pytest
from scipy import stats

from keras_augsynth import layers, synthesis


@pytest.fixture(scope="module")
def labels():
    maps = np.zeros((30, 6, 8, 8), "int32")
    maps[:, 1:5, 2:7, 2:5], maps[:, 2:5, 2:7, 5:8] = 3, 2035
    return maps


def plain(**kwargs):
    """Gray values only."""
    arguments = {"deviation": 0.0, "blur": 0.0, "bias": 0.0, "scale": 1.0, "gamma": 0.0, "background": None}
    return layers.LabelsToVolume(**{**arguments, "seed": 1, **kwargs})


def test_every_label_has_a_gray_value_of_its_volume(labels):
    made = plain()({"segmentation_masks": labels}, training=True)
    volumes = made["volumes"].numpy()[..., 0]
    np.testing.assert_array_equal(made["segmentation_masks"], labels)
    pairs = list(zip(volumes, labels, strict=True))
    grays = np.array([[np.unique(v[m == label]) for label in (0, 3, 2035)] for v, m in pairs])
    assert grays.shape == (30, 3, 1)
    order = grays[..., 0].argsort(1)
    assert {tuple(row) for row in order} == set(itertools.permutations(range(3)))
    np.testing.assert_allclose(grays.min(1), 0, atol=1e-4)  # each volume fills its range
    np.testing.assert_allclose(grays.max(1), 255, atol=1e-3)
    middle = np.sort(grays[..., 0], 1)[:, 1] / 255  # of three even numbers, the middle one lies evenly in between
    assert stats.kstest(middle, "uniform").pvalue > 0.01


def test_noise_has_a_deviation_for_each_label(labels):
    layer = plain(deviation=(0.1, 0.1), background=0, output_range=(0, 1))
    volumes = layer({"segmentation_masks": labels}, training=True)["volumes"].numpy()[..., 0]
    black = np.array([np.unique(v[m == 0]).size == 1 for v, m in zip(volumes, labels, strict=True)])
    assert 5 < black.sum() < 25  # half of them
    spread = np.array([[v[m == label].std() for label in (3, 2035)] for v, m in zip(volumes, labels, strict=True)])
    np.testing.assert_allclose(np.median(spread[:, 0] / spread[:, 1]), 1.0, atol=0.1)
    assert spread.min() > 0.02


def test_everything_together_is_new_each_time(labels):
    layer = layers.LabelsToVolume(seed=1)
    first, second = (layer({"segmentation_masks": labels}, training=True)["volumes"].numpy() for _ in range(2))
    assert first.shape == (30, 6, 8, 8, 1) and np.isfinite(first).all()
    assert first.min() >= 0 and first.max() <= 255.001 and np.ptp(first, (1, 2, 3, 4)).min() > 254
    assert np.abs(first - second).mean() > 10


def test_forms_of_labels(labels):
    layer = layers.LabelsToVolume(seed=1)
    for given, shape in (
        (labels[:2, ..., None].astype("uint8"), (2, 6, 8, 8, 1)),
        (labels[0], (6, 8, 8, 1)),
        (labels[0, ..., None], (6, 8, 8, 1)),
        (labels[0] > 0, (6, 8, 8, 1)),
    ):
        assert layer({"segmentation_masks": given}, training=True)["volumes"].shape == shape
    constant = layer({"segmentation_masks": np.zeros((1, 1, 3, 1), int)}, training=True)["volumes"]
    assert np.isfinite(constant).all()
    with pytest.raises(TypeError, match="LabelsToVolume: `segmentation_masks` must be integers"):
        layer({"segmentation_masks": labels.astype("float32")})
    with pytest.raises(ValueError, match="LabelsToVolume: `volumes` must not stand beside the labels"):
        layer({"segmentation_masks": labels, "volumes": labels[..., None]})
    for gray in (0.5 + labels[:2, ..., None], {"volumes": 0.5 + labels[:2, ..., None]}):
        with pytest.raises(ValueError, match="LabelsToVolume: `volumes` must be labels, whole numbers"):
            layer(gray)


def test_leads_a_pipeline(labels):
    row = layers.Pipeline([layers.LabelsToVolume(), layers.RandomFlip3D(), layers.RandomCrop3D(4, 6, 6)], seed=1)
    made = row({"segmentation_masks": labels}, training=True)
    assert made["volumes"].shape == (30, 4, 6, 6, 1) and made["segmentation_masks"].shape == (30, 4, 6, 6)
    inputs = {"segmentation_masks": keras.Input((6, 8, 8), dtype="int32")}
    assert row(inputs)["volumes"].shape == (None, 4, 6, 6, 1)


def test_is_a_synthesizer_through_the_resampler(labels):
    maps = labels[..., None].astype("int16")
    source = synthesis.AugmentedResampler(layers.LabelsToVolume(seed=1)).fit(maps, np.repeat([0, 1, 2], 10))
    made = source.sample([2, 2, 1], seed=5).numpy()
    assert made.shape == (3, 6, 8, 8, 1) and made.dtype == np.int16
    assert made.max() == 255 and len(np.unique(made)) > 50
    np.testing.assert_array_equal(made, source.sample([2, 2, 1], seed=5))


@pytest.mark.parametrize(
    "holds",
    [
        properties.row_alone_is_row_of_batch,
        properties.ids_decide,
        properties.config_round_trip,
        properties.not_a_number_stays_where_it_is,
        pytest.param(properties.traced_result, marks=pytest.mark.full),
        pytest.param(properties.parallel_map_changes_nothing, marks=[pytest.mark.full, pytest.mark.xla]),
    ],
    ids=lambda holds: holds.__name__,
)
def test_property(holds):
    """It is not in the catalogue, since what stands in the place of its volumes are labels."""
    holds(properties.Case(layers.LabelsToVolume))
