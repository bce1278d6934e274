"""Erasing, cutout, dropout and grid: where holes are is read from the result, by SciPy's labels and by area."""

import numpy as np
import pytest
from scipy import ndimage

from keras_augsynth import layers

IMAGES = np.full((200, 20, 30, 3), 77.0, "float32")
ERASING = (
    lambda **kwargs: layers.RandomErasing(scale=(0.1, 0.4), **kwargs),
    lambda **kwargs: layers.CoarseDropout((2, 4), **kwargs),
    lambda **kwargs: layers.RandomCutout((0.3, 0.5), (0.3, 0.5), **kwargs),
    lambda **kwargs: layers.GridMask((0.3, 0.6), **kwargs),
)


def holes(layer, images=IMAGES):
    """Where the result is not what it was, (N, H, W)."""
    changed = layer(images).numpy() != images
    np.testing.assert_array_equal(changed[..., 0], changed[..., -1])
    return changed[..., 0]


def test_erasing_one_rectangle_of_the_given_share():
    where = holes(layers.RandomErasing(scale=(0.1, 0.3), fill_value=0.0, seed=1))
    boxes = [ndimage.find_objects(one)[0] for one in where.astype(int)]
    assert all(one[box].all() and one[box].sum() == one.sum() for one, box in zip(where, boxes, strict=True))
    share = where.mean((1, 2))
    assert 0.09 < share.min() < 0.15 and 0.25 < share.max() < 0.32  # sides are whole pixels
    assert where.any(0)[1:-1, 1:-1].all()


def test_erasing_is_sure_at_one_and_by_chance_below():
    assert holes(layers.RandomErasing(1.0, (0.2, 0.2), 0.0)).any((1, 2)).all()  # Keras erases every second
    assert 0.2 < holes(layers.RandomErasing(0.3, (0.2, 0.2), 0.0)).any((1, 2)).mean() < 0.4
    assert not holes(layers.RandomErasing(0.0, (0.2, 0.2), 0.0)).any()


@pytest.mark.parametrize("value_range", [(0, 255), (-1, 1)])
def test_noise_fills_the_value_range(value_range):
    low, high = value_range
    layer = layers.RandomErasing(scale=(1.0, 1.0), value_range=value_range, seed=1)
    share = (layer(np.full((20, 30, 30, 1), low)).numpy() - low) / (high - low)
    assert share.min() == 0 and share.max() == 1
    assert np.mean((share == 0) | (share == 1)) < 0.06  # Keras's: 0.66
    assert share.mean() == pytest.approx(0.5, abs=0.01)
    assert share.std() == pytest.approx(0.24, abs=0.01)  # 1/4, less the ends


def test_dropout_counts_and_sizes():
    where = holes(layers.CoarseDropout(1, 0.25, (0.1, 0.4), seed=1))
    boxes = [ndimage.find_objects(one)[0] for one in where.astype(int)]
    assert {box[0].stop - box[0].start for box in boxes} == {5}
    widths = {box[1].stop - box[1].start for box in boxes}
    assert widths == set(range(3, 13))
    several = holes(layers.CoarseDropout((2, 40), 0.0, 0.0, seed=1))  # single pixels, which seldom meet
    assert several.sum((1, 2)).min() <= 3 and 35 <= several.sum((1, 2)).max() <= 40


def test_cutout_reaches_beyond_the_border():
    where = holes(layers.RandomCutout((0.5, 0.5), (0.5, 0.5), seed=1), np.ones((3000, 20, 30, 1), "float32"))
    areas = where.sum((1, 2))
    assert areas.max() == 150 and areas.min() < 45
    hit = where.any(2).mean(0)[[0, 5, 10, 15, 19]]  # by 6, 10, 10, 9, 5 of the 20 windows of 10 rows
    np.testing.assert_allclose(hit, [0.3, 0.5, 0.5, 0.45, 0.25], atol=0.03)


def test_grid_covers_the_square_of_its_ratio():
    where = holes(layers.GridMask((0.5, 0.5), 0.5, 0.3, seed=1))
    assert where.mean() == pytest.approx(0.25, abs=0.02)
    assert where.mean((1, 2)).min() > 0.1 and where.mean((1, 2)).max() < 0.45
    assert holes(layers.GridMask((1.0, 1.0))).all()


@pytest.mark.parametrize("build", ERASING)
def test_masks_only_where_asked(build):
    data = {"images": IMAGES[:8], "segmentation_masks": np.ones((8, 20, 30), "uint8"), "sample_ids": np.arange(8)}
    kept = build(seed=1)(data)
    assert np.all(kept["segmentation_masks"] == 1)
    erased = build(seed=1, mask_fill_value=255)(data)
    np.testing.assert_array_equal(erased["images"], kept["images"])
    mask = erased["segmentation_masks"].numpy()
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask == 255, (erased["images"] != data["images"])[..., 0])


@pytest.mark.parametrize("build", ERASING)
def test_a_color_as_fill(build):
    result = build(fill_value=(1, 2, 3))(IMAGES[:8]).numpy()
    np.testing.assert_array_equal(np.unique(result.reshape(-1, 3), axis=0), [[1, 2, 3], [77, 77, 77]])
    layer = build(fill_value=(1, 2, 3))
    with pytest.raises(ValueError, match=f"{type(layer).__name__}: `fill_value` must have one number for each"):
        layer(IMAGES[..., :1])
    with pytest.raises(ValueError, match=r"`fill_value` must be a finite number from 0\.0 to 1\.0"):
        build(fill_value=128, value_range=(0, 1))


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: layers.RandomErasing(1.5), ValueError, "RandomErasing: `factor` must be a finite number from 0.0"),
        (lambda: layers.RandomErasing(scale="big"), TypeError, "RandomErasing: `scale` must be a number"),
        (lambda: layers.RandomErasing(mask_fill_value="x"), TypeError, "`mask_fill_value` must be a number"),
        (lambda: layers.CoarseDropout(0), ValueError, "CoarseDropout: `num_holes` must be an integer from 1 to "),
        (lambda: layers.CoarseDropout((1, 2, 3)), ValueError, "`num_holes` must be an integer or a pair of integers"),
        (lambda: layers.CoarseDropout((1, 2.5)), TypeError, "`num_holes` must be an integer"),
        (lambda: layers.CoarseDropout(hole_width=1.2), ValueError, "`hole_width` must be a finite number from 0.0"),
        (lambda: layers.RandomCutout(-0.1, 0.1), ValueError, "RandomCutout: `height_factor` must"),
        (lambda: layers.GridMask(unit_size=0), ValueError, "GridMask: `unit_size` must"),
        (lambda: layers.GridMask(rotation_factor=2), ValueError, "GridMask: `rotation_factor` must"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
