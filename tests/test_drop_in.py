"""The augmentation of public scripts, as it is written for Keras's layers, with the module of the layers swapped.

Each script is named after its page in Keras's or TensorFlow's guides.
"""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers

SHARED = [name for name in layers.__all__ if hasattr(keras.layers, name)]
IMAGES = (np.random.default_rng(0).random((8, 16, 16, 3)) * 255).astype("float32")
LABELS = np.arange(8) % 2


def differs(a, b):
    return float(np.abs(np.asarray(a) - np.asarray(b)).max()) > 1e-3


def dataset():
    return tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(8)


def classifier(*first):
    return keras.Sequential([keras.Input((16, 16, 3)), *first, keras.layers.Flatten(), keras.layers.Dense(2)])


# The scripts.


def test_image_classification_from_scratch():
    data_augmentation = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])
    images, labels = next(iter(dataset().map(lambda img, label: (data_augmentation(img), label))))
    assert differs(images, IMAGES) and np.array_equal(labels, LABELS)

    one_by_one = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)]

    def augment(images):
        for layer in one_by_one:
            images = layer(images)
        return images

    images, labels = next(iter(dataset().map(lambda x, y: (augment(x), y), num_parallel_calls=2)))
    assert differs(images, IMAGES) and np.array_equal(labels, LABELS)


def test_image_classification_with_vision_transformer():
    data_augmentation = keras.Sequential(
        [
            layers.Normalization(),
            getattr(layers, "Resizing", keras.layers.Resizing)(12, 12),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(factor=0.02),
            layers.RandomZoom(height_factor=0.2, width_factor=0.2),
        ],
        name="data_augmentation",
    )
    data_augmentation.layers[0].adapt(IMAGES)
    theirs = keras.layers.Normalization()
    theirs.adapt(IMAGES)
    np.testing.assert_allclose(data_augmentation.layers[0].mean, theirs.mean, rtol=1e-5)
    model = classifier(data_augmentation)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(IMAGES, LABELS, verbose=0)
    assert not differs(model(IMAGES), model.predict(IMAGES, verbose=0))
    assert differs(model(IMAGES, training=True), model.predict(IMAGES, verbose=0))


class RandomColorAffine(keras.layers.Layer):
    """A layer of the script's own, without `compute_output_shape`."""

    def call(self, images, training=True):
        return images * 0.5 if training else images


def test_semisupervised_simclr():
    augmenter = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip("horizontal"),
            layers.RandomTranslation(0.2, 0.2),
            layers.RandomZoom((-0.3, 0.0), (-0.3, 0.0)),
            RandomColorAffine(),
        ]
    )
    first, second = augmenter(IMAGES, training=True), augmenter(IMAGES, training=True)
    assert differs(first, second)
    assert differs(augmenter(IMAGES), augmenter(IMAGES))  # the script's pictures: nobody says `training`
    inside = layers.Pipeline([layers.RandomFlip("horizontal"), RandomColorAffine()])
    assert np.asarray(inside(IMAGES)).max() <= 127.5


class Contrastive(keras.Model):
    """Two views of each image, made in the training step."""

    def __init__(self, augmenter):
        super().__init__()
        self.contrastive_augmenter, self.encoder = augmenter, keras.layers.Flatten()

    def train_step(self, data):
        first, second = (self.encoder(self.contrastive_augmenter(data)) for _ in range(2))
        return {"difference": tf.reduce_max(tf.abs(first - second))}


@pytest.mark.parametrize("script", [pytest.param("nnclr", marks=pytest.mark.full), "masked_image_modeling"])
def test_contrastive(script):
    augmenter = {
        "nnclr": lambda: [layers.RandomFlip("horizontal"), layers.RandomTranslation(0.1, 0.1)],
        "masked_image_modeling": lambda: [
            layers.Rescaling(1 / 255),
            keras.layers.Resizing(20, 20),
            layers.RandomCrop(16, 16),
            layers.RandomFlip("horizontal"),
        ],
    }[script]()
    model = Contrastive(keras.Sequential([keras.Input((16, 16, 3)), *augmenter]))
    model.compile()
    assert model.fit(IMAGES, verbose=0).history["difference"][0] > 0.1


