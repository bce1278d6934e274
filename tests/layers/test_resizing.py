"""`Resizing` against Keras's where that is right, against PIL, OpenCV and SciPy elsewhere."""

import inspect

import cv2
import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from keras_augsynth import layers
from keras_augsynth.ops.kernel_resize import KERNELS

PIL_KERNELS = {
    "bilinear": PIL.Image.Resampling.BILINEAR,
    "bicubic": PIL.Image.Resampling.BICUBIC,
    "lanczos3": PIL.Image.Resampling.LANCZOS,
    "area": PIL.Image.Resampling.BOX,
}
SIZES = [((12, 16), (24, 20)), ((12, 16), (7, 5)), ((24, 20), (12, 40))]


def pictures(size, count=2, channels=3):
    """Smooth, as photographs are, around mid-gray."""
    noise = np.random.default_rng(0).normal(size=(count, *size, channels))
    smooth = [cv2.GaussianBlur(n, (0, 0), 1.5).reshape(n.shape) for n in noise]
    return (np.stack(smooth) * 200 + 128).astype("float32")


def pil(image, size, kernel, box=None):
    """Each channel as PIL's image of floats, which it does not round."""
    parts = [PIL.Image.fromarray(channel) for channel in np.moveaxis(image, -1, 0)]
    return np.stack([np.asarray(part.resize(size[::-1], PIL_KERNELS[kernel], box=box)) for part in parts], -1)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("interpolation", ["nearest", *KERNELS])
@pytest.mark.parametrize(("size", "target"), SIZES)
def test_same_as_keras(size, target, interpolation, antialias):
    x = pictures(size)
    ours, theirs = (m.Resizing(*target, interpolation, antialias=antialias)(x) for m in (layers, keras.layers))
    # TensorFlow's bicubic without antialias looks its weights up in a table of 1024 entries.
    np.testing.assert_allclose(ours, theirs, atol=0.05 if interpolation == "bicubic" else 1e-3)


@pytest.mark.parametrize("kernel", PIL_KERNELS)
@pytest.mark.parametrize(("size", "target"), SIZES)
def test_cropping_is_pils_window(size, target, kernel):
    """Which is not rounded to whole pixels, and beyond which the image goes on."""
    x, scale = pictures(size, 1), min(size[0] / target[0], size[1] / target[1])
    height, width = target[0] * scale, target[1] * scale
    left, top = (size[1] - width) / 2, (size[0] - height) / 2
    expected = pil(x[0], target, kernel, (left, top, left + width, top + height))
    result = layers.Resizing(*target, kernel, crop_to_aspect_ratio=True, antialias=True)(x)[0]
    # Where the image gets larger, PIL gives a pixel of the box kernel to one side whole.
    tolerance = 1e-3 if kernel != "area" else np.abs(np.diff(x[0], axis=0)).max() + np.abs(np.diff(x[0], axis=1)).max()
    np.testing.assert_allclose(result, expected, atol=tolerance)


def test_cropping_and_padding_are_keras_where_sides_are_whole():
    x = pictures((24, 20))
    for arguments, target in (
        ({"crop_to_aspect_ratio": True}, (10, 10)),
        ({"pad_to_aspect_ratio": True, "fill_value": 9.0}, (12, 12)),
        ({"pad_to_aspect_ratio": True, "fill_value": 9.0}, (12, 40)),
    ):
        for interpolation in ("nearest", "bilinear", "area"):
            ours, theirs = (m.Resizing(*target, interpolation, **arguments)(x) for m in (layers, keras.layers))
            np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos5"])
def test_padding_does_not_blend_with_the_image(interpolation):
    """The image resized by Keras, put into a larger one: no pixel in between, none on the sides without padding."""
    x = pictures((8, 12))
    result = layers.Resizing(48, 48, interpolation, pad_to_aspect_ratio=True, fill_value=999.0)(x).numpy()
    inner = keras.layers.Resizing(32, 48, interpolation)(x).numpy()
    expected = np.pad(inner, [(0, 0), (8, 8), (0, 0), (0, 0)], constant_values=999.0)
    np.testing.assert_allclose(result, expected, atol=0.05)


def test_images_of_integers_are_rounded(rng):
    x = rng.integers(0, 256, (2, 9, 11, 3)).astype("uint8")
    for interpolation in ("bilinear", "bicubic"):
        exact = layers.Resizing(20, 15, interpolation)(x)
        whole = layers.Resizing(20, 15, interpolation, dtype="uint8")(x)
        assert whole.dtype == "uint8"
        np.testing.assert_array_equal(whole, np.clip(np.round(exact), 0, 255))


