import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from keras_augsynth import synthesis

Templates = synthesis.TemplateSynthesizer
STILL = {"scale": (1.0, 1.0), "rotation": 0.0, "translation": 0.0}


def box(height, width, color, opacity=255):
    """An RGBA cut-out of one color."""
    return np.broadcast_to(np.array([*color, opacity], "uint8"), (height, width, 4))


RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)
LIBRARY = {0: [box(4, 4, RED)], 2: [box(4, 8, GREEN), box(2, 2, BLUE)]}


@pytest.fixture
def backgrounds(rng):
    return rng.integers(50, 100, (3, 20, 24, 3)).astype("uint8")


def colors(images):
    """Which of red, green and blue is brightest where an image is bright."""
    return np.asarray(images).max(axis=(1, 2)).argmax(axis=-1)


def test_objects_of_the_class_on_backgrounds(backgrounds):
    made = Templates(LIBRARY, backgrounds).compose(np.repeat([0, 2], 200), seed=1)
    images, masks = made["images"].numpy(), made["segmentation_masks"].numpy()
    assert images.shape == (400, 20, 24, 3) and images.dtype == np.uint8
    assert masks.shape == (400, 20, 24, 1) and masks.dtype == np.int32
    seen = colors(images)
    assert np.all(seen[:200] == 0)
    shares = np.bincount(seen[200:], minlength=3) / 200
    np.testing.assert_allclose(shares, [0, 0.5, 0.5], atol=0.18)  # five standard errors
    # Away from the object a background is what it was, and each comes up.
    far = ~ndimage.binary_dilation(masks[..., 0], np.ones((1, 5, 5)))[..., None]
    which = [
        np.flatnonzero([np.all((image == back) | ~out) for back in backgrounds])
        for image, out in zip(images, far, strict=True)
    ]
    assert all(len(found) == 1 for found in which)
    assert {int(found[0]) for found in which} == {0, 1, 2}
    np.testing.assert_array_equal(made["labels"], np.repeat([0, 2], 200))


def test_unmoved_object_is_pasted_as_it_is(backgrounds):
    made = Templates({0: [box(4, 8, GREEN)]}, backgrounds[:1], **STILL).compose([0], seed=1)
    expected = backgrounds[0].copy()
    expected[8:12, 8:16] = GREEN
    np.testing.assert_array_equal(made["images"][0], expected)
    inside = np.zeros((20, 24, 1), int)
    inside[8:12, 8:16] = 1
    np.testing.assert_array_equal(made["segmentation_masks"][0], inside)
    np.testing.assert_array_equal(made["bounding_boxes"]["boxes"], [[[8, 8, 16, 12]]])
    np.testing.assert_array_equal(made["bounding_boxes"]["labels"], [[0]])


def test_opacity_blends(backgrounds):
    made = Templates({0: [box(4, 4, RED, opacity=51)]}, backgrounds[:1], **STILL).sample([0], seed=1).numpy()[0]
    patch = backgrounds[0, 8:12, 10:14].astype("float64")
    np.testing.assert_allclose(made[8:12, 10:14], 0.2 * np.array(RED) + 0.8 * patch, atol=0.51)


def test_affine_place_is_scipys(rng):
    """A smooth object, scaled, turned and moved by fixed amounts, against SciPy's affine_transform."""
    image = rng.uniform(size=(9, 9, 1)).astype("float32")
    opacity = np.pad(np.ones((5, 5), "float32"), 2)
    moved = {"scale": (1.5, 1.5), "rotation": (0.1, 0.1), "translation": (0.2, 0.2)}
    synthesizer = Templates({0: (image[None], opacity[None])}, np.zeros((1, 31, 25, 1), "float32"), **moved)
    made = synthesizer.sample([0], seed=1)[0, ..., 0]
    angle = 0.2 * np.pi  # counter-clockwise on the screen, where rows run down
    inverse = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / 1.5
    center = np.array([15 + 0.2 * 31, 12 + 0.2 * 25])
    offset = np.array([4, 4]) - inverse @ center
    expected = ndimage.affine_transform(image[..., 0] * opacity, inverse, offset, (31, 25), order=1)
    np.testing.assert_allclose(made, expected, atol=1e-4)


def test_places_fill_their_ranges(backgrounds):
    synthesizer = Templates({0: [box(4, 4, RED)]}, backgrounds, scale=(0.5, 2.0), rotation=0.0, translation=0.25)
    boxes = synthesizer.compose([0] * 2000, seed=2)["bounding_boxes"]["boxes"].numpy()[:, 0]
    sides, middle = boxes[:, 2:] - boxes[:, :2], (boxes[:, 2:] + boxes[:, :2]) / 2 - [12, 10]
    assert 1.0 <= sides.min() <= 2.0 and 8.0 <= sides.max() <= 9.0
    for axis, reach in ((0, 6.0), (1, 5.0)):
        assert reach - 1 <= np.abs(middle[:, axis]).max() <= reach + 1
        assert abs(middle[:, axis].mean()) < 5 * reach / np.sqrt(3 * 2000)


def test_boxes_hold_the_mask(backgrounds):
    made = Templates(LIBRARY, backgrounds, rotation=0.5, translation=0.6).compose([0, 2] * 100, seed=3)
    masks, boxes = made["segmentation_masks"].numpy()[..., 0], made["bounding_boxes"]
    gone = 0
    for mask, found, label in zip(masks, boxes["boxes"].numpy()[:, 0], boxes["labels"].numpy()[:, 0], strict=True):
        if not mask.any():
            gone += 1
            assert label == -1 and not found.any()
            continue
        ((rows, columns),) = ndimage.find_objects(mask)
        np.testing.assert_array_equal(found, [columns.start, rows.start, columns.stop, rows.stop])
    assert 0 < gone < 150


