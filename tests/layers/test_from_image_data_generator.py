"""Against Keras's own ImageDataGenerator, at fixed parameters."""

import keras
import numpy as np
import pytest
from keras.src.legacy.preprocessing import image as legacy
from scipy import ndimage

from keras_augsynth import layers

TUTORIAL = {
    "rotation_range": 20,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 0.2,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "fill_mode": "nearest",
}


@pytest.fixture(scope="module")
def image():
    """Smooth, so that float32 coordinates do not matter, in 0..255, square: others Keras turns about a wrong center."""
    noise = np.random.default_rng(0).normal(size=(24, 24, 3))
    smooth = ndimage.gaussian_filter(noise, (2, 2, 0))
    return (20 + 200 * (smooth - smooth.min()) / np.ptp(smooth)).astype("float32")


def fixed(pipeline, **params):
    """The pipeline with chosen parameters, by layer, instead of random ones."""
    for layer in pipeline.layers:
        chosen = {name: np.array([value]) for name, value in params.get(type(layer).__name__, {}).items()}
        layer.draw = lambda rng, shape, chosen=chosen: chosen
    return pipeline


@pytest.mark.filterwarnings("ignore:Please import .affine_transform.:DeprecationWarning")  # by Keras
@pytest.mark.parametrize("fill_mode", ["nearest", "reflect", "constant"])
def test_affine_part_is_the_generators(image, fill_mode):
    theta, shear, zx, zy = 17.0, 12.0, 0.85, 1.1
    tx, ty = 3.0, -2.0  # Keras's x is to the right, although it draws `tx` from the range of the height
    generator = legacy.ImageDataGenerator(fill_mode=fill_mode, cval=7.0, dtype="float32")
    expected = legacy.apply_affine_transform(
        image, theta, tx, ty, shear, zx, zy, row_axis=0, col_axis=1, channel_axis=2, fill_mode=fill_mode, cval=7.0
    )
    expected = generator.apply_transform(expected, {"flip_horizontal": True})
    pipeline = layers.from_image_data_generator(**{**TUTORIAL, "fill_mode": fill_mode, "shear_range": 15, "cval": 7.0})
    names = [type(layer).__name__ for layer in pipeline.layers]
    assert names == ["RandomRotation", "RandomTranslation", "GeneratorShear", "RandomZoom", "RandomFlip"]
    fixed(
        pipeline,
        RandomRotation={"angle": np.deg2rad(theta)},
        RandomTranslation={"right": -tx / 24, "down": -ty / 24},
        GeneratorShear={"angle": np.deg2rad(shear)},
        RandomZoom={"height": zy, "width": zx},
        RandomFlip={"horizontal": True, "vertical": False},
    )
    result = pipeline(image[None]).numpy()[0]
    agrees = np.abs(result - expected).max(-1) < 0.01  # float32 coordinates and weights here, float64 there
    if fill_mode == "constant":  # only here the last pixel blends into what lies beyond
        outside = expected[..., 0] == 7.0
        dilated, eroded = (f(outside, iterations=2) for f in (ndimage.binary_dilation, ndimage.binary_erosion))
        border = dilated & ~eroded
        agrees |= border
        assert border.mean() < 0.5
    assert agrees.all()


def test_shift_fills_the_ranges(image):
    """The directions that the names say; Keras 3 has them the other way round."""
    rows, columns = np.mgrid[:40, :20].astype("float32")
    images = np.stack([rows, columns], -1)[None].repeat(200, 0)
    shift = lambda **kwargs: layers.from_image_data_generator(**kwargs, seed=1)(images).numpy()[:, 20, 10] - (20, 10)
    down = shift(height_shift_range=0.25)
    assert np.ptp(down[:, 0]) == pytest.approx(20, rel=0.05)  # of 40 rows, to either side
    np.testing.assert_allclose(down[:, 1], 0, atol=1e-4)
    np.testing.assert_allclose(np.ptp(shift(width_shift_range=0.25)[:, 1]), 10, rtol=0.05)
    pixels = shift(width_shift_range=3, height_shift_range=4.5)
    assert set(pixels[:, 1].round(4)) == {-2, -1, 0, 1, 2}  # as the generator: n itself is left out
    assert 8 < np.ptp(pixels[:, 0]) < 9
    listed = shift(width_shift_range=[2, 5], height_shift_range=[0.1])
    assert set(np.abs(listed[:, 1]).round(3)) == {2, 5} and set(listed[:, 0].round(3)) == {-4, 4}


