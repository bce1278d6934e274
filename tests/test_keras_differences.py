"""Every row of docs/keras.md, in both columns: what Keras 3.15 does, and what these layers do instead."""

import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_augsynth import layers

pytestmark = pytest.mark.full
RNG = np.random.default_rng(0)
IMAGES = (RNG.random((16, 16, 16, 3)) * 255).astype("float32")
GRAY = np.full((2, 16, 16, 3), 100.0, "float32")


def active(layer, x):
    return np.asarray(layer(x, training=True))


def learner(library):
    layers = [keras.layers.Resizing(16, 16), library.RandomRotation(0.5), keras.layers.Flatten(), keras.layers.Dense(2)]
    return keras.Sequential([keras.Input((16, 16, 3)), *layers])


def test_a_model_that_is_called():
    clean = {}
    for library in (keras.layers, layers):
        model = learner(library)
        clean[library] = np.allclose(model(IMAGES), model.predict(IMAGES, verbose=0), rtol=1e-3, atol=1e-2)
    assert clean == {keras.layers: False, layers: True}


def test_a_model_that_is_exported(tmp_path):
    clean = {}
    for library in (keras.layers, layers):
        model = learner(library)
        model.export(tmp_path / library.__name__, verbose=False)
        loaded = tf.saved_model.load(tmp_path / library.__name__)
        clean[library] = np.allclose(loaded.serve(IMAGES), model.predict(IMAGES, verbose=0), rtol=1e-3, atol=1e-2)
    assert clean == {keras.layers: False, layers: True}


def test_pairs():
    data = tf.data.Dataset.from_tensor_slices((IMAGES, np.arange(16))).batch(16)
    x, y = next(iter(data.map(layers.RandomRotation(0.1))))
    assert x.shape == IMAGES.shape
    np.testing.assert_array_equal(y, np.arange(16))
    with pytest.raises((TypeError, ValueError)):
        data.map(keras.layers.RandomRotation(0.1))


def test_dtypes_of_labels():
    kinds = {}
    for library in (keras.layers, layers):
        element = {"images": IMAGES, "labels": np.arange(16)}
        data = tf.data.Dataset.from_tensors(element).map(library.RandomFlip("horizontal"))
        kinds[library] = next(iter(data))["labels"].dtype
    assert kinds == {keras.layers: tf.float32, layers: tf.int64}


def epoch(layer, attach=lambda data, layer: data.map(layer, num_parallel_calls=4)):
    data = tf.data.Dataset.from_tensor_slices(IMAGES.repeat(16, axis=0))
    return np.stack([np.asarray(x) for x in attach(data, layer)])


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="on one core nothing runs in parallel")
def test_a_seed_in_parallel_in_keras():
    theirs = [epoch(keras.layers.RandomRotation(0.5, seed=1)) for _ in range(8)]
    assert any(not np.array_equal(theirs[0], other) for other in theirs[1:])


def test_a_seed_in_parallel():
    ours = [epoch(layers.RandomRotation(0.5, seed=1), layers.enumerated) for _ in range(2)]
    np.testing.assert_array_equal(*ours)


def test_several_geometric_layers():
    turns = [(0.05, 0.05), (-0.05, -0.05), (0.03, 0.03), (-0.03, -0.03)]
    theirs = IMAGES
    for turn in turns:
        theirs = keras.layers.RandomRotation(turn)(theirs, training=True)
    ours = layers.Pipeline([layers.RandomRotation(turn) for turn in turns])(IMAGES, training=True)
    inner = np.s_[:, 4:-4, 4:-4]  # what never left the image
    assert np.abs(np.asarray(theirs) - IMAGES)[inner].mean() > 10  # in 0..255
    np.testing.assert_allclose(np.asarray(ours)[inner], IMAGES[inner], atol=0.1)


@pytest.mark.xla
@pytest.mark.parametrize("name", ["RandomRotation", "RandomZoom", "RandomTranslation", "RandomShear"])
def test_compiled_by_xla(name):
    arguments = {"RandomTranslation": (0.1, 0.1), "RandomShear": (0.1, 0.1)}.get(name, (0.1,))
    assert getattr(keras.layers, name)(*arguments).supports_jit is False
    layer = getattr(layers, name)(*arguments)
    assert tf.function(lambda x: layer(x, training=True), jit_compile=True)(IMAGES).shape == IMAGES.shape


def test_flips():
    x = np.tile(np.arange(4.0, dtype="float32").reshape(1, 2, 2, 1), (200, 1, 1, 1))
    kinds = {}
    for library in (keras.layers, layers):
        flipped = active(library.RandomFlip("horizontal_and_vertical", seed=1), x)
        kinds[library] = len(np.unique(flipped.reshape(200, 4), axis=0))
    assert kinds == {keras.layers: 2, layers: 4}


