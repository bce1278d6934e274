"""Geometric layers of volumes against SciPy; their millimeters, borders, masks, boxes and points."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage
from scipy.interpolate import BSpline
from scipy.spatial.transform import Rotation

from keras_augsynth import layers
from keras_augsynth.core.families.motion import Points
from keras_augsynth.ops import fields

SPACING = (3.0, 1.0, 0.5)
IDS = np.arange(2)


def call(layer, volumes, **more):
    return layer({"volumes": volumes, "sample_ids": np.arange(len(volumes)), **more}, training=True)


def drawn(layer, shape, count=2):
    entry = layer.draw_params(np.arange(count), shape=shape)
    return {name: np.asarray(t, "float64") for name, t in next(iter(entry.values()))["params"].items()}


def scipy_affine(x, linear, shift, mode):
    """`linear` and `shift` in voxels, on (depth, height, width) from the center, output to input."""
    center = (np.array(x.shape) - 1) / 2
    offset = center + shift - linear @ center
    return ndimage.affine_transform(x.astype("float64"), linear, offset, order=1, mode=mode)


@pytest.mark.parametrize(("mode", "scipy_mode"), [("nearest", "nearest"), ("constant", "grid-constant")])
def test_affine_is_scipys_in_millimeters(rng, mode, scipy_mode):
    """Angles, zooms and slides are those of space: built here from SciPy's rotations and the spacing."""
    volumes = rng.random((2, 5, 8, 9, 1)).astype("float32")
    layer = layers.RandomAffine3D(0.1, 0.2, 0.2, 0.1, isotropic=False, spacing=SPACING, fill_mode=mode, seed=1, p=1.0)
    params, result = drawn(layer, volumes.shape[1:]), call(layer, volumes)["volumes"].numpy()
    for k in range(2):
        turns, zoom, shear, shift = (params[name][k] for name in ("turns", "zoom", "shear", "shift"))
        xy, xz, yx, yz, zx, zy = shear
        slide = np.array([[1, zy, zx], [yz, 1, yx], [xz, xy, 1]])  # on (z, y, x)
        # Of an image whose y axis points down, counter-clockwise is about minus z: SciPy turns (x, y, z) vectors.
        turn = Rotation.from_euler("zyx", [2 * np.pi * a for a in turns]).as_matrix()[::-1, ::-1]
        in_mm = slide @ np.diag(zoom) @ turn
        spacing = np.array(SPACING)
        linear = np.diag(1 / spacing) @ in_mm @ np.diag(spacing)
        moved = linear @ (-shift * volumes.shape[1:4])
        expected = scipy_affine(volumes[k, ..., 0], linear, moved, scipy_mode)
        np.testing.assert_allclose(result[k, ..., 0], expected, atol=1e-5)


def test_spacing_beside_the_volume_goes_before_the_constant(rng):
    volumes = rng.random((2, 5, 6, 7, 1)).astype("float32")
    sides = np.array([[1.0, 1.0, 1.0], [4.0, 1.0, 2.0]])
    beside = call(layers.RandomRotation3D(0.2, seed=1, spacing=9.0), volumes, spacing=sides)["volumes"]
    for k in range(2):
        constant = call(layers.RandomRotation3D(0.2, seed=1, spacing=tuple(sides[k])), volumes)["volumes"]
        np.testing.assert_allclose(beside[k], constant[k], atol=1e-6)
    assert np.abs(beside[1] - call(layers.RandomRotation3D(0.2, seed=1), volumes)["volumes"][1]).max() > 0.1


def test_rotation_about_depth_turns_slices_as_images(rng):
    volume = rng.random((1, 3, 9, 9, 1)).astype("float32")
    turned = layers.RandomRotation3D((0.1, 0.1), axes=0, fill_mode="reflect", seed=1)(volume)
    slices = layers.RandomRotation((0.1, 0.1), seed=1)(volume[0])
    np.testing.assert_allclose(turned[0], slices, atol=1e-5)