def test_ranges_are_the_generators():
    rotation, translation, shear, zoom, _ = layers.from_image_data_generator(**TUTORIAL).layers
    assert rotation.factor == (-20 / 360, 20 / 360) and rotation.fill_mode == "nearest"
    assert translation.height_factor == translation.width_factor == (-0.2, 0.2)
    assert shear.shear_range == 0.2
    generator = legacy.ImageDataGenerator(**TUTORIAL)
    np.testing.assert_allclose(1 + np.array(zoom.height_factor), generator.zoom_range)
    assert zoom.width_factor == zoom.height_factor  # drawn apart, as there
    zoom = layers.from_image_data_generator(zoom_range=[0.5, 1.0], interpolation_order=0).layers[0]
    assert zoom.height_factor == (-0.5, 0.0) and zoom.interpolation == "nearest"


def test_images_that_are_not_square_turn_about_their_center():
    images = np.zeros((1, 5, 9, 1), "float32")
    images[0, 2, 4] = 1.0
    pipeline = fixed(layers.from_image_data_generator(rotation_range=90), RandomRotation={"angle": np.pi / 2})
    assert float(pipeline(images)[0, 2, 4, 0]) == pytest.approx(1.0, abs=1e-5)


def test_colors_are_the_generators(image):
    pipeline = layers.from_image_data_generator(
        channel_shift_range=30, brightness_range=(0.5, 1.2), rescale=1 / 255, horizontal_flip=True
    )
    kinds = [type(layer).__name__ for layer in pipeline.layers]
    assert kinds == ["RandomFlip", "RandomBrightness", "GeneratorBrightness", "Rescaling"]
    for factor, shift in ((0.7, -15.0), (1.2, 15.0)):
        generator = legacy.ImageDataGenerator(rescale=1 / 255, dtype="float32")
        wide = np.concatenate([image, np.full((24, 1, 3), 0.0), np.full((24, 1, 3), 255.0)], 1)  # a full range
        parameters = {"channel_shift_intensity": shift, "brightness": factor}
        expected = generator.standardize(generator.apply_transform(wide, parameters))
        result = fixed(
            layers.Pipeline([*pipeline.layers]),  # compiled anew, with other parameters
            RandomFlip={"horizontal": False, "vertical": False},
            RandomBrightness={"shift": shift},
            GeneratorBrightness={"factor": factor},
        )
        # PIL works on whole numbers, cut off twice
        np.testing.assert_allclose(result(wide[None].astype("float32"))[0], expected, atol=2.5 / 255)


def test_brightness_of_any_value_range():
    """Keras turns images in [0, 1] black: PIL makes bytes of them."""
    images = np.full((50, 2, 2, 1), 0.5, "float32")
    pipeline = layers.from_image_data_generator(brightness_range=[0.5, 1.5], value_range=(0, 1), seed=1)
    result = pipeline(images).numpy()[:, 0, 0, 0]
    assert 0.25 <= result.min() < 0.3 and 0.7 < result.max() <= 0.75
    signed = layers.from_image_data_generator(brightness_range=[0.5, 0.5], value_range=(-1, 1))
    np.testing.assert_allclose(signed(np.full((1, 2, 2, 1), 0.5)), -0.25)


