"""Magnitudes can be set at any time: eager, traced, in `tf.data`, in a running `fit`, and they are saved."""

import keras
import numpy as np
import properties
import pytest
import tensorflow as tf

import keras_augsynth as kas
from keras_augsynth import layers
from keras_augsynth.core import registry

GRAY = np.full((2, 4, 4, 3), 100, "uint8")
TRACES = []


class Lighter(layers.RandomBrightness, listed=False):
    """Brightness that notes each time when Python runs, which in a traced function is when it is traced."""

    def draw(self, rng, view):
        TRACES.append(view.shape)
        return super().draw(rng, view)


@pytest.fixture(autouse=True)
def _no_traces():
    TRACES.clear()


def always(factor):
    return (factor, factor)


def brightened(result):
    """By which part of the value range; None for samples that differ."""
    values = np.unique(np.asarray(result))
    return round(float(values[0] - 100) / 255, 4) if len(values) == 1 else None


# Every layer.

RANDOM = [cls for cls in registry.layers() if cls(**cls.at_strength(0.5)).has_chance]


# They refuse scales beyond those with which they were made.
LIMITED = {layers.RandomDownscale, layers.RandomLowResolution3D}


def strongest(case):
    return case.make(**case.layer.at_strength(1.0))


def weaker_magnitudes(case, strong):
    """Of a weaker layer, where they have the same structure, and a small chance. (Some kernels have a limit.)"""
    held = {} if case.layer in LIMITED else strong.magnitudes()
    found = {name: value for name, value in case.shared.magnitudes().items() if isinstance(value, type(held.get(name)))}
    return {**found, "p": 0.2}


def followed(case, layer, call):
    """Holds `call` to a layer that was made with those magnitudes; whether they made a difference.

    (A small chance alone may leave the same samples as they are that the draws leave.)
    """
    before = properties.values(call())
    changes = weaker_magnitudes(case, layer)
    for name, value in changes.items():
        setattr(layer, name, value)
    fresh = case.layer.from_config(layer.get_config())
    assert {name: getattr(fresh, name) for name in changes} == {name: getattr(layer, name) for name in changes}
    after = properties.values(call())
    expected = properties.values(fresh(case.numbered(), training=True)[case.key])
    assert after.shape == expected.shape
    properties.assert_alike(case, after, expected)
    return properties.differs(before, after) or set(changes) == {"p"}


# One of each way through a plan and kind of draw: all others in the full tier, traced; compiled, these stand for them,
# since an eager call hands the same numbers to the same trace.
USUAL = {"RandomBrightness", "RandomRotation", "RandomGaussianNoise", "RandomErasing", "MixUp", "RandomCrop"}
EVERY = [pytest.param(cls, marks=[] if cls.__name__ in USUAL else pytest.mark.full) for cls in RANDOM]


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.__name__)
def test_a_traced_function_follows(cls):
    case = properties.Case(cls)
    layer = strongest(case)
    function = tf.function(lambda inputs: layer(inputs, training=True)[case.key], autograph=False)
    inputs = {name: tf.convert_to_tensor(value) for name, value in case.numbered().items()}
    function(inputs)
    traces = function.experimental_get_tracing_count()
    assert followed(case, layer, lambda: function(inputs))
    assert function.experimental_get_tracing_count() == traces


@pytest.mark.xla
@pytest.mark.parametrize(
    "cls",
    [
        pytest.param(cls, marks=[] if cls.__name__ in ("RandomBrightness", "RandomGaussianNoise") else pytest.mark.full)
        for cls in RANDOM
        if cls.__name__ in (*USUAL, "RandomGain", "RandomFeatureNoise", "RandomAffine3D", "RandAugment")
    ],
    ids=lambda cls: cls.__name__,
)
def test_a_compiled_layer_follows(cls):
    case = properties.Case(cls)
    layer = strongest(case)
    assert followed(case, layer, lambda: layer(case.numbered(), training=True)[case.key])


@pytest.mark.parametrize("cls", RANDOM, ids=lambda cls: cls.__name__)
def test_wrong_values_are_refused_as_in_the_constructor(cls):
    layer = cls(**cls.at_strength(0.5))
    for name, value in layer.magnitudes().items():
        for wrong in ("0.1", float("nan"), [1, 2, 3]):
            with pytest.raises((TypeError, ValueError), match=f"{cls.__name__}: `{name}` must"):
                setattr(layer, name, wrong)
        assert getattr(layer, name) == value


# One layer in all ways of use.


@pytest.mark.xla
def test_eager_and_compiled_without_another_trace():
    layer = Lighter(always(0.1))
    assert brightened(layer(GRAY)) == 0.1
    for factor in (0.2, -0.1, 0.05):
        layer.factor = always(factor)
        assert brightened(layer(GRAY)) == factor
    assert len(TRACES) == 1