def test_elastic_is_scipys_spline(rng):
    """Displacements by SciPy's B-spline from the drawn control points, and its linear interpolation."""
    volumes, cells = rng.random((2, 7, 8, 9, 1)).astype("float32"), 3
    layer = layers.RandomElasticTransform3D((1.0, 1.0), cells=cells, spacing=SPACING, seed=1)
    params, result = drawn(layer, volumes.shape[1:]), call(layer, volumes)["volumes"].numpy()
    size = np.array(volumes.shape[1:4])
    places = np.stack(np.indices(size), -1)
    for k in range(2):
        reach = 0.4 * (size * SPACING / cells).min() / np.array(SPACING)
        shifts = []
        for name, limit in zip("zyx", reach, strict=True):
            values = np.pad(2 * params[name][k] - 1, 2, mode="symmetric")
            for axis, length in enumerate(size):
                knots = np.arange(-4.0, values.shape[axis])  # of the weights from place -2 on
                points = (np.arange(length) + 0.5) * cells / length - 0.5
                values = BSpline(knots, np.moveaxis(values, axis, 0), 3)(points)
                values = np.moveaxis(values, 0, axis)
            shifts.append(limit * values)
        where = np.moveaxis(places + np.stack(shifts, -1), -1, 0)
        expected = ndimage.map_coordinates(volumes[k, ..., 0].astype("float64"), where, order=1, mode="nearest")
        np.testing.assert_allclose(result[k, ..., 0], expected, atol=1e-5)


def test_elastic_never_folds():
    """The determinant of the map's derivative is above 0 everywhere, for control points at both ends of their range."""
    layer = layers.RandomElasticTransform3D(cells=3)
    size, keys = (12, 12, 12), np.random.default_rng(1)
    grids = {name: tf.constant(keys.integers(0, 2, (20, 3, 3, 3)).astype("float32")) for name in "xyz"}
    params = {"scale": tf.ones(20), "spacing": tf.ones((20, 3)), **grids}
    centers = np.meshgrid(*[np.arange(12) - 5.5] * 3, indexing="ij")
    points = [tf.constant(c.reshape(1, -1), "float32") for c in reversed(centers)]
    moved = np.stack(layer.bend(params, size, Points(points, whole=True)), -1).reshape(20, *size, 3)[..., ::-1]
    derivative = np.stack([np.diff(moved, axis=a)[:, :11, :11, :11] for a in (1, 2, 3)], -1)
    assert np.linalg.det(derivative).min() > 0
    assert np.abs(derivative - np.eye(3)).max() > 0.5  # it does bend


def test_upsampling_in_three_dimensions_is_scipys_spline(rng):
    grid = rng.random((1, 3, 4, 5)).astype("float32")
    result = fields.upsample(grid, (6, 9, 7))[0]
    places = [(np.arange(out) + 0.5) * side / out - 0.5 for out, side in zip((6, 9, 7), (3, 4, 5), strict=True)]
    where = np.meshgrid(*places, indexing="ij")
    expected = ndimage.map_coordinates(grid[0], where, order=3, mode="reflect", prefilter=False)
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_anisotropy_repeats_thick_slices(rng):
    volumes = rng.random((1, 9, 6, 6, 1)).astype("float32")
    result = layers.RandomAnisotropy3D(3.0, axes=0, seed=1)(volumes).numpy()
    np.testing.assert_allclose(result, volumes[:, [1, 1, 1, 4, 4, 4, 7, 7, 7]], atol=1e-6)
    half = layers.RandomAnisotropy3D(2.0, axes=0, seed=1)(volumes).numpy()
    np.testing.assert_allclose(half[:, 0], volumes[:, :2].mean(1), atol=1e-6)
    np.testing.assert_allclose(half[:, 8], volumes[:, 8], atol=1e-6)  # of the last slice there is only a half


