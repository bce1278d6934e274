"""Geometric layers that no matrix describes, and exact moves, against OpenCV and NumPy."""

import cv2
import keras
import numpy as np
import pytest
from scipy import ndimage

from keras_augsynth import layers
from keras_augsynth.core.families.motion import Points, pixel_centers

SMOOTH = ("RandomElasticTransform", "RandomGridDistortion", "RandomOpticalDistortion")


@pytest.fixture
def photograph():
    """Smooth, so that interpolation hides nothing."""
    y, x = np.mgrid[:40, :50].astype("float32")
    return np.stack([128 + 100 * np.sin(x / 7 + y / 9), 128 + 100 * np.cos(y / 6), x * 5], axis=-1)[None]


def drawn(layer, ids, shape):
    return {
        name: np.asarray(v) for name, v in next(iter(layer.draw_params(ids, shape=shape).values()))["params"].items()
    }


def test_perspective_is_opencvs(photograph):
    height, width = photograph.shape[1:3]
    layer = layers.RandomPerspective(scale=0.8, seed=4, jit=False)
    inwards = drawn(layer, [9], photograph.shape[1:])["inwards"][0]
    corners = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]]) * [width / 2, height / 2]
    shift = np.array([width, height]) / 2 - 0.5  # OpenCV counts from the middle of the first pixel
    source, target = corners + shift, corners * (1 - inwards * 0.5) + shift
    matrix = cv2.getPerspectiveTransform(source.astype("float32"), target.astype("float32"))
    expected = cv2.warpPerspective(photograph[0], matrix, (width, height), flags=cv2.INTER_LINEAR)
    result = layer({"images": photograph, "sample_ids": [9]}, training=True)["images"][0].numpy()
    inside = cv2.warpPerspective(np.ones((height, width)), matrix, (width, height)) == 1
    inside = ndimage.binary_erosion(inside, iterations=2)
    assert np.abs(result - expected)[inside].max() < 1.5  # OpenCV rounds coordinates to 1/32 pixel
    assert inside.mean() > 0.2


@pytest.mark.parametrize("name", SMOOTH)
def test_same_places_as_scipy(photograph, name):
    """The image at the coordinates that `bend` gives, read by SciPy."""
    layer = getattr(layers, name)(seed=3, fill_mode="nearest", jit=False)
    size = photograph.shape[1:3]
    params = drawn(layer, [4], photograph.shape[1:])
    x, y = (np.asarray(t)[0].reshape(size) for t in layer.bend(params, size, pixel_centers(size)))
    places = [y + (size[0] - 1) / 2, x + (size[1] - 1) / 2]
    expected = np.stack(
        [ndimage.map_coordinates(photograph[0, ..., c], places, order=1, mode="nearest") for c in range(3)], -1
    )
    result = layer({"images": photograph, "sample_ids": [4]}, training=True)["images"][0]
    np.testing.assert_allclose(result, expected, atol=2e-2)
    assert (
        np.hypot(
            x - np.asarray(pixel_centers(size).xy[0]).reshape(size),
            y - np.asarray(pixel_centers(size).xy[1]).reshape(size),
        ).max()
        > 0.5
    )


@pytest.mark.parametrize(
    "name",
    [
        "RandomElasticTransform",
        "RandomGridDistortion",
        "RandomOpticalDistortion",
        "RandomThinPlateSpline",
        "RandomPerspective",
    ],
)
def test_the_way_back_is_the_way_back(name):
    """A bend and its inverse, by iteration or solved, at the largest strength."""
    cls = getattr(layers, name)
    layer = cls(seed=3, **cls.at_strength(1.0))
    params = drawn(layer, np.arange(20), (64, 48, 3))
    rng = np.random.default_rng(0)
    there = [rng.uniform(-half, half, (20, 9)).astype("float32") for half in (20, 28)]
    moved = layer.bend(params, (64, 48), Points(there))
    back = layer.unbend(params, (64, 48), [np.asarray(t, "float64") for t in moved])
    for a, b in zip(there, back, strict=True):
        assert np.quantile(np.abs(a - np.asarray(b)), 0.97) < 0.05


def test_thin_plate_spline_goes_through_its_points():
    layer = layers.RandomThinPlateSpline((0.05, 0.05), num_control_points=3, seed=1)
    params = drawn(layer, [1], (30, 30, 1))
    line = np.array([-0.5, 0.0, 0.5], "float32") * 30
    x, y = (t.reshape(1, -1) for t in np.meshgrid(line, line))
    moved = layer.bend(params, (30, 30), Points([x, y]))
    for axis, (t, m) in enumerate(zip((x, y), moved, strict=True)):
        np.testing.assert_allclose((np.asarray(m) - t)[0], 30 * params["pushes"][0, :, axis], atol=1e-3)