@pytest.mark.xla
def test_the_chance_of_an_eager_layer():
    """A layer that surely is carried out has a kernel of its own, and one serves all other chances."""
    layer = Lighter(always(0.1), seed=1)
    images = np.repeat(GRAY, 200, axis=0)
    layer(images)
    for p in (0.0, 0.3, 0.7):
        layer.p = p
        share = np.mean(layer(images)[:, 0, 0, 0] > 100)
        assert share == pytest.approx(p, abs=0.08)
    layer.p = 1.0
    assert brightened(layer(images)) == 0.1
    assert len(TRACES) == 2


@pytest.mark.parametrize("xla", [False, pytest.param(True, marks=pytest.mark.xla)])
def test_tf_data(xla):
    layer = Lighter(always(0.1))
    data, options = tf.data.Dataset.from_tensors(GRAY).repeat().map(layer), tf.data.Options()
    options.experimental_optimization.inject_prefetch = False  # what is prefetched was made by the earlier value
    results = iter(data.with_options(options))
    traces = len(TRACES)
    assert brightened(next(results)) == 0.1
    for factor in (0.2, -0.1):
        layer.factor = always(factor)
        assert brightened(next(results)) == factor
    layer.p = 0.0
    assert brightened(next(results)) == 0.0
    assert len(TRACES) == traces


def test_a_part_of_a_pipeline():
    inner = Lighter(always(0.1))
    pipeline = layers.Pipeline([layers.RandomFlip(), layers.Pipeline([inner], p=1.0)])
    function = tf.function(lambda x: pipeline(x, training=True), autograph=False)
    assert brightened(function(GRAY)) == 0.1
    inner.factor = always(0.2)
    assert brightened(function(GRAY)) == 0.2
    assert brightened(pipeline(GRAY)) == 0.2
    pipeline.layers[1].p = 0.0
    assert brightened(function(GRAY)) == 0.0
    assert brightened(pipeline(GRAY)) == 0.0


class Sets(keras.callbacks.Callback):
    """Sets the layer before each batch, and notes what the loss of that batch was."""

    def __init__(self, layer, factors):
        super().__init__()
        self.layer, self.factors, self.seen = layer, factors, []

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()
        self.layer.factor = always(self.factors[batch])
        self.layer.p = float(self.factors[batch] != 0.3)

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(round((logs["loss"] - 100) / 255, 4))


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=[pytest.mark.full, pytest.mark.xla])])
def test_a_callback_in_fit(jit_compile):
    layer = Lighter(always(0.5))
    mean = keras.layers.GlobalAveragePooling2D()
    model = keras.Sequential([keras.Input((4, 4, 3)), layer, mean, keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), lambda y, y_pred: y_pred / 3, jit_compile=jit_compile)
    factors = [0.1, -0.1, 0.3, 0.2, 0.0]
    sets = Sets(layer, factors)
    model.fit(np.repeat(GRAY, 5, axis=0).astype("float32"), np.zeros(10), batch_size=2, verbose=0, callbacks=[sets])
    assert sets.seen == pytest.approx([0.1, -0.1, 0.0, 0.2, 0.0], abs=1e-4)
    assert len(TRACES) <= 2  # that of the training step; XLA compiles a kernel in it once more


def test_an_export_has_what_was_set_before(tmp_path):
    layer = layers.RandomBrightness(always(0.1), seed=1)
    model = keras.Sequential([keras.Input((4, 4, 3)), layer, keras.layers.Flatten()])
    model(GRAY)
    layer.factor, layer.p = always(0.2), 0.5
    kas.export_savedmodel(model, str(tmp_path / "served"))
    served = tf.saved_model.load(str(tmp_path / "served"))
    images = np.repeat(GRAY, 100, axis=0).astype("float32")
    found = served.augment_seeded(images, 7).numpy()
    assert set(np.unique(found.round(3))) == {100.0, 151.0}
    assert np.mean(found[:, 0, 0, 0] > 100) == pytest.approx(0.5, abs=0.1)


def test_configuration_and_files(tmp_path):
    layer = layers.RandomBrightness(always(0.1), seed=1)
    model = keras.Sequential([keras.Input((4, 4, 3)), layer])
    model.save_weights(tmp_path / "before.weights.h5")
    layer.factor, layer.p = always(0.2), 0.75
    assert (layer.get_config()["factor"], layer.get_config()["p"]) == ([0.2, 0.2], 0.75)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert (loaded.layers[0].factor, loaded.layers[0].p) == (always(0.2), 0.75)
    loaded.load_weights(tmp_path / "before.weights.h5")
    assert (loaded.layers[0].factor, loaded.layers[0].p) == (always(0.1), 1.0)
    assert brightened(loaded(GRAY, training=True)) == 0.1
    pipeline = layers.Pipeline([layer], seed=3)
    layer.factor = layers.Choice([0.0, 0.5], weights=[1, 3])
    assert layers.Pipeline.from_json(pipeline.to_json()).layers[0].factor == layer.factor