def test_crop_gives_voxels_as_they_are(rng):
    volumes = rng.integers(-1000, 3000, (40, 5, 6, 7, 1)).astype("int16")
    layer = layers.RandomCrop3D(2, 3, 4, seed=1, dtype="int16")
    result, starts = call(layer, volumes)["volumes"], drawn(layer, volumes.shape[1:], 40)["start"].astype(int)
    assert result.dtype == tf.int16
    for volume, window, (z, y, x) in zip(volumes, result, starts, strict=True):
        np.testing.assert_array_equal(window, volume[z : z + 2, y : y + 3, x : x + 4])
    assert {tuple(np.unique(column)) for column in starts.T} == {(0, 1, 2, 3)}
    np.testing.assert_array_equal(layer(volumes, training=False), volumes[:, 1:3, 1:4, 1:5])


def test_crop_of_a_smaller_volume_repeats_its_border(rng):
    volumes = rng.random((1, 1, 6, 7, 1)).astype("float32")
    result = layers.RandomCrop3D(4, 8, 3, seed=1)(volumes).numpy()
    inner = np.pad(volumes, [(0, 0), (2, 1), (1, 1), (0, 0), (0, 0)], mode="edge")
    assert any(np.array_equal(result, inner[:, :, :, x : x + 3]) for x in range(5))


def test_crop_by_label_meets_a_drawn_voxel(rng):
    volumes = rng.random((60, 6, 7, 8, 1)).astype("float32")
    masks = np.zeros((60, 6, 7, 8, 1), "int32")
    masks[:, 0, 6, 0] = 1
    masks[:, 3, 2, 4:7] = 2
    masks[40:, 0, 6, 0] = 0
    layer = layers.RandomCropByLabel3D(3, 3, 3, positive=1.0, labels=(1, 2), seed=1)
    result = call(layer, volumes, segmentation_masks=masks)
    seen = np.stack([(result["segmentation_masks"].numpy() == label).any((1, 2, 3, 4)) for label in (1, 2)], 1)
    assert seen.any(1).all() and not seen[40:, 0].any()
    assert 10 < seen[:40, 0].sum() < 30  # each label half of the time, though 2 has three voxels
    middle = result["segmentation_masks"].numpy()[40:, 1, 1, 1, 0]
    assert (middle == 2).all()
    whole = layers.RandomCropByLabel3D(3, 3, 3, positive=0.25, seed=1)
    found = (call(whole, volumes, segmentation_masks=masks)["segmentation_masks"].numpy() > 0).any((1, 2, 3, 4))
    assert 15 <= found.sum() < 60
    none = call(whole, volumes, segmentation_masks=0 * masks)
    assert none["volumes"].shape == (60, 3, 3, 3, 1)
    assert whole(volumes, training=False).shape == (60, 3, 3, 3, 1)
    with pytest.raises(ValueError, match="RandomCropByLabel3D: `segmentation_masks` must be given"):
        whole(volumes, training=True)


def test_a_row_of_layers_is_one_map():
    """Affine, elastic, anisotropy and crop are one stage, and masks, points and volumes follow it together."""
    parts = [
        layers.RandomAffine3D(0.02, 0.1, translation=0.05),
        layers.RandomElasticTransform3D((0.5, 0.5)),
        layers.RandomAnisotropy3D((1.0, 1.5)),
        layers.RandomCrop3D(12, 14, 14),
    ]
    row = layers.Pipeline(parts, seed=4)
    assert len(row.plan.stages) == 1
    center, size = np.array([8.5, 7.5, 9.0]), (17, 16, 18)  # x, y, z of Keras's corners below
    z, y, x = np.meshgrid(*[np.arange(n) + 0.5 for n in size], indexing="ij")
    square = (z - center[2]) ** 2 + (y - center[1]) ** 2 + (x - center[0]) ** 2
    spot, mask = np.exp(-square / 8.0)[None, ..., None], (square < 9.0).astype("int32")[None, ..., None]
    box = {"boxes": np.array([[[5.5, 4.5, 6.0, 11.5, 10.5, 12.0]]], "float32"), "labels": np.array([[7]])}
    points = center[None, None].astype("float32")
    beside = {"segmentation_masks": mask, "keypoints": points, "bounding_boxes": box}
    result = call(row, spot.astype("float32"), **beside)
    volume, moved = result["volumes"].numpy()[0, ..., 0], result["segmentation_masks"].numpy()[0, ..., 0]
    assert volume.shape == moved.shape == (12, 14, 14)
    place = result["keypoints"].numpy()[0, 0]
    weights = volume / volume.sum()
    found = np.array([(weights * (index + 0.5)).sum() for index in np.indices(volume.shape)])[::-1]
    np.testing.assert_allclose(place, found, atol=0.7)
    where = np.argwhere(moved)[:, ::-1] + 0.5
    np.testing.assert_allclose(place, where.mean(0), atol=0.7)
    low, high = np.split(result["bounding_boxes"]["boxes"].numpy()[0, 0], 2)
    assert np.all(low < where.min(0) + 1) and np.all(high > where.max(0) - 1)
    assert result["bounding_boxes"]["labels"].numpy().item() == 7