def test_gan_ada():
    """A gradient of about 1 comes back through the augmenter: a pixel of a sum that is moved stays a pixel."""
    augmenter = keras.Sequential(
        [layers.RandomFlip("horizontal"), layers.RandomTranslation(0.1, 0.1), layers.RandomRotation(0.1)]
    )

    def gradient(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(augmenter(images, training=True))
        return tape.gradient(total, images)

    for call in (gradient, tf.function(gradient)):
        result = np.asarray(call(tf.constant(IMAGES)))
        assert result.mean() == pytest.approx(1.0, abs=0.05) and result.min() >= 0.0


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning")  # Keras says it of its own layers, too
def test_tensorflow_data_augmentation():
    data_augmentation = keras.Sequential(
        [layers.RandomFlip("horizontal", input_shape=(16, 16, 3)), layers.RandomRotation(0.1)]
    )
    model = classifier(data_augmentation, layers.Rescaling(1.0 / 255))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(dataset(), shuffle=False, verbose=0)
    assert not differs(model(IMAGES), model.predict(IMAGES, verbose=0))


@pytest.mark.parametrize("layer", ["CutMix", "MixUp", pytest.param("RandAugment", marks=pytest.mark.full)])
def test_cut_mix_mix_up_and_rand_augment(layer):
    element = {"images": IMAGES, "labels": keras.ops.one_hot(LABELS, 2)}
    augment = getattr(layers, layer)()
    result = next(iter(tf.data.Dataset.from_tensors(element).map(lambda data: augment(data, training=True))))
    assert differs(result["images"], IMAGES) and set(result) == {"images", "labels"}
    np.testing.assert_allclose(np.sum(result["labels"], axis=1), 1.0, atol=1e-5)


def test_image_classification_efficientnet_fine_tuning():
    img_augmentation_layers = [
        layers.RandomRotation(factor=0.15),
        layers.RandomTranslation(height_factor=0.1, width_factor=0.1),
        layers.RandomFlip(),
        layers.RandomContrast(factor=0.1),
    ]
    images = IMAGES
    for layer in img_augmentation_layers:
        images = layer(images)
    assert differs(images, IMAGES)
    model = classifier(*img_augmentation_layers)
    assert not differs(model(IMAGES), model.predict(IMAGES, verbose=0))
    assert differs(model(IMAGES, training=True), model(IMAGES))


# The constructors.


def positional(cls):
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(cls.__init__).parameters.values()
    return [(p.name, p.default) for p in parameters if p.kind in kinds and p.name != "self"]


@pytest.mark.parametrize("name", SHARED)
def test_arguments_stand_where_keras_has_them(name):
    theirs, ours = positional(getattr(keras.layers, name)), positional(getattr(layers, name))
    assert [argument for argument, _ in ours[: len(theirs)]] == [argument for argument, _ in theirs]
    optional = [pair for pair in theirs if pair[1] is not inspect.Parameter.empty]
    assert [pair for pair in ours if pair[0] in dict(optional)] == optional


@pytest.mark.parametrize(
    "make",
    [
        lambda library: library.RandomBrightness(0.1, value_range="x"),
        lambda library: library.RandomBrightness(0.1, value_range={}),
        lambda library: library.RandomTranslation({}, 0.0),
        lambda library: library.RandomContrast("much"),
        lambda library: library.Pipeline.from_config({"name": "test"}),
        lambda library: library.Pipeline.from_config({"layers": None, "name": "test"}),
    ],
)
def test_except_value_error_catches_what_it_catches_of_keras(make):
    for library in (keras.layers, layers):
        with pytest.raises(ValueError, match=r"."):
            make(library)


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("zero", [0.0, (-0.0, 0.0), 0])
def test_a_configuration_does_not_change_on_its_way(name, zero):
    cls = getattr(layers, name)
    magnitudes = [argument for argument, _ in positional(cls) if argument.endswith("factor")]
    arguments = dict(cls.at_strength(0.5)) if name != "Pipeline" else {"layers": [layers.RandomFlip(seed=1)]}
    for argument in magnitudes:
        try:
            config = cls(**{**arguments, argument: zero}).get_config()
        except ValueError:  # 0 is outside its range
            continue
        assert repr(cls.from_config(config).get_config()) == repr(config)


@pytest.mark.parametrize("name", SHARED)
def test_arrays_without_axes_are_numbers(name):
    cls = getattr(layers, name)
    arguments = cls.at_strength(0.5) if name != "Pipeline" else {}
    as_arrays = {key: np.array(value) if isinstance(value, float) else value for key, value in arguments.items()}
    expected, made = (cls(**each, name="a", seed=1).get_config() for each in (arguments, as_arrays))
    assert made == expected


# Switched off.


@pytest.mark.parametrize(
    "off",
    [
        lambda: layers.Pipeline([]),
        lambda: layers.Pipeline([], shuffle=True),
        lambda: layers.Pipeline([layers.Pipeline([])]),
    ],
)
def test_an_empty_pipeline_changes_nothing(off):
    layer = off()
    for result in (layer(IMAGES), layer(IMAGES, training=True), layer(IMAGES[0])):
        np.testing.assert_allclose(result, IMAGES if len(result.shape) == 4 else IMAGES[0], atol=1e-3)
    again = type(layer).from_config(layer.get_config())
    np.testing.assert_allclose(again(IMAGES, training=True), IMAGES, atol=1e-3)
    assert layer.compute_output_shape((None, 16, 16, 3)) == (None, 16, 16, 3)
    np.testing.assert_array_equal(next(iter(dataset().map(layer)))[0], IMAGES)


def test_no_operations_change_nothing():
    layer = layers.RandAugment(num_ops=0)
    np.testing.assert_allclose(layer(IMAGES), IMAGES, atol=1e-3)
    assert layers.RandAugment.from_config(layer.get_config()).num_ops == 0


@pytest.mark.parametrize("composite", [lambda: layers.OneOf([]), lambda: layers.SomeOf([], n=0)])
def test_there_is_nothing_to_choose_from(composite):
    with pytest.raises(ValueError, match="`layers` must be at least one layer"):
        composite()


# Boxes that are given as integers.


@pytest.mark.parametrize(
    ("make", "boxes", "expected"),
    [
        (
            lambda library: library.CenterCrop(20, 20, bounding_box_format="xyxy"),
            [6, 4, 8, 6],
            [15.0, 7.5, 20.0, 12.5],  # (4 - 1) * 2.5: the central 8 x 8 window of 10 x 8, enlarged 2.5 times
        ),
        (
            lambda library: library.RandomTranslation((0.25, 0.25), (0.25, 0.25), bounding_box_format="rel_xyxy"),
            [0, 0, 1, 1],
            [0.25, 0.25, 1.0, 1.0],
        ),
    ],
)
def test_integer_boxes_come_back_as_floats(make, boxes, expected):
    given = {"boxes": np.array([[boxes]]), "labels": np.array([[1]])}
    for library in (keras.layers, layers):
        inputs = {"images": np.zeros((1, 10, 8, 3), "float32"), "bounding_boxes": dict(given)}
        result = make(library)(inputs, training=True)["bounding_boxes"]["boxes"]
        np.testing.assert_allclose(np.asarray(result).ravel(), expected, atol=1e-4)


# Masks of steps.


class Keep(keras.layers.Layer):
    """Sets the steps that its mask leaves out to 0, and turns the mask round for its followers."""

    def call(self, x, mask=None):
        return x if mask is None else x * keras.ops.reshape(keras.ops.cast(mask, x.dtype), (1, 3, *x.shape[2:]))

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else ~mask


def test_masks_of_steps():
    ones, mask = np.ones((1, 3), "float32"), tf.constant([[True, False, True]])
    once = layers.Pipeline([layers.Rescaling(2.0), Keep()])
    np.testing.assert_array_equal(once(ones, mask=mask), [[2.0, 0.0, 2.0]])
    np.testing.assert_array_equal(layers.Pipeline([once])(ones, mask=mask), [[2.0, 0.0, 2.0]])
    np.testing.assert_array_equal(once(ones), [[2.0, 2.0, 2.0]])
    np.testing.assert_array_equal(layers.Pipeline([Keep(), Keep()])(ones, mask=mask), np.zeros((1, 3)))


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Rescaling(2.0),
        lambda: layers.Normalization(mean=0.0, variance=0.25),
        lambda: layers.Pipeline([layers.Rescaling(2.0)]),
    ],
)
def test_a_mask_goes_on_behind_layers_that_leave_steps_where_they_are(layer):
    steps = np.array([[[1.0], [0.0], [2.0]]], "float32")
    masked = keras.Sequential([keras.layers.Masking(0.0), layer(), keras.layers.GlobalAveragePooling1D()])
    assert float(masked(steps)[0, 0]) == pytest.approx(3.0)
    assert not layers.RandomFlip().supports_masking and not layers.MixUp().supports_masking  # as Keras's
