"""Color and value layers against Keras's own where those are right, and against the formulas of their docstrings."""

import keras
import numpy as np
import pytest

from keras_augsynth import layers


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (4, 10, 12, 3)).astype("float32")


def test_brightness_is_kerass(images):
    ours, theirs = (lib.RandomBrightness((0.2, 0.2))(images, training=True) for lib in (layers, keras.layers))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    shift = layers.RandomBrightness((0.5, 0.5), value_range=(-1, 1))(images / 127.5 - 1)
    np.testing.assert_allclose(shift, np.clip(images / 127.5, -1, 1), atol=1e-5)


def test_contrast_goes_both_ways(images):
    gray = images * 0.2 + 100  # nothing reaches the ends of the range
    mean = gray.mean((1, 2), keepdims=True)
    result = layers.RandomContrast(0.4, seed=1)(np.repeat(gray, 50, 0)).numpy()
    factor = ((result - np.repeat(mean, 50, 0)) / np.repeat(gray - mean, 50, 0)).mean((1, 2, 3))
    assert 0.6 <= factor.min() < 0.65 and 1.35 < factor.max() <= 1.4
    only_more = layers.RandomContrast((0.0, 0.5), seed=1)(np.repeat(gray, 50, 0)).numpy()
    assert np.all(only_more.std((1, 2)) >= np.repeat(gray, 50, 0).std((1, 2)) * 0.999)


def test_saturation_at_its_ends(images):
    gray = layers.RandomSaturation((0.0, 0.0))(images).numpy()
    np.testing.assert_allclose(gray, np.repeat(keras.ops.image.rgb_to_grayscale(images), 3, -1), atol=0.1)
    np.testing.assert_allclose(layers.RandomSaturation((0.5, 0.5))(images), images, atol=1e-3)
    full = layers.RandomSaturation((1.0, 1.0))(images).numpy()
    assert np.mean(full.min(-1) == 0) > 0.99  # what stands out is as strong as it can be
    constant = np.full((1, 4, 4, 3), 77.0, "float32")
    np.testing.assert_allclose(layers.RandomSaturation((1.0, 1.0))(constant), 77.0, atol=0.1)


def test_hue_turns_half_a_circle_at_one(images):
    red = np.zeros((200, 2, 2, 3), "float32")
    red[..., 0] = 255
    third = layers.RandomHue((2 / 3, 2 / 3), seed=1)(red).numpy()[:, 0, 0]
    green, blue = (np.all(np.abs(third - color) < 0.01, axis=1) for color in ([0, 255, 0], [0, 0, 255]))
    assert np.all(green | blue)
    assert 60 < green.sum() < 140
    np.testing.assert_allclose(layers.RandomHue((0.0, 0.0))(images), images, atol=1e-3)


def test_grayscale(images):
    many = np.repeat(images, 50, 0)
    result = layers.RandomGrayscale(0.3, seed=1)(many).numpy()
    gray = np.ptp(result, axis=-1).max((1, 2)) < 1e-2
    assert 0.2 < gray.mean() < 0.4
    np.testing.assert_allclose(result[~gray], many[~gray], atol=1e-3)
    np.testing.assert_allclose(result[gray][..., :1], keras.ops.image.rgb_to_grayscale(many[gray]), atol=0.1)


def test_jitter_is_the_chain_of_its_parts(images):
    calm = images * 0.3 + 90
    values = {"brightness": (0.1, 0.1), "contrast": (0.0, 0.0), "saturation": (0.6, 0.6)}
    jitter = layers.RandomColorJitter(**{f"{name}_factor": value for name, value in values.items()})(calm)
    parts = [getattr(layers, f"Random{name.title()}")(value) for name, value in values.items()]
    np.testing.assert_allclose(jitter, layers.Pipeline(parts)(calm), atol=1e-3)


def test_jitter_in_plain_strengths(images):
    calm = np.repeat(images * 0.2 + 100, 100, 0)
    darker = layers.RandomColorJitter(brightness=0.1, seed=1)(calm).numpy() - calm
    assert -25.6 < darker.min() < -24 and 24 < darker.max() < 25.6
    spread = lambda x: (x - x.mean(-1, keepdims=True)).std((1, 2, 3))
    ratio = spread(layers.RandomColorJitter(saturation=0.3, seed=1)(calm).numpy()) / spread(calm)
    assert 0.7 < ratio.min() < 0.75 and 1.25 < ratio.max() < 1.31
    still = layers.RandomColorJitter(brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0)(calm)
    np.testing.assert_allclose(still, calm, atol=1e-3)


def test_gray_images_have_no_color_to_change(images):
    gray = images[..., :1]
    for layer in (layers.RandomHue(0.5), layers.RandomSaturation((0, 1)), layers.RandomGrayscale(1.0)):
        np.testing.assert_array_equal(layer(gray), gray)
    assert layers.RandomColorJitter(brightness=0.2, saturation=0.3, hue=0.1)(gray).shape == gray.shape


@pytest.mark.parametrize("layer", [layers.RandomHue(0.5), layers.RandomSaturation(0.3), layers.RandomGrayscale()])
def test_four_channels_are_refused_where_colors_mix(layer, images):
    with pytest.raises(ValueError, match=f"{type(layer).__name__}: `images` must have 1 or 3 channels"):
        layer(np.zeros((1, 4, 4, 4), "float32"))