def test_quarter_turns_keep_all_voxels(rng):
    cube, brick = rng.random((40, 3, 3, 3, 1)), rng.random((40, 2, 3, 3, 1))
    for volumes, spacing, count in ((cube[:1].repeat(40, 0), 1.0, 12), (brick[:1].repeat(40, 0), 1.0, 6)):
        result = layers.RandomRot90_3D(seed=1, spacing=spacing)(volumes.astype("float32")).numpy()
        for volume in result:
            np.testing.assert_array_equal(np.sort(volume.ravel()), np.sort(volumes[0].ravel().astype("float32")))
        assert len({volume.tobytes() for volume in result}) >= count
    upright = layers.RandomRot90_3D(axes=0, seed=1)(cube[:1].repeat(40, 0).astype("float32")).numpy()
    kinds = [np.rot90(cube[0].astype("float32"), k, (1, 2)) for k in range(4)]
    assert all(sum(np.array_equal(volume, kind) for kind in kinds) == 1 for volume in upright)
    assert len({volume.tobytes() for volume in upright}) == 4
    flat = layers.RandomRot90_3D(axes=1, seed=1, spacing=(2.0, 1.0, 1.0))(cube[:1].repeat(40, 0).astype("float32"))
    assert len({volume.tobytes() for volume in flat.numpy()}) == 2  # upside down, or not at all


@pytest.mark.parametrize(
    "layer",
    [
        layers.RandomAffine3D(0.1, 0.2, 0.1, 0.1, seed=1),
        layers.RandomElasticTransform3D(seed=1),
        layers.RandomAnisotropy3D(seed=1),
        layers.RandomRot90_3D(seed=1),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_side_of_one_and_signed_integers(rng, layer):
    for size in ((1, 6, 6), (6, 1, 6), (1, 1, 1)):
        volumes = rng.integers(-1024, 3071, (2, *size, 1)).astype("int16")
        result = layer(volumes, training=True).numpy()
        assert np.isfinite(result).all() and result.min() >= volumes.min() and result.max() <= volumes.max()


@pytest.mark.parametrize("spacing", [0.0, float("nan"), (1.0, -1.0, 1.0), (1.0, 1.0)])
def test_wrong_spacing_is_refused(spacing):
    with pytest.raises(ValueError, match="RandomRotation3D: `spacing` must be"):
        layers.RandomRotation3D(0.1, spacing=spacing)


def test_wrong_spacing_beside_a_volume_is_refused():
    layer, volumes = layers.RandomRotation3D(0.1), np.zeros((2, 3, 3, 3, 1), "float32")
    for wrong, needed in (
        (np.array([[1.0, 0.0, 1.0]] * 2), "be above 0 and finite, in mm"),
        (np.array([[1.0, np.nan, 1.0]] * 2), "be above 0 and finite, in mm"),
        (np.ones((2, 2)), "have 3 columns"),
        (np.ones((1, 3)), "have a row for each of 2 samples"),
    ):
        with pytest.raises(ValueError, match=f"RandomRotation3D: `spacing` must {needed}"):
            call(layer, volumes, spacing=wrong)
    data = tf.data.Dataset.from_tensors({"volumes": volumes, "spacing": np.zeros((2, 3), "float32")})
    with pytest.raises(tf.errors.InvalidArgumentError, match="RandomRotation3D: `spacing` must be above 0"):
        list(data.map(layer))
