"""The value range is said once; and where the data plainly lie in another one, a single warning says what to write."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from keras_augsynth import callbacks, layers, synthesis
from keras_augsynth.balancing.rows.units import check_units
from keras_augsynth.core import registry
from keras_augsynth.core.config import arguments
from keras_augsynth.core.ranges import UNKNOWN, behind, meant_range, ranges_along

PHOTOS = np.random.default_rng(0).random((2, 8, 8, 3)).astype("float32")  # in [0, 1]
UP = (0.5, 0.5)  # half the value range brighter


def brighter(**kwargs):
    return layers.RandomBrightness(UP, **kwargs)


def brightness_of(layer, value=0.25):
    return float(layer(np.full((1, 2, 2, 1), value, "float32"))[0, 0, 0, 0])


# A Pipeline's value range.


def test_it_is_given_once_to_the_pipeline():
    assert brightness_of(layers.Pipeline([brighter()], value_range=(0, 1))) == 0.75
    assert brightness_of(layers.Pipeline([brighter()], value_range=(0, 4))) == 2.25


def test_a_part_with_a_range_of_its_own_keeps_it():
    assert brightness_of(layers.Pipeline([brighter(value_range=(0, 2))], value_range=(0, 1))) == 1.25


@pytest.mark.parametrize("inner", [layers.Pipeline, lambda parts: layers.SomeOf(parts, 1), layers.OneOf])
def test_it_reaches_nested_parts(inner):
    assert brightness_of(layers.Pipeline([inner([brighter()])], value_range=(0, 1))) == 0.75


def test_a_composite_inside_may_say_another():
    inner = layers.Pipeline([brighter()], value_range=(0, 2))
    assert brightness_of(layers.Pipeline([inner], value_range=(0, 1))) == 1.25


@pytest.mark.parametrize(
    "rescale",
    [
        lambda: layers.Rescaling(1 / 255),
        lambda: keras.layers.Rescaling(1 / 255),
        lambda: layers.Pipeline([layers.Rescaling(1 / 255)]),
        lambda: keras.Sequential([keras.layers.Rescaling(1 / 255)]),
    ],
    ids=["own", "keras", "nested", "Sequential"],
)
def test_a_rescaling_changes_the_range_of_those_behind_it(rescale):
    pipeline = layers.Pipeline([brighter(), rescale(), brighter()], value_range=(0, 255))
    assert brightness_of(pipeline, 51.0) == pytest.approx(1.0)  # 51 + 127.5, / 255 = 0.7, + 0.5, clipped to 1


def test_the_layers_themselves_are_not_changed():
    layer = brighter()
    layers.Pipeline([layer], value_range=(0, 1))(PHOTOS)
    assert layer.value_range == (0.0, 255.0)
    assert layer.get_config()["value_range"] == [0.0, 255.0]


def test_ranges_along():
    scale, flip = layers.Rescaling(1 / 127.5, offset=-1.0), layers.RandomFlip()
    assert ranges_along([flip, scale, flip], (0.0, 255.0)) == [(0.0, 255.0), (0.0, 255.0), (-1.0, 1.0)]
    assert ranges_along([scale], None) == [None]
    assert behind(layers.Rescaling(-1.0), (0.0, 2.0)) == (-2.0, 0.0)
    assert behind(layers.Rescaling([1.0, 2.0]), (0.0, 2.0)) is None
    assert behind(keras.layers.Normalization(), (0.0, 2.0)) is None
    assert behind(layers.Normalization(mean=1.0, variance=4.0), (0.0, 2.0)) == (-0.5, 0.5)


# What is plainly another unit.


@pytest.mark.parametrize(
    ("seen", "told", "meant"),
    [
        ((0.0, 1.0), (0.0, 255.0), (0.0, 1.0)),
        ((0.2, 0.3), (0.0, 255.0), (0.0, 1.0)),
        ((-1.0, 1.0), (0.0, 255.0), (-1.0, 1.0)),
        ((0.0, 1.0), (0.0, 65535.0), (0.0, 1.0)),
        ((0.0, 0.0), (0.0, 255.0), None),  # black
        ((0.0, 3.0), (0.0, 255.0), None),  # dark
        ((0.0, 1.0), (0.0, 2.0), None),
        ((0.0, 255.0), (0.0, 1.0), (0.0, 255.0)),
        ((0.0, 255.0), (-1.0, 1.0), (0.0, 255.0)),
        ((-3.0, 4.0), (0.0, 1.0), UNKNOWN),  # standardized
        ((-3.0, 4.0), (0.0, 255.0), UNKNOWN),
        ((-3.0, 4.0), (-1.0, 1.0), UNKNOWN),
        ((-3.0, 4.0), (-5.0, 5.0), None),
        ((-1.0, 1.0), (0.0, 1.0), (-1.0, 1.0)),
        ((-0.2, 1.2), (0.0, 1.0), None),  # what a filter overshoots
        ((-20.0, 300.0), (0.0, 255.0), None),
        ((0.0, 4000.0), (0.0, 255.0), (0.0, 4095.0)),
        ((3.0, 65000.0), (0.0, 255.0), (0.0, 65535.0)),
        ((0.0, 4000.0), (0.0, 65535.0), None),
        ((-1024.0, 3071.0), (0.0, 255.0), UNKNOWN),  # Hounsfield units
        ((-1024.0, 3071.0), (-1024.0, 3071.0), None),
        ((0.0, 1e30), (0.0, 255.0), None),  # no images
        ((float("nan"), float("nan")), (0.0, 255.0), None),
    ],
)
def test_meant_range(seen, told, meant):
    assert meant_range(seen, told) == meant


def test_integers_are_not_fractions():
    assert meant_range((0.0, 1.0), (0.0, 255.0), fractions=False) is None


# The warning.


def one_warning(call, *contents):
    with pytest.warns(UserWarning, match="value_range") as caught:
        call()
    assert len(caught) == 1, [str(each.message) for each in caught]
    for content in contents:
        assert content in str(caught[0].message)
    return caught[0]


LAYERS = (
    lambda: layers.RandomBrightness(0.2),
    lambda: layers.RandomPosterization(4),
    layers.Solarization,
    layers.RandomFog,
    lambda: layers.RandomGaussianNoise(0.05),
    lambda: layers.RandomErasing(fill_value=None),
    layers.RandAugment,
    layers.AugMix,
)


@pytest.mark.parametrize("make", LAYERS, ids=lambda make: type(make()).__name__)
def test_an_eager_call_with_values_up_to_1(make):
    layer = make()
    found = one_warning(lambda: layer(PHOTOS), f"{type(layer).__name__}: ", "(0, 255)", "Write value_range=(0, 1).")
    assert found.filename == __file__
    layer(PHOTOS)  # once for each layer
    one_warning(lambda: make()(PHOTOS))


@pytest.mark.parametrize("make", LAYERS, ids=lambda make: type(make()).__name__)
def test_a_traced_function_prints_it_once(make, capfd):
    """The values are known when it runs, where no warning can be given."""
    layer = make()
    data = tf.data.Dataset.from_tensors(PHOTOS).repeat(3).map(layer)
    for _ in range(2):
        list(data)
    printed = capfd.readouterr().err
    assert printed.count("Write value_range=(0, 1).") == 1
    assert printed.count(f"{type(layer).__name__}: `value_range`") == 1


@pytest.mark.parametrize(
    ("values", "value_range", "part"),
    [
        (PHOTOS, (0, 255), "value_range=(0, 1)"),
        (PHOTOS * 2 - 1, (0, 255), "value_range=(-1, 1)"),
        (PHOTOS * 255, (0, 1), "value_range=(0, 255)"),
        ((PHOTOS * 255).astype("uint8"), (0, 1), "value_range=(0, 255)"),
        ((PHOTOS > 0.5).astype("uint8"), (0, 255), None),
        (PHOTOS * 0, (0, 255), None),
        (PHOTOS * np.nan, (0, 255), None),
        (PHOTOS * 3, (0, 255), None),
        (PHOTOS * 6 - 3, (0, 255), "is (0, 255), but the values do not lie in it. Give Pipeline value_range=(lowest"),
        (PHOTOS * 6 - 3, (0, 1), "but the values do not lie in it"),
        ((PHOTOS * 65535).astype("uint16"), (0, 255), "but the values do not lie in it"),
        ((PHOTOS * 65535).astype("uint16"), (0, 65535), None),
        (PHOTOS * 4095 - 1024, (0, 255), "but the values do not lie in it"),
        (PHOTOS * 1e30, (0, 255), None),
        (PHOTOS, (0, 1), None),
        (PHOTOS[:0], (0, 255), None),
    ],
)
def test_what_a_traced_function_prints(values, value_range, part, capfd):
    layer = layers.Pipeline([layers.RandomFlip(), brighter()], value_range=value_range)
    traced = tf.function(lambda x: layer(x, training=True))
    traced(tf.constant(values))
    printed = capfd.readouterr().err
    assert (part in printed) if part else (printed == "")


RANGED = [cls for cls in registry.layers("image") if "value_range" in arguments(cls)]


@pytest.mark.parametrize("cls", RANGED, ids=lambda cls: cls.__name__)
def test_every_layer_whose_result_depends_on_the_range(cls):
    def result(value_range):
        layer = cls(**{**cls.at_strength(1.0), "seed": 1, "value_range": value_range})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            return layer(PHOTOS).numpy(), len(caught)

    if "references" in cls.at_strength(1.0):
        pytest.skip("references out of the range are an error")
    (right, no_warnings), (wrong, warnings_of_it) = result((0, 1)), result((0, 255))
    assert no_warnings == 0
    assert warnings_of_it == 1 or (warnings_of_it == 0 and np.array_equal(right, wrong))


def test_one_warning_of_a_pipeline_names_its_parts():
    pipeline = layers.Pipeline([layers.RandomFlip(), layers.RandomFog(), layers.RandomContrast(0.2)])
    found = "`value_range` of RandomFog and RandomContrast is (0, 255)"
    one_warning(lambda: pipeline(PHOTOS), "Pipeline: ", found, "Give Pipeline value_range=(0, 1).")
    pipeline(PHOTOS)


def test_values_of_both_signs():
    one_warning(lambda: brighter()(PHOTOS * 2 - 1), "value_range=(-1, 1)")


def test_bytes_where_fractions_are_expected():
    one_warning(lambda: brighter(value_range=(0, 1))((255 * PHOTOS).astype("uint8")), "Write value_range=(0, 255).")


@pytest.mark.parametrize(
    ("x", "write"),
    [
        ((65535 * PHOTOS).astype("uint16"), "Write value_range=(0, 65535)."),
        ((4095 * PHOTOS).astype("int16"), "Write value_range=(0, 4095)."),
        (4095 * PHOTOS - 1024, "Write value_range=(lowest, highest) of your data"),
        (6 * PHOTOS - 3, "or put the layer before what standardizes them."),
    ],
)
def test_values_that_would_all_be_clipped(x, write):
    one_warning(lambda: brighter()(x), "is (0, 255)", write)


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (brighter(), 255 * PHOTOS),
        (brighter(), (PHOTOS > 0.5).astype("uint8")),
        (brighter(), PHOTOS > 0.5),
        (brighter(value_range=(0, 1)), PHOTOS),
        (layers.Pipeline([brighter()], value_range=(0, 1)), PHOTOS),
        (layers.Pipeline([layers.Rescaling(255), brighter()]), PHOTOS),
        (layers.RandomErasing(fill_value=0.5), PHOTOS),
        (layers.RandomRotation(0.1), PHOTOS),
        (layers.RandomElasticTransform(), PHOTOS),
        (layers.MixUp(), {"images": PHOTOS, "labels": np.eye(2, dtype="float32")}),
    ],
)
def test_what_fits_is_not_warned_of(layer, x):
    layer(x)  # warnings are errors


def test_black_images_are_not_warned_of_but_the_next_ones_are():
    layer = brighter()
    layer(np.zeros_like(PHOTOS))
    layer(np.zeros_like(PHOTOS))
    one_warning(lambda: layer(PHOTOS))


def test_values_are_looked_at_once(monkeypatch):
    layer, looked = brighter(), []
    monkeypatch.setattr(tf, "reduce_max", lambda x: looked.append(x) or np.float32(255.0))
    for _ in range(3):
        layer(255 * PHOTOS)
    assert len(looked) == 1


def test_dictionaries_and_single_samples():
    one_warning(lambda: brighter()({"images": PHOTOS, "labels": np.arange(2)}))
    one_warning(lambda: brighter()(PHOTOS[0]))


# Behind a Rescaling nobody need see the values.


@pytest.mark.parametrize("rescaling", [layers.Rescaling, keras.layers.Rescaling])
@pytest.mark.parametrize(("arguments", "write"), [((1 / 255,), "(0, 1)"), ((1 / 127.5, -1.0), "(-1, 1)")])
def test_a_rescaling_in_the_same_pipeline(rescaling, arguments, write):
    pipeline = layers.Pipeline([rescaling(*arguments), layers.RandomFlip(), brighter()])
    x = (255 * PHOTOS).astype("uint8")
    one_warning(lambda: pipeline(x), "of RandomBrightness is (0, 255)", f"Give RandomBrightness value_range={write}.")
    pipeline(x)
    mapped = layers.Pipeline([rescaling(*arguments), brighter()])
    one_warning(lambda: tf.data.Dataset.from_tensors(x).map(mapped))


@pytest.mark.parametrize("rescaling", [layers.Rescaling, keras.layers.Rescaling])
def test_a_rescaling_in_the_same_model(rescaling):
    parts = [keras.Input((8, 8, 3)), rescaling(1 / 255), layers.RandomFlip(), brighter(), keras.layers.Flatten()]
    one_warning(lambda: keras.Sequential(parts), "RandomBrightness: ", "Write value_range=(0, 1).")


def test_a_rescaling_in_another_place_is_nothing_to_warn_of():
    image = keras.Input((8, 8, 3))
    keras.Model(image, brighter()(keras.layers.Conv2D(3, 1)(layers.Rescaling(1 / 255)(image))))
    keras.Model(image, brighter(value_range=(0, 1))(layers.Rescaling(1 / 255)(image)))
    keras.Model(image, brighter()(layers.Rescaling(255)(image)))
    keras.Model(image, layers.Pipeline([brighter()], value_range=(0, 1))(layers.Rescaling(1 / 255)(image)))


def test_within_the_first_call_of_a_pipeline_that_knows():
    layers.Pipeline([layers.Pipeline([layers.Rescaling(1 / 255), brighter()])], value_range=(0, 255))(255 * PHOTOS)


# Data sets.


def test_the_first_element_of_an_enumerated_data_set():
    data = tf.data.Dataset.from_tensor_slices((PHOTOS, [0, 1])).batch(2)
    assert one_warning(lambda: layers.enumerated(data, brighter())).filename == __file__
    layers.enumerated(tf.data.Dataset.from_tensor_slices(255 * PHOTOS), brighter())


def test_no_element_is_made_where_none_need_be_seen():
    def fails():
        raise AssertionError("made")
        yield

    spec = lambda dtype: tf.TensorSpec((8, 8, 3), dtype)
    for layer, dtype in ((layers.RandomFlip(), "float32"), (brighter(), "uint8")):
        layers.enumerated(tf.data.Dataset.from_generator(fails, output_signature=spec(dtype)), layer)


# Arrays that `fit` is given.


@pytest.mark.parametrize("kind", ["gan", "vae", "flow"])
def test_generative_models(kind):
    model, x = tiny.MODELS[kind](), tiny.X / 255
    found = one_warning(lambda: model._checked(x, tiny.Y), f"{type(model).__name__}: ", "Write value_range=(0, 1).")
    assert "from 0 to 1" in str(found.message)
    model._checked(x, tiny.Y)
    tiny.MODELS[kind]()._checked(tiny.X, tiny.Y)
    tiny.MODELS[kind]()._checked(0 * tiny.X, tiny.Y)


def test_fit_of_a_generative_model_tells():
    model = tiny.vae()
    found = one_warning(lambda: model.fit(tiny.X / 255, tiny.Y, epochs=1, steps_per_epoch=1, verbose=0))
    assert found.filename == __file__


def test_what_a_gan_augments_by():
    """Its layer is given what the networks are given: values in [-1, 1]."""
    gan = tiny.gan(augment=layers.Pipeline([brighter()]))
    one_warning(lambda: gan._checked(tiny.X, tiny.Y), "Give Pipeline value_range=(-1, 1).")
    tiny.gan(augment=layers.Pipeline([brighter()], value_range=(-1, 1)))._checked(tiny.X, tiny.Y)
    tiny.gan(augment=synthesis.DiffAugment())._checked(tiny.X, tiny.Y)


def test_latent_smote():
    smote = synthesis.LatentSMOTE(latent_dim=2, value_range=(0, 255), seed=1)
    one_warning(lambda: smote._scale_of(tiny.X / 255), "LatentSMOTE: ", "Write value_range=(0, 1).")
    smote._scale_of(tiny.X)


def test_the_balancer_compares_units():
    rows = tf.constant(tiny.X[:2])
    for x, samples in ((tiny.X / 255, rows), (tiny.X, rows / 255)):
        with pytest.warns(UserWarning, match="samples of SMOTE reach .* where the training data reach"):
            check_units("SMOTE", samples, x, None, 1)
    # A dark class, a black sample, other forms of data.
    for x, samples in ((tiny.X, 0.2 * rows), (tiny.X, 0 * rows), ([tiny.X], rows), (None, rows), (tiny.X, {"a": rows})):
        check_units("SMOTE", samples, x, None, 1)
    outliers = np.abs(np.random.default_rng(0).standard_cauchy((500, 3))).astype("float32")
    check_units("SMOTE", tf.constant(outliers[:2]), outliers, None, 1)


def test_a_synthesizer_in_other_units_is_told_in_fit():
    smote = synthesis.SMOTE().fit(255 * PHOTOS.repeat(6, axis=0), np.arange(12) % 2)
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True)
    balancer = callbacks.SyntheticBalancer(smote, strategy="equal", min_real=1, augment=brighter(), seed=1)
    x, y = PHOTOS.repeat(6, axis=0), np.repeat([0, 1], [9, 3])
    with pytest.warns(UserWarning, match="value_range|reach") as caught:
        model.fit(x, y, batch_size=12, verbose=0, callbacks=[balancer])
    messages = [str(each.message) for each in caught]
    assert any("reach 25" in each and "Fit it on data in the model's units." in each for each in messages), messages
    assert any(each.startswith("RandomBrightness: `value_range` is (0, 255)") for each in messages), messages
