"""Regions against OpenCV's drawing and warping."""

import cv2
import numpy as np

from keras_augsynth.ops import regions


def test_rectangles_are_opencvs(rng):
    top, left = rng.integers(-5, 20, (2, 3, 40)).astype("int32")
    height, width = rng.integers(0, 6, (2, 3, 40)).astype("int32")
    height[0, 3:] = 0
    result = np.asarray(regions.cuboids([top, left], [height, width], (17, 19)))
    for n in range(3):
        drawn = np.zeros((40, 40), "uint8")  # with a margin of 10: OpenCV, too, draws beyond the border
        for y, x, h, w in zip(top[n] + 10, left[n] + 10, height[n], width[n], strict=True):
            if h and w:
                cv2.rectangle(drawn, (int(x), int(y)), (int(x + w - 1), int(y + h - 1)), 1, thickness=-1)
        np.testing.assert_array_equal(result[n], drawn[10:27, 10:29] == 1)
    assert result[1].mean() > result[0].mean() > 0


def test_a_straight_grid_has_equal_squares():
    unit, side, angle = (np.full(1, value, "float32") for value in (8, 3, 0))
    result = np.asarray(regions.squares(unit, side, np.array([[2.0, 5.0]], "float32"), angle, (24, 32)))[0]
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.pad(result, 8, "wrap").astype("uint8"))
    inner = [row for row in stats[1:] if row[0] > 0 and row[1] > 0 and row[0] + row[2] < 48 and row[1] + row[3] < 40]
    assert len(inner) >= 4 * 5
    assert all(tuple(row[2:]) == (3, 3, 9) for row in inner)


def test_a_turned_grid_is_the_straight_one_turned():
    zero, unit, side = (np.full(1, value, "float32") for value in (0, 40, 20))
    shift, angle = np.array([[3.0, 16.0]], "float32"), np.full(1, np.pi / 6, "float32")
    straight, turned = (np.asarray(regions.squares(unit, side, shift, a, (129, 129)))[0] for a in (zero, angle))
    expected = [
        cv2.warpAffine(
            straight.astype("uint8"),
            cv2.getRotationMatrix2D((64, 64), degrees, 1.0),
            (129, 129),
            flags=cv2.INTER_NEAREST,
        )
        for degrees in (30, -30)  # OpenCV's angles, too, are counter-clockwise
    ]
    inner = np.hypot(*np.mgrid[-64:65, -64:65]) < 60
    same, other = (np.mean((turned == picture)[inner]) for picture in expected)
    assert same > 0.97 and other < 0.8  # the edges of squares fall between pixels


def test_polygons_are_opencvs(rng):
    vertices = rng.uniform(-10, 40, (5, 6, 2)).astype("float32")  # in any order: edges cross
    result = np.asarray(regions.polygon(vertices, (25, 30)))
    for n in range(5):
        pixels = np.stack(np.meshgrid(np.arange(30.0), np.arange(25.0)), -1).reshape(-1, 2)
        inside = [cv2.pointPolygonTest(vertices[n], point, measureDist=False) > 0 for point in pixels]
        np.testing.assert_array_equal(result[n].reshape(-1), inside)
    assert 0.1 < result.mean() < 0.6