def test_noise_has_its_deviation():
    images = np.full((50, 20, 20, 3), 128, "uint8")
    noise = layers.RandomGaussianNoise(0.1, seed=1)(images).numpy() - 128
    assert noise.std() == pytest.approx(25.5, rel=0.01)
    assert abs(noise.mean()) < 0.3
    deviations = layers.RandomGaussianNoise((0.0, 0.2), seed=1)(images).numpy().std((1, 2, 3)) / 255
    assert deviations.min() < 0.02 and 0.17 < deviations.max() < 0.21
    bright = layers.RandomGaussianNoise(0.5)(np.full((1, 20, 20, 3), 250, "uint8")).numpy()
    assert bright.max() == 255 and bright.min() >= 0


def test_rescaling_is_kerass(images):
    for arguments in ({"scale": 1 / 127.5, "offset": -1.0}, {"scale": [1.0, 2.0, 3.0], "offset": [0.0, 1.0, 2.0]}):
        ours, theirs = (lib.Rescaling(**arguments)(images) for lib in (layers, keras.layers))
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    for shape in ((), (3,), (2, 3), (2, 2, 2, 2, 3)):
        np.testing.assert_allclose(layers.Rescaling(2.0, 1.0)(np.ones(shape)), 3.0)
    first = layers.Rescaling([1.0, 2.0, 3.0], data_format="channels_first")(np.ones((2, 3, 4, 5)))
    np.testing.assert_allclose(first[0, :, 0, 0], [1, 2, 3])


def test_normalization_is_kerass(images, tmp_path):
    for arguments in ({"axis": -1}, {"axis": None}, {"axis": 1}, {"axis": (1, 3)}):
        ours, theirs = layers.Normalization(**arguments), keras.layers.Normalization(**arguments)
        ours.adapt(images)
        theirs.adapt(images)
        np.testing.assert_allclose(ours(images), theirs(images), atol=1e-5)
        np.testing.assert_allclose(ours.mean, theirs.mean)
        np.testing.assert_allclose(ours.variance, theirs.variance)
    known = {"mean": [100.0, 110.0, 120.0], "variance": [50.0, 60.0, 70.0]}
    ours, theirs = layers.Normalization(**known), keras.layers.Normalization(**known)
    np.testing.assert_allclose(ours(images), theirs(images), atol=1e-5)
    back = layers.Normalization(**known, invert=True)
    np.testing.assert_allclose(back(ours(images)), images, atol=1e-3)
    model = keras.Sequential([keras.Input((10, 12, 3)), layers.Normalization()])
    model.layers[0].adapt(images)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(images), model(images))


def test_value_maps_before_and_behind_colors(images):
    calm = images * 0.3 + 90
    pipeline = layers.Pipeline(
        [
            layers.Rescaling(1 / 255),
            layers.RandomBrightness((0.1, 0.1), value_range=(0, 1)),
            layers.Normalization(mean=[0.5] * 3, variance=[0.04] * 3),
        ]
    )
    np.testing.assert_allclose(pipeline(calm), (calm / 255 + 0.1 - 0.5) / 0.2, atol=1e-5)
    np.testing.assert_allclose(pipeline(calm, training=False), (calm / 255 - 0.5) / 0.2, atol=1e-5)
    twice = layers.Pipeline([layers.Rescaling(2.0, 1.0), layers.Rescaling(3.0, 1.0)])
    np.testing.assert_allclose(twice(calm), calm * 6 + 4, rtol=1e-6)


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: layers.RandomBrightness(2), ValueError, "RandomBrightness: `factor` must"),
        (lambda: layers.RandomBrightness(0.1, value_range=1), TypeError, "`value_range` must be a pair"),
        (
            lambda: layers.RandomContrast(-0.1),
            ValueError,
            "RandomContrast: `factor` must be a finite number from 0.0 to 1.0",
        ),
        (
            lambda: layers.RandomColorJitter(hue=0.1, hue_factor=0.1),
            ValueError,
            "`hue` must stand alone, without `hue_factor`",
        ),
        (lambda: layers.RandomColorJitter(hue=0.6), ValueError, "`hue` must be a finite number from 0.0 to 0.5"),
        (lambda: layers.RandomColorJitter(saturation_factor=1.2), ValueError, "`saturation_factor` must"),
        (lambda: layers.RandomGaussianNoise(-1.0), ValueError, "`stddev` must be a finite number of at least 0.0"),
        (lambda: layers.Rescaling("2"), TypeError, "Rescaling: `scale` must be a number"),
        (lambda: layers.Normalization(mean=1.0), ValueError, "both `mean` and `variance` must be set"),
        (
            lambda: layers.Normalization(mean=0.0, variance=1.0).adapt(np.zeros((2, 2))),
            ValueError,
            "`mean` must be None",
        ),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (layers.Rescaling(1.0, offset=[0.1, 0.2]), "offset"),
        (layers.Rescaling([1.0, 2.0]), "scale"),
        (layers.Pipeline([layers.Rescaling([1.0, 2.0]), layers.RandomBrightness(0.1)]), "scale"),
        (layers.Rescaling(2.0, [1.0] * 8), "offset"),
    ],
)
def test_a_map_of_another_number_of_channels(layer, name):
    needed = rf"Rescaling: `{name}` must be a number, or fit samples of the shape .*7.*Received: {name}='shape \(\d,\)'"
    with pytest.raises(ValueError, match=needed):
        layer(np.zeros((1, 8, 8, 7), "float32"))
