"""Presets are Pipelines that work as they come; their numbers are those of their sources."""

import numpy as np
import pytest

import keras_augsynth as kas
from keras_augsynth import layers, presets

ALL = {name: getattr(presets, name) for name in presets.__all__}


@pytest.fixture(scope="module")
def scan():
    rng = np.random.default_rng(0)
    volumes = rng.normal(size=(6, 6, 9, 8, 1)).astype("float32")
    return {"volumes": volumes, "segmentation_masks": (volumes[..., 0] > 1).astype("int32")}


@pytest.mark.parametrize("name", ALL)
def test_keeps_shape_masks_and_finite_values(scan, name):
    augment = ALL[name](spacing=(3.0, 1.0, 1.0), seed=1)
    assert isinstance(augment, layers.Pipeline) and kas.presets is presets
    result = augment(scan, training=True)
    assert result["volumes"].shape == scan["volumes"].shape
    assert np.isfinite(result["volumes"]).all()
    assert set(np.unique(result["segmentation_masks"])) <= {0, 1}
    changed = np.any(result["volumes"].numpy() != scan["volumes"], axis=(1, 2, 3, 4))
    assert changed.sum() >= 2
    again = layers.Pipeline.from_json(augment.to_json())
    assert [type(part) for part in again.layers] == [type(part) for part in augment.layers]


def test_geometry_is_one_resample(scan):
    for augment, count in ((presets.nnunet(), 2), (presets.nnunet(anisotropic=True), 2), (presets.ct(), 3)):
        first = augment.plan.stages[0]
        assert len(first.steps) == count and all(isinstance(step.layer, layers.Geometric) for step in first.steps)
    assert len(presets.brain_mri().plan.stages[0].steps) == 4


def test_numbers_of_nnunet():
    """As in nnU-Net's `get_training_transforms`, in its order."""
    parts = presets.nnunet().layers
    names = [type(part).__name__.removeprefix("Random").removesuffix("3D") for part in parts]
    values = ["GaussianNoise", "GaussianBlur", "Contrast", "Contrast", "LowResolution", "Gamma", "Gamma"]
    assert names == ["Rotation", "Affine", *values, "Flip"]
    np.testing.assert_allclose([part.p for part in parts], [0.2, 0.2, 0.1, 0.1, 0.15, 0.15, 0.125, 0.1, 0.3, 1.0])
    assert parts[0].factor == (-30 / 360, 30 / 360)
    assert parts[1].zoom == (-0.3, 0.4) and parts[1].rotation == (0.0, 0.0)
    np.testing.assert_allclose(np.square(parts[2].stddev), (0.0, 0.1))
    assert parts[3].sigma == (0.5, 1.0)
    assert parts[4].brightness == parts[5].contrast == (0.75, 1.25)
    assert parts[6].scale == (0.5, 1.0)
    assert parts[7].gamma == parts[8].gamma == (0.7, 1.5)
    assert (parts[7].invert, parts[8].invert, parts[7].retain_stats) == (True, False, True)


def test_window_of_ct_is_laid_in_inference_too():
    volume = np.linspace(-1024, 3071, 60).reshape(1, 3, 4, 5, 1).astype("int16")
    result = presets.ct("lung")(volume, training=False).numpy()
    np.testing.assert_allclose(result, np.clip((volume + 1350.0) / 1500.0, 0, 1), atol=1e-6)