def test_images_and_masks_apart(backgrounds):
    image = np.full((6, 6, 3), 250, "uint8")
    mask = np.zeros((6, 6), bool)
    mask[:3] = True
    for given in ((image[None], mask[None]), ([image], [mask[..., None] * 7]), (image[None], mask[None] * 1.0)):
        made = Templates({1: given}, backgrounds[:1], **STILL).compose([1], seed=1)
        assert np.sum(made["segmentation_masks"]) == 18
        assert np.sum(np.all(made["images"] == 250, axis=-1)) == 18


def test_transparent_color_does_not_bleed(backgrounds):
    """A white fringe under full transparency must not be seen where the object is turned."""
    cutout = np.full((9, 9, 4), 255, "uint8")
    cutout[..., 3] = 0
    cutout[2:7, 2:7] = [0, 0, 0, 255]
    made = Templates({0: [cutout]}, backgrounds, rotation=0.5).sample([0] * 50, seed=1)
    assert np.max(made) <= backgrounds.max()


def test_images_of_fit_are_the_backgrounds(backgrounds):
    synthesizer = Templates(LIBRARY)
    with pytest.raises(RuntimeError, match="`sample` must come after `fit`, or `backgrounds` be given"):
        synthesizer.sample([0])
    assert synthesizer.fit(backgrounds.astype("float32"), np.zeros(3, int)) is synthesizer
    assert synthesizer.sample([0, 2], seed=1).dtype == tf.float32
    given = Templates(LIBRARY, backgrounds[:1], **STILL).fit(backgrounds[1:], np.zeros(2, int))
    np.testing.assert_array_equal(given.sample([0], seed=1)[0, 0], backgrounds[0, 0])


@pytest.mark.full
def test_compiled_by_xla(backgrounds):
    synthesizer = Templates(LIBRARY, backgrounds)
    inside = tf.function(lambda labels, seed: synthesizer.compose(labels, seed=seed), jit_compile=True)
    made, expected = inside(tf.constant([0, 2, 2]), tf.constant(3)), synthesizer.compose([0, 2, 2], seed=3)
    keras.tree.map_structure(np.testing.assert_array_equal, dict(made), expected)


def test_images_are_those_of_the_composition(backgrounds):
    synthesizer = Templates(LIBRARY, backgrounds)
    expected = synthesizer.compose([0, 2, 2], seed=3)
    np.testing.assert_array_equal(synthesizer.sample([0, 2], seed=3), expected["images"][:2])
    nothing = synthesizer.compose(np.zeros(0, "int32"), seed=3)
    assert nothing["images"].shape == (0, 20, 24, 3) and nothing["bounding_boxes"]["boxes"].shape == (0, 1, 4)


def test_saved_and_loaded(backgrounds, tmp_path):
    synthesizer = Templates(LIBRARY, backgrounds, scale=(0.5, 0.6), rotation=(0.1, 0.2), translation=0.1)
    synthesizer.save(tmp_path / "templates.npz")
    loaded = Templates.load(tmp_path / "templates.npz")
    assert loaded.get_config() == synthesizer.get_config()
    np.testing.assert_array_equal(loaded.sample([0, 2], seed=1), synthesizer.sample([0, 2], seed=1))
    with pytest.raises(RuntimeError, match="`save` must come after `fit`, or"):
        Templates(LIBRARY).save(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda b: Templates([box(2, 2, RED)], b), TypeError, "`templates` must be a dictionary from class numbers"),
        (lambda b: Templates({"cat": [box(2, 2, RED)]}, b), TypeError, "`templates` must be a dictionary"),
        (lambda b: Templates({}, b), ValueError, "`templates` must hold at least one object"),
        (lambda b: Templates({0: box(2, 2, RED)}, b), ValueError, "`templates` must hold images"),
        (lambda b: Templates({0: (b, b[:1, ..., 0])}, b), ValueError, "`templates` must have a mask for each image"),
        (lambda b: Templates({0: (b, b[:, :3, :, 0])}, b), ValueError, "`templates` must hold images"),
        (lambda b: Templates({0: (b, b, b)}, b), ValueError, "`templates` must hold arrays, lists or tuples"),
        (lambda b: Templates({0: b.astype("float32")}, b), ValueError, "with opacities from 0 to 1"),
        (lambda b: Templates({0: b[..., :2], 1: b}, b), ValueError, "the same number of channels"),
        (lambda b: Templates(LIBRARY, b[..., :1]), ValueError, "as many channels as the templates"),
        (lambda b: Templates(LIBRARY, b[0]), ValueError, "`backgrounds` must be images"),
        (lambda b: Templates(LIBRARY, b * np.nan), ValueError, "must be finite"),
        (lambda b: Templates(LIBRARY, b, scale=(0.0, 1.0)), ValueError, "`scale` must be"),
        (lambda b: Templates(LIBRARY, b, rotation=2.0), ValueError, "`rotation` must be"),
        (lambda b: Templates(LIBRARY, b, translation="far"), TypeError, "`translation` must be"),
        (lambda b: Templates(LIBRARY, b).fit(b[:, :9], [0, 0, 0]), ValueError, "`x` must be images like the backgr"),
        (lambda b: Templates(LIBRARY, b).sample([1]), ValueError, r"classes that had rows in `fit`, \[0 2\]"),
        (lambda b: Templates(LIBRARY, b).sample([3]), ValueError, "`labels` must be from 0 to 2"),
    ],
)
def test_wrong_input(backgrounds, call, kind, message):
    with pytest.raises(kind, match=message):
        call(backgrounds)