def companions(size=(10, 8)):
    height, width = size
    masks = np.zeros((2, height, width), "int32")
    masks[:, 1:3, 2:4] = 7
    return {
        "images": pictures(size),
        "segmentation_masks": masks,
        "bounding_boxes": {"boxes": np.array([[[2, 1, 4, 3.0]]] * 2), "labels": np.array([[7]] * 2)},
        "keypoints": np.array([[[2.0, 1.0], [4.0, 3.0]]] * 2),
    }


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    ("arguments", "box"),
    [
        ({}, [5, 2, 10, 6]),
        ({"pad_to_aspect_ratio": True}, [6, 2, 10, 6]),
        # Keras says 0.5 to 5.5: it rounds the boxes' margin of 2.5 pixels, not the image's.
        ({"crop_to_aspect_ratio": True}, [5, 0, 10, 5]),
    ],
)
def test_companions_move(interpolation, arguments, box):
    result = layers.Resizing(20, 20, interpolation, **arguments)(companions())
    np.testing.assert_allclose(result["bounding_boxes"]["boxes"], [[box]] * 2, atol=1e-4)
    np.testing.assert_allclose(np.reshape(result["keypoints"], (2, 4)), [box] * 2, atol=1e-4)
    mask = result["segmentation_masks"].numpy()
    assert mask.shape == (2, 20, 20) and set(np.unique(mask)) == {0, 7}
    left, top, right, bottom = box
    inside = mask[0, top:bottom, left:right]
    assert np.all(inside == 7) and np.sum(mask[0] == 7) == inside.size


def test_masks_are_padded_with_their_own_value():
    for interpolation in ("bilinear", "bicubic"):
        layer = layers.Resizing(20, 20, interpolation, pad_to_aspect_ratio=True, fill_value=5.0, mask_fill_value=255)
        mask = layer(companions())["segmentation_masks"].numpy()
        assert np.all(mask[:, :, :2] == 255) and np.all(mask[:, :, 18:] == 255) and not np.any(mask[:, :, 2:18] == 255)
    bytes_only = {**companions(), "segmentation_masks": np.zeros((2, 10, 8), "uint8")}
    with pytest.raises(ValueError, match="Resizing: `mask_fill_value` must be a value that the masks' dtype uint8"):
        layers.Resizing(20, 20, pad_to_aspect_ratio=True, mask_fill_value=-1)(bytes_only)


def stages(*parts):
    return [[type(step.layer).__name__ for step in stage.steps] for stage in layers.Pipeline(parts).plan.stages]


def test_shares_the_resample_of_its_neighbours():
    turn, fill = layers.RandomRotation((0.05, 0.05)), {"fill_mode": "constant", "fill_value": 3.0}
    together = ["RandomRotation", "Resizing"]
    assert stages(turn, layers.Resizing(9, 9)) == [together]
    assert stages(layers.RandomRotation(0.1, interpolation="nearest"), layers.Resizing(9, 9, "nearest")) == [together]
    padded = layers.Resizing(9, 9, pad_to_aspect_ratio=True, fill_value=3.0)
    assert stages(layers.RandomRotation(0.1, **fill), padded) == [together]
    for alone in (padded, layers.Resizing(9, 9, "bicubic"), layers.Resizing(9, 9, antialias=True)):
        assert stages(turn, alone) == [["RandomRotation"], ["Resizing"]]
    between = layers.CenterCrop(8, 8), layers.Resizing(9, 9, "bicubic"), layers.CenterCrop(8, 8)
    assert stages(*between) == [["CenterCrop"], ["Resizing"], ["CenterCrop"]]


@pytest.mark.parametrize("fill_mode", ["reflect", "constant"])
def test_merged_is_one_after_the_other(fill_mode):
    """The turn back undoes the turn, so one resample gives what the resizing alone does; no border is seen."""
    x = pictures((16, 12))
    there, back = (layers.RandomRotation((turn, turn), fill_mode=fill_mode) for turn in (0.25, -0.25))
    pipeline = layers.Pipeline([layers.Resizing(48, 48), there, back])
    assert len(pipeline.plan.stages) == 1
    for training in (True, False):
        np.testing.assert_allclose(pipeline(x, training=training), keras.layers.Resizing(48, 48)(x), atol=0.05)


def test_videos_and_volumes_are_resized_slice_by_slice():
    frames = pictures((10, 8), 6).reshape(2, 3, 10, 8, 3)
    for interpolation in ("bilinear", "nearest", "bicubic"):
        layer = layers.Resizing(7, 9, interpolation)
        expected = np.stack([layer(clip) for clip in frames])
        for inputs in (frames, {"videos": frames}, {"volumes": frames}):
            result = layer(inputs)
            result = next(iter(result.values())) if isinstance(inputs, dict) else result
            np.testing.assert_allclose(result, expected, atol=1e-4)
        assert layer.compute_output_shape((None, 3, None, None, 1)) == (None, 3, 7, 9, 1)