def test_tutorial_line_compiles_and_saves(image):
    import tensorflow as tf

    pipeline = layers.from_image_data_generator(**{**TUTORIAL, "width_shift_range": 3}, brightness_range=(0.8, 1.2))
    again = layers.Pipeline.from_config(pipeline.get_config())
    batch = {"images": image[None].repeat(3, 0), "sample_ids": np.arange(3)}
    expected = pipeline(batch)["images"]
    np.testing.assert_array_equal(expected, again(batch)["images"])
    inside = tf.function(lambda x: pipeline(x, training=True)["images"], jit_compile=True)
    np.testing.assert_allclose(inside({k: tf.constant(v) for k, v in batch.items()}), expected, atol=0.05)
    images = image[None].astype("uint8")
    np.testing.assert_array_equal(layers.from_image_data_generator()(images), images)
    validation = layers.from_image_data_generator(rescale=1 / 255)
    np.testing.assert_allclose(validation(images, training=False), images / 255.0, atol=1e-6)
    first = layers.from_image_data_generator(rotation_range=10, data_format="channels_first", seed=3)
    last = layers.from_image_data_generator(rotation_range=10, seed=3)
    np.testing.assert_array_equal(np.moveaxis(first(np.moveaxis(images, -1, 1)), 1, -1), last(images))


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"featurewise_center": True}, ValueError, r"`featurewise_center` must be left out: .*Normalization"),
        ({"samplewise_center": True}, ValueError, "`samplewise_center` must be left out"),
        ({"zca_whitening": True}, ValueError, "`zca_whitening` must be left out"),
        ({"preprocessing_function": abs}, ValueError, "or a layer of your own with the same effect"),
        ({"validation_split": 0.2}, ValueError, "keras.utils.split_dataset"),
        ({"rotation_rage": 20}, TypeError, r"did you mean `rotation_range`\?\)\. Received: rotation_rage=20"),
        ({"rotation_range": "much"}, TypeError, "`rotation_range` must be a number"),
        ({"zoom_range": [1.0, 2.0, 3.0]}, ValueError, r"`zoom_range` must be a pair of numbers \(low, high\)"),
        ({"rotation_range": 400}, ValueError, "`rotation_range` must be a finite number from -360.0 to 360.0"),
        ({"width_shift_range": -3}, ValueError, "`width_shift_range` must be an integer of at least 0"),
        ({"height_shift_range": []}, ValueError, "`height_shift_range` must have at least one number"),
        ({"brightness_range": 0.5}, TypeError, "`brightness_range` must be a pair of numbers"),
        ({"fill_mode": "mirror"}, ValueError, "`fill_mode` must be one of"),
        ({"horizontal_flip": 2}, TypeError, "`horizontal_flip` must be True or False"),
        ({"horizontal_flip": "True"}, TypeError, "`horizontal_flip` must be True or False"),
        ({"interpolation_order": 3}, ValueError, "`interpolation_order` must be an integer from 0 to 1"),
    ],
)
def test_wrong_arguments(arguments, kind, message):
    with pytest.raises(kind, match=f"from_image_data_generator: .*{message}"):
        layers.from_image_data_generator(**arguments)


# What old scripts write, and what they could write as well.
SAME = [
    ({"horizontal_flip": 1, "vertical_flip": 0}, {"horizontal_flip": True}),
    ({"vertical_flip": np.True_, "horizontal_flip": None}, {"vertical_flip": True}),
    ({"rotation_range": -20}, {"rotation_range": 20}),
    ({"rotation_range": None, "zoom_range": False, "shear_range": None, "channel_shift_range": False}, {}),
    ({"width_shift_range": None, "height_shift_range": -0.2}, {"height_shift_range": 0.2}),
    ({"shear_range": -20}, {"shear_range": 20}),
    ({"channel_shift_range": -30}, {"channel_shift_range": 30}),
    ({"zoom_range": np.array([0.8, 1.2])}, {"zoom_range": 0.2}),
    ({"zoom_range": np.float32(0.25)}, {"zoom_range": [0.75, 1.25]}),
    ({"rotation_range": 20, "fill_mode": "grid-wrap"}, {"rotation_range": 20, "fill_mode": "wrap"}),
    ({"brightness_range": np.array([0.5, 1.5])}, {"brightness_range": [0.5, 1.5]}),
]


