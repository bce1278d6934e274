"""Lesions in volumes: where they are, what they look like, and the contract of templates."""

import numpy as np
import pytest
from scipy import ndimage

from keras_augsynth import callbacks, synthesis

STILL = {"scale": (1.0, 1.0), "rotation": 0.0, "translation": 0.0}
CUBE = np.ones((1, 3, 3, 3), "uint8")


@pytest.fixture(scope="module")
def source():
    lesions = {1: (np.full((1, 3, 3, 3, 1), 200.0), CUBE), 2: (np.full((1, 3, 3, 3, 1), -900.0), CUBE)}
    return synthesis.LesionInsertion(lesions, np.zeros((2, 9, 11, 13, 1), "int16"))


@pytest.mark.parametrize("edge", [1, 2])
def test_edges_are_soft(edge):
    """The opacity is SciPy's binomial blur of the mask, once for each voxel of the edge."""
    lesion = {0: (np.full((1, 3, 3, 3, 1), 100.0), CUBE)}
    still = synthesis.LesionInsertion(lesion, np.zeros((1, 9, 9, 9, 1)), edge=edge, **STILL)
    expected = np.zeros((9, 9, 9))
    expected[3:6, 3:6, 3:6] = 100.0
    for axis in list(range(3)) * edge:
        expected = ndimage.convolve1d(expected, [0.25, 0.5, 0.25], axis, mode="constant")
    made = still.compose([0], seed=1)
    np.testing.assert_allclose(made["volumes"][0, ..., 0], expected, atol=1e-4)
    np.testing.assert_array_equal(made["segmentation_masks"][0, ..., 0], expected >= 50)
    (inside,) = ndimage.find_objects((expected >= 50).astype(int))
    box = [side.start for side in inside] + [side.stop for side in inside]  # it is alike in all directions
    assert made["bounding_boxes"]["boxes"].numpy().tolist() == [[box]]


def test_lesions_of_the_class_anywhere(source):
    made = source.compose(np.repeat([1, 2], 30), seed=1)
    volumes, masks = made["volumes"].numpy()[..., 0], made["segmentation_masks"].numpy()[..., 0]
    assert volumes.dtype == np.int16 and volumes.shape == (60, 9, 11, 13)
    assert np.all(volumes[:30] >= 0) and np.all(volumes[30:] <= 0)
    assert np.all(np.abs(volumes).max((1, 2, 3)) > 80)
    middles = np.array([ndimage.center_of_mass(np.abs(volume)) for volume in volumes])
    assert np.all(middles.std(0) > 0.5)
    boxes, there = made["bounding_boxes"]["boxes"].numpy()[:, 0], masks.any((1, 2, 3))
    for mask, box in zip(masks[there], boxes[there], strict=True):
        (found,) = ndimage.find_objects(mask)
        assert box.tolist() == [s.start for s in reversed(found)] + [s.stop for s in reversed(found)]
    np.testing.assert_array_equal(source.sample([2, 1], seed=4), source.sample([2, 1], seed=4))


def test_keeps_the_contract(source, tmp_path):
    source.save(tmp_path / "lesions.npz")
    again = synthesis.LesionInsertion.load(tmp_path / "lesions.npz")
    np.testing.assert_array_equal(again.sample([1, 2], seed=3), source.sample([1, 2], seed=3))
    assert isinstance(source, synthesis.Synthesizer)
    callbacks.SyntheticBalancer(source)
    healthy = np.ones((4, 6, 6, 6, 1), "float32")
    fitted = synthesis.LesionInsertion({1: (np.full((1, 3, 3, 3, 1), 5.0), CUBE)}).fit(healthy, np.zeros(4, int))
    assert fitted.sample([1], seed=1).shape == (1, 6, 6, 6, 1)
    with pytest.raises(ValueError, match="LesionInsertion: `templates` must hold volumes"):
        synthesis.LesionInsertion({1: (np.zeros((1, 3, 3, 1)), np.ones((1, 3, 3)))})
    with pytest.raises(ValueError, match="LesionInsertion: `edge` must be"):
        synthesis.LesionInsertion({1: (np.full((1, 3, 3, 3, 1), 5.0), CUBE)}, edge=-1)