def test_whole_numbers_stay_whole(tmp_path):
    layer = layers.RandomPosterization(layers.Choice([2, 8]))
    model = keras.Sequential([keras.Input((4, 4, 3)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert loaded.get_config()["factor"]["config"]["values"] == [2, 8]
    image = np.repeat(np.arange(256, dtype="float32").reshape(1, 16, 16, 1), 64, axis=0)
    assert {len(np.unique(each)) for each in loaded(image).numpy()} == {4, 256}


# What cannot be changed.


@pytest.mark.parametrize("jit", [None, False])
def test_fixed_arguments_are_refused_after_the_first_call(jit):
    layer = layers.RandomRotation(0.1, fill_mode="reflect", jit=jit)
    layer.fill_mode = "constant"
    layer(GRAY)
    for name, value in (("fill_mode", "nearest"), ("interpolation", "nearest"), ("seed", 2), ("jit", True)):
        with pytest.raises(ValueError, match=f"RandomRotation: `{name}` must be given when the layer is made"):
            setattr(layer, name, value)
    assert layer.fill_mode == "constant"


def test_fixed_arguments_of_parts_are_refused_too():
    turn, some = layers.RandomRotation(0.1), layers.SomeOf([layers.RandomFlip(), layers.RandomZoom(0.1)], 1)
    layers.Pipeline([turn, some])(GRAY)
    for layer, name, value in (
        (turn, "fill_mode", "nearest"),
        (some, "n", [0, 1]),
        (some.layers[0], "mode", "vertical"),
    ):
        with pytest.raises(ValueError, match=f"`{name}` must be given when the layer is made"):
            setattr(layer, name, value)


@pytest.mark.xla
def test_another_kind_of_magnitude_in_eager_calls():
    layer = layers.RandomBrightness(always(0.1), seed=1)
    images = np.repeat(GRAY, 300, axis=0)
    layer(images)
    levels = lambda: layer(images).numpy()[:, 0, 0, 0].round(2)
    layer.factor = layers.Choice([0.1, 0.2])
    assert set(levels()) == {125.5, 151.0}
    layer.factor = layers.Choice([0.1, 0.2], weights=[0, 1])
    assert set(levels()) == {151.0}
    layer.factor = layers.Normal(0.1, 0.0)
    assert set(levels()) == {125.5}
    layer.factor = 0.1
    assert len(set(levels())) > 100


def test_another_kind_of_magnitude_behind_a_trace_is_refused():
    layer = layers.RandomBrightness(always(0.1))
    tf.data.Dataset.from_tensors(GRAY).map(layer)
    for other in (layers.Normal(0.1, 0.0), layers.Choice([0.1, 0.2])):
        with pytest.raises(ValueError, match=r"`factor` must stay a number or a pair \(low, high\)"):
            layer.factor = other
    chosen = layers.RandomBrightness(layers.Choice([0.1, 0.2], weights=[1, 1]))
    tf.data.Dataset.from_tensors(GRAY).map(chosen)
    chosen.factor = layers.Choice([0.3, 0.4], weights=[1, 1])
    with pytest.raises(ValueError, match="`factor` must stay a Choice"):
        chosen.factor = layers.Choice([0.3, 0.4], weights=[1, 2])


def test_a_distribution_does_not_change():
    for each, name in (
        (layers.Normal(0.0, 1.0), "mean"),
        (layers.Choice([1.0]), "values"),
        (layers.PerClass([1]), "values"),
    ):
        with pytest.raises(ValueError, match=f"`{name}` must be given when it is made"):
            setattr(each, name, 2.0)


def test_the_chance_of_layers_without_one():
    for layer in (layers.Rescaling(2.0), layers.CenterCrop(2, 2), layers.Resizing(2, 2)):
        with pytest.raises(ValueError, match="`p` must be 1: the layer is the same for all samples"):
            layer.p = 0.5
        layer.p = 1.0


def test_the_chance_of_a_pipeline_that_changes_shapes():
    pipeline = layers.Pipeline([keras.layers.AveragePooling2D(2)])
    pipeline.p = 1.0
    pipeline(GRAY)
    with pytest.raises(ValueError, match=r"Pipeline: `p` must be 1: average_pooling.* gives samples another shape"):
        pipeline.p = 0.5


class Stale(layers.RandomBrightness, listed=False):
    """Reads its argument when it is made."""

    def __init__(self, factor, **kwargs):
        super().__init__(factor, **kwargs)
        self._first = self.factor

    def draw(self, rng, view):
        return {"shift": rng.uniform(*self._first)}


class Strange(layers.RandomGaussianNoise, listed=False):
    """Reads its argument where only numbers as they are in Python arrive."""

    def apply(self, x, params):
        return x + 100 * self.stddev[1]


@pytest.mark.parametrize("cls", [Stale, Strange])
def test_a_layer_that_does_not_follow_is_noticed(cls):
    with pytest.raises(AssertionError):
        test_a_traced_function_follows(cls)