@pytest.mark.parametrize("interpolation", ["bilinear", "lanczos3"])
def test_images_of_many_sizes_in_a_dataset(interpolation):
    """Each alone, and then in one batch: the way out for what the other layers refuse."""
    images = [pictures(size, 1)[0] for size in ((9, 12), (20, 7), (5, 5))]
    layer = layers.Resizing(8, 8, interpolation, pad_to_aspect_ratio=True)
    data = tf.data.Dataset.from_generator(lambda: iter(images), output_signature=tf.TensorSpec((None, None, 3)))
    (batch,) = data.map(layer).batch(3)
    np.testing.assert_allclose(batch, np.stack([layer(image) for image in images]), atol=1e-4)
    unknown = tf.data.Dataset.from_generator(
        lambda: iter([batch.numpy()]), output_signature=tf.TensorSpec((None,) * 3 + (3,))
    )
    assert next(iter(unknown.map(layers.Resizing(4, 6, interpolation)))).shape == (3, 4, 6, 3)


def test_what_has_several_sizes_is_refused():
    images = [pictures(size, 1)[0] for size in ((9, 12), (20, 7))]
    layer = layers.Resizing(8, 8)
    advice = r"one size: `dataset\.map\(Resizing\(height, width\)\)` before `batch`"
    with pytest.raises(TypeError, match=f"Resizing: `inputs` must be .*{advice}"):
        layer(tf.ragged.stack([tf.constant(image) for image in images]))
    for several in (images, np.array([*images, None], object)[:2]):
        with pytest.raises(TypeError, match=f"Resizing: `inputs` must be .*{advice}"):
            layer(several)
    with pytest.raises(TypeError, match=f"RandomFlip: `images` must be .*{advice}"):
        layers.RandomFlip()({"images": images})


@pytest.mark.xla
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
def test_compiled(interpolation):
    layer, x = layers.Resizing(7, 9, interpolation, pad_to_aspect_ratio=True), pictures((10, 8))
    plain = layers.Resizing(7, 9, interpolation, pad_to_aspect_ratio=True, jit=False)(x)
    np.testing.assert_allclose(layer(x), plain, atol=1e-3)
    np.testing.assert_allclose(tf.function(layer, jit_compile=True)(x), plain, atol=1e-3)


@pytest.mark.parametrize("interpolation", ["bilinear", "lanczos3"])
def test_gradients_flow(interpolation):
    x = tf.constant(pictures((6, 6)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(layers.Resizing(12, 12, interpolation)(x))
    assert np.all(tape.gradient(total, x).numpy() > 0.0)  # every pixel is seen


def test_a_bad_pixel_reaches_as_far_as_the_kernel():
    x = np.zeros((1, 20, 20, 1), "float32")
    x[0, 10, 10] = np.nan
    for interpolation, reach in (("bilinear", 4), ("bicubic", 8), ("lanczos3", 12)):
        bad = np.isnan(layers.Resizing(40, 40, interpolation)(x))
        assert 0 < bad.sum() <= reach**2, interpolation


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 5), "Resizing: `height` must be an integer from 1 to 32768"),
        ((5, 5, "cubic"), 'Resizing: `interpolation` must be one of .* \\(did you mean "bicubic"'),
        ((5, 5, "bilinear", True, True), "Resizing: `pad_to_aspect_ratio` must be False where"),
        ((5, 5, "bilinear", False, True, "reflect"), 'Resizing: `fill_mode` must be one of "constant"'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.Resizing(*arguments)


def test_has_the_arguments_of_keras():
    ours, theirs = (list(inspect.signature(m.Resizing.__init__).parameters.values()) for m in (layers, keras.layers))
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs]


def test_what_keras_rounds():
    """It pads to whole pixels before it resizes, and cuts boxes off at whole pixels behind it: shapes change."""
    x = np.full((1, 12, 16, 1), 100.0, "float32")
    seen = lambda m: int(np.sum(np.asarray(m.Resizing(24, 20, "nearest", pad_to_aspect_ratio=True)(x))[0, :, 0, 0] > 0))
    assert (seen(keras.layers), seen(layers)) == (16, 15)  # of 24 rows: 12 * 20 / 16 is 15
    image, inside = (
        np.zeros((10, 8, 1), "float32"),
        {"boxes": np.array([[0.0, 1.0, 8.0, 9.0]]), "labels": np.array([1])},
    )
    tops = {}
    for m in (keras.layers, layers):
        layer = m.Resizing(20, 20, crop_to_aspect_ratio=True, bounding_box_format="xyxy")
        tops[m] = np.asarray(layer({"images": image, "bounding_boxes": inside})["bounding_boxes"]["boxes"])[
            ..., 1
        ].item()
    assert tops == {keras.layers: 0.5, layers: 0.0}  # the box is the window that is cut out