def test_contrast():
    contrast = {}
    for library in (keras.layers, layers):
        x = 128 + 0.1 * (IMAGES - 128)
        spread = active(library.RandomContrast(0.4, seed=1), x).std((1, 2, 3)) / x.std((1, 2, 3))
        contrast[library] = spread.min() < 0.99, spread.max() > 1.01
    assert contrast == {keras.layers: (False, True), layers: (True, True)}


def test_saturation():
    arguments = {"factor": (0.9, 0.9), "seed": 1}
    assert active(keras.layers.RandomSaturation(**arguments), IMAGES).min() < -100
    ours = active(layers.RandomSaturation(**arguments), IMAGES)
    assert 0 <= ours.min() <= ours.max() <= 255


def test_shear():
    x = np.zeros((1, 33, 33, 1), "float32")
    x[0, 16, 16] = 255
    middle = {}
    for library in (keras.layers, layers):
        sheared = active(library.RandomShear((0.3, 0.3), (0.3, 0.3), fill_mode="constant", seed=1), x)[0, ..., 0]
        middle[library] = tuple(int(place) for place in np.unravel_index(sheared.argmax(), sheared.shape)) == (16, 16)
    assert middle == {keras.layers: False, layers: True}
    config = layers.RandomShear(0.3, 0.3).get_config()
    layers.RandomShear.from_config(config)
    with pytest.raises(TypeError, match="Error when deserializing"):
        keras.layers.RandomShear.from_config(keras.layers.RandomShear(0.3, 0.3).get_config())


def test_crop():
    x = np.broadcast_to(np.arange(256.0, dtype="float32").reshape(1, 16, 16, 1), (16, 16, 16, 1))
    windows, inference = {}, {}
    for library in (keras.layers, layers):
        layer = library.RandomCrop(8, 8, seed=1)
        windows[library] = len(np.unique(active(layer, x)[:, 0, 0, 0])) > 1
        inference[library] = np.asarray(layer(x, training=False)).shape[1:3]
    assert windows == {keras.layers: False, layers: True}
    assert inference == {keras.layers: (16, 16), layers: (8, 8)}
    window = x.reshape(16, 8, 2, 8, 2, 1).mean((2, 4))  # the largest window of this shape is the whole image, resized
    np.testing.assert_allclose(layers.RandomCrop(8, 8)(x, training=False), window, atol=1e-3)


@pytest.mark.parametrize(("size", "to"), [((9, 11), (15, 10)), ((9, 11), (10, 17)), ((11, 3), (5, 17))])
def test_a_central_window_of_an_image_that_is_smaller(size, to):
    """Against PIL, which resizes windows whose sides are no whole pixels."""
    y, x = np.mgrid[: size[0], : size[1]]
    image = (75.0 + 75.0 * np.sin(2 * np.pi * (y / size[0] + x / size[1]) / 2)).astype("float32")
    scale = min(size[0] / to[0], size[1] / to[1])
    height, width = to[0] * scale, to[1] * scale
    left, top = (size[1] - width) / 2, (size[0] - height) / 2
    window = Image.fromarray(image).resize(to[::-1], Image.Resampling.BILINEAR, (left, top, left + width, top + height))
    error = lambda library: np.abs(np.asarray(library.CenterCrop(*to)(image[..., None]))[..., 0] - window).max()
    assert error(layers) < 1e-3 < 0.5 < error(keras.layers)


def test_brightness_of_bytes():
    x = np.full((1, 4, 4, 3), 200, "uint8")
    assert active(keras.layers.RandomBrightness((0.5, 0.5), dtype="uint8"), x).max() < 100
    assert active(layers.RandomBrightness((0.5, 0.5), dtype="uint8"), x).min() == 255


def test_grayscale_of_a_dictionary():
    with pytest.raises(Exception, match=r"dict|Exception encountered"):
        keras.layers.RandomGrayscale(1.0)({"images": IMAGES}, training=True)
    gray = np.asarray(layers.RandomGrayscale(1.0)({"images": IMAGES}, training=True)["images"])
    np.testing.assert_allclose(gray[..., 0], gray[..., 1], atol=1e-3)


def test_perspective():
    x = np.full((32, 16, 16, 1), 200.0, "float32")
    moved = {}
    for library in (keras.layers, layers):
        result = active(library.RandomPerspective(1.0, 0.5, fill_value=0.0, seed=1), x)
        moved[library] = bool((result[:, 0, 0, 0] < 199).any())
    assert moved == {keras.layers: False, layers: True}