@pytest.mark.parametrize(("written", "meant"), SAME)
def test_ways_to_write_it(written, meant):
    entries = [layers.from_image_data_generator(**each, seed=1).get_config()["layers"] for each in (written, meant)]
    for layer in entries[0] + entries[1]:
        del layer["config"]["name"]
    assert entries[0] == entries[1]


@pytest.mark.filterwarnings("ignore:Please import .affine_transform.:DeprecationWarning")  # by Keras
@pytest.mark.parametrize(
    ("arguments", "drawn", "generators"),
    [
        ({"zoom_range": 1.5}, {"GeneratorZoom": {"height": -0.5, "width": 2.5}}, {"zx": 2.5, "zy": -0.5}),
        ({"zoom_range": [0, 1]}, {"GeneratorZoom": {"height": 0.1, "width": 0.9}}, {"zx": 0.9, "zy": 0.1}),
        ({"zoom_range": (0.5, 3)}, {"GeneratorZoom": {"height": 2.9, "width": 1.0}}, {"zx": 1.0, "zy": 2.9}),
        ({"shear_range": 180}, {"GeneratorShear": {"angle": np.deg2rad(120.0)}}, {"shear": 120.0}),
    ],
)
def test_unusual_ranges_are_the_generators(image, arguments, drawn, generators):
    legacy.ImageDataGenerator(**arguments)  # it takes them
    expected = legacy.apply_affine_transform(image, **generators, row_axis=0, col_axis=1, channel_axis=2)
    result = fixed(layers.from_image_data_generator(**arguments), **drawn)(image[None])[0]
    np.testing.assert_allclose(result, expected, atol=0.02)


def test_a_zoom_is_drawn_from_its_range():
    (layer,) = layers.from_image_data_generator(zoom_range=1.5, seed=1).layers
    (entry,) = layer.draw_params(np.arange(2000)).values()
    for zoom in entry["params"].values():
        assert -0.5 <= np.min(zoom) < -0.45 and 2.45 < np.max(zoom) <= 2.5


def test_a_negative_brightness_is_black(image):
    expected = legacy.apply_brightness_shift(image, -0.3, scale=False)
    result = layers.from_image_data_generator(brightness_range=[-0.3, -0.3])(image[None])[0]
    assert not expected.any()
    np.testing.assert_array_equal(result, expected)


def advised(**arguments):
    """What the message says in backquotes, behind the argument's name, as an object."""
    with pytest.raises(ValueError, match="must be left out") as error:
        layers.from_image_data_generator(**arguments)
    code = str(error.value).split("`")[3]
    mean = IMAGES.mean((0, 1, 2))
    return eval(code, {"keras": keras, "layers": layers, "np": np, "mean": mean, **arguments})


IMAGES = np.random.default_rng(0).random((4, 6, 6, 3)).astype("float32") * [1.0, 2.0, 3.0] + 1.0
ADVICE = [
    {"samplewise_center": True},
    {"samplewise_std_normalization": True},
    {"featurewise_center": True},
    {"featurewise_std_normalization": True},
    {"samplewise_center": True, "samplewise_std_normalization": True},
    {"featurewise_center": True, "featurewise_std_normalization": True},
    {"preprocessing_function": lambda x: x * 2.0 - 1.0},
]


@pytest.mark.filterwarnings("ignore:This ImageDataGenerator specifies")  # that it centers, too
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("arguments", ADVICE)
def test_what_the_messages_advise_does_what_the_generator_did(arguments, channels):
    images = IMAGES[..., :channels].astype("float32")
    if channels == 1 and "featurewise_center" in arguments and len(arguments) == 1:
        return  # `mean` is that of three channels
    generator = legacy.ImageDataGenerator(**arguments)
    generator.fit(images)
    expected = np.stack([generator.standardize(image.copy()) for image in images])
    layer = advised(**arguments)
    if isinstance(layer, layers.Normalization) and layer.input_mean is None:
        layer.adapt(images)
    np.testing.assert_allclose(layers.Pipeline([layer])(images), expected, atol=1e-3)