def test_bends_join_their_neighbours(photograph):
    """A rotation back and forth about an elastic transform that does nothing loses nothing."""
    parts = [
        layers.RandomRotation((0.1, 0.1)),
        layers.RandomElasticTransform(scale=0.0),
        layers.RandomRotation((-0.1, -0.1)),
    ]
    pipeline = layers.Pipeline(parts)
    assert len(pipeline.plan.stages) == 1
    np.testing.assert_allclose(pipeline(photograph), photograph, atol=2e-2)


def test_exact_moves(rng):
    def check(layer, images, options, at_least):
        """Each result is one of the options, and all of them come up."""
        result = layer(images).numpy()
        which = [[np.array_equal(row, option[i]) for option in options] for i, row in enumerate(result)]
        assert np.all(np.sum(which, axis=1) >= 1) and np.all(np.sum(which, axis=0) >= at_least)

    square, oblong = (rng.integers(0, 9, (64, *size, 2)).astype("uint8") for size in ((5, 5), (4, 6)))
    turns = [np.rot90(square, k, (1, 2)) for k in range(4)]
    mirrored = [np.rot90(square[:, :, ::-1], k, (1, 2)) for k in range(4)]
    upside_down = [oblong, oblong[:, ::-1, ::-1]]
    check(layers.RandomRot90(seed=1), square, turns, 5)
    check(layers.RandomD4(seed=1), square, turns + mirrored, 2)
    check(layers.RandomRot90(seed=1), oblong, upside_down, 10)
    check(layers.RandomD4(seed=1), oblong, [*upside_down, oblong[:, ::-1], oblong[:, :, ::-1]], 5)


def test_center_crop_is_kerass(rng):
    for size in ((9, 12), (4, 12), (3, 3)):
        images = rng.integers(0, 255, (2, *size, 3)).astype("float32")
        ours, theirs = (library.CenterCrop(4, 5)(images) for library in (layers, keras.layers))
        if min(size) > 4:
            np.testing.assert_array_equal(ours, theirs)
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(layers.CenterCrop(4, 5, jit=False)(images, training=True), ours, rtol=1e-6)


def test_affine_is_its_four_layers(photograph):
    arguments = {"rotation_factor": (0.07, 0.07), "height_factor": (0.1, 0.1), "width_factor": (-0.2, -0.2)}
    arguments |= {"zoom_factor": (0.2, 0.2), "shear_factor": (0.1, 0.1)}
    chain = [
        layers.RandomZoom((0.2, 0.2)),
        layers.RandomRotation((0.07, 0.07)),
        layers.RandomTranslation((0.1, 0.1), (-0.2, -0.2)),
    ]
    straight = layers.RandomAffine(**{**arguments, "shear_factor": 0.0}, jit=False)(photograph)
    np.testing.assert_allclose(straight, layers.Pipeline(chain, jit=False)(photograph), atol=1e-2)
    assert np.abs(layers.RandomAffine(**arguments, jit=False)(photograph) - straight).max() > 5


def test_boxes_that_are_hardly_seen_and_masks_from_outside():
    data = {
        "images": np.zeros((1, 10, 10, 1), "float32"),
        "segmentation_masks": np.ones((1, 10, 10, 1), "int32"),
        "bounding_boxes": {
            "boxes": np.array(
                [[[0, 0, 10, 10], [6, 6, 10, 10], [3, 3, 1, 1], [np.nan] * 4, [-9, -9, -5, -5]]], "float32"
            ),
            "labels": np.array([[1, 2, 3, 4, 5]]),
        },
    }
    layer = layers.RandomTranslation(0.0, (0.3, 0.3), min_visibility=0.5, mask_fill_value=255)
    result = layer(data, training=True)
    np.testing.assert_array_equal(result["bounding_boxes"]["labels"], [[1, -1, -1, -1, -1]])
    np.testing.assert_allclose(result["bounding_boxes"]["boxes"][0, :2], [[3, 0, 10, 10], [9, 6, 10, 10]], atol=1e-4)
    np.testing.assert_array_equal(result["segmentation_masks"][0, 0, :, 0], [255] * 3 + [1] * 7)