def test_elastic():
    yy, xx = np.mgrid[:32.0, :32.0].astype("float32")
    x = np.stack([yy, xx], -1)[None]
    together = {}
    for library in (keras.layers, layers):
        arguments = {"factor": 1.0, "scale": (1.0, 1.0), "seed": 1}
        arguments |= {"value_range": (0, 32)} if library is keras.layers else {}
        field = (active(library.RandomElasticTransform(**arguments), x) - x)[0, 8:-8, 8:-8].reshape(-1, 2)
        together[library] = bool(np.corrcoef(field.T)[0, 1] > 0.999)
    assert together == {keras.layers: True, layers: False}


def test_erasing():
    x = np.full((64, 16, 16, 3), 100.0, "float32")
    noise = {}
    for library in (keras.layers, layers):
        result = active(library.RandomErasing(factor=(1.0, 1.0), scale=(0.5, 0.5), seed=1), x)
        values = result[result != 100.0]
        noise[library] = np.mean(values == 0), np.mean(values == 255), np.mean(values)
    assert noise[keras.layers][0] == pytest.approx(0.5, abs=0.02)
    assert noise[keras.layers][1] == pytest.approx(1 / 6, abs=0.02)
    assert noise[layers][2] == pytest.approx(127.5, abs=5)


@pytest.mark.parametrize("name", ["RandomGaussianBlur", "RandomSharpness"])
def test_borders(name):
    arguments = {"RandomGaussianBlur": (1.0, 7, 1.0), "RandomSharpness": ((0.1, 0.1),)}[name]
    theirs, ours = (active(getattr(library, name)(*arguments, seed=1), GRAY) for library in (keras.layers, layers))
    assert theirs.min() < 90
    np.testing.assert_allclose(ours, 100.0, atol=0.01)


def test_equalization():
    alone = IMAGES[:1] / 2
    beside = {}
    for library in (keras.layers, layers):
        layer = library.Equalization()
        together = np.asarray(layer(np.concatenate([alone, 255 - IMAGES[1:2] / 4])))[:1]
        beside[library] = bool(np.abs(together - np.asarray(layer(alone))).max() < 1)
    assert beside == {keras.layers: False, layers: True}


def test_clahe_of_unknown_sizes():
    name, spec = "ContrastLimitedAdaptiveHistogramEqualization", tf.TensorSpec((None, None, 3), tf.float32)
    data = tf.data.Dataset.from_generator(lambda: iter(IMAGES), output_signature=spec)
    with pytest.raises(TypeError, match="int32"):
        data.map(getattr(keras.layers, name)())
    assert next(iter(data.map(getattr(layers, name)()))).shape == (16, 16, 3)


@pytest.mark.xla
@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_mixing_compiled_by_xla(name):
    batch = {"images": tf.constant(IMAGES), "labels": tf.one_hot(np.arange(16) % 4, 4)}
    compiled = lambda layer: tf.function(lambda x: layer(x, training=True)["images"], jit_compile=True)
    with pytest.raises(tf.errors.InvalidArgumentError):
        compiled(getattr(keras.layers, name)())(batch)
    assert compiled(getattr(layers, name)())(batch).shape == IMAGES.shape


def bent(result):
    """Which images of vertical stripes have no vertical stripes any more: a rotation or a shear was applied."""
    return np.ptp(np.asarray(result)[:, 4:-4, 4:-4], axis=1).max((1, 2)) > 2


STRIPES = np.tile(np.repeat([50.0, 200.0], 8).reshape(1, 1, 16, 1), (32, 16, 1, 3)).astype("float32")


def test_rand_augment():
    """Whether some images of a batch are bent and others are not."""
    mixed = {}
    for library in (keras.layers, layers):
        layer = library.RandAugment(value_range=(0, 255), num_ops=1, seed=1)
        parts = np.array([bent(layer(STRIPES, training=True)).mean() for _ in range(12)])
        mixed[library] = bool(np.any((parts > 0.1) & (parts < 0.9)))
    assert mixed == {keras.layers: False, layers: True}


def test_aug_mix():
    """Whether calls of one graph sometimes bend an image and sometimes do not."""
    varies = {}
    for library in (keras.layers, layers):
        layer = library.AugMix(value_range=(0, 255), num_chains=1, chain_depth=1, seed=1)
        graph = tf.function(lambda x, layer=layer: layer(x, training=True), autograph=False)
        parts = np.concatenate([bent(graph(STRIPES[:4])) for _ in range(12)])
        varies[library] = bool(0.05 < parts.mean() < 0.95)
    assert varies == {keras.layers: False, layers: True}
