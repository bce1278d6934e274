import json
import sys

import keras
import keras_tuner
import numpy as np
import pytest

import keras_augsynth
from keras_augsynth import layers, tuning
from keras_augsynth.core import registry

SPACE = {"layers": ["RandomRotation", "RandomBrightness"], "value_range": (0, 1), "seed": 5}


def build(hp):
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    loss = lambda y, logits: keras.losses.sparse_categorical_crossentropy(
        y, logits, from_logits=True
    )  # registered nowhere
    rate = hp.Float("rate", 1e-4, 1e-2, sampling="log")
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["accuracy"], run_eagerly=True)
    return model


def values(**chosen):
    hp = keras_tuner.HyperParameters()
    for name, value in chosen.items():
        hp.Fixed(name.replace("__", "/"), value)
    return hp


@pytest.fixture
def data(rng):
    x = rng.random((24, 8, 8, 1)).astype("float32")
    return x, (x.mean((1, 2, 3)) > 0.5).astype("int64")


def test_space_says_which_layers_how_often_and_how_strong():
    hp = values(
        augment__RandomErasing=True,
        augment__RandomRotation=True,
        augment__RandomRotation__strength=0.4,
        augment__RandomRotation__p=0.7,
        augment__RandomContrast=True,
    )
    pipeline = tuning.augmentation_space(hp, strength=(0.2, 0.6), value_range=(0, 1), fill_mode="constant", seed=3)
    rotation, contrast, erasing = pipeline.layers  # what moves pixels, what changes colors, the rest
    assert rotation.get_config().items() >= {"factor": [-0.1, 0.1], "p": 0.7, "fill_mode": "constant"}.items()
    assert contrast.factor == layers.RandomContrast(**layers.RandomContrast.at_strength(0.4)).factor  # the middle
    assert contrast.value_range == erasing.value_range == (0, 1)
    assert pipeline.seed == 3
    space = {item.name: item for item in hp.space}
    assert set(space) == {
        *(f"augment/{name}" for name in tuning.IMAGE_LAYERS),
        *(f"augment/{name}/p" for name in tuning.IMAGE_LAYERS),
        *(f"augment/{name}/strength" for name in tuning.IMAGE_LAYERS if name != "RandomFlip"),  # has none
    }
    assert (space["augment/RandomZoom/strength"].min_value, space["augment/RandomZoom/strength"].max_value) == (
        0.2,
        0.6,
    )


def test_nothing_chosen_changes_nothing(data):
    pipeline = tuning.augmentation_space(keras_tuner.HyperParameters())
    np.testing.assert_array_equal(pipeline(data[0], training=True), data[0])


@pytest.mark.parametrize("modality", ["image", "volume", "audio", "text", "tokens", "tabular"])
def test_every_layer_that_is_let_in_keeps_the_size(modality):
    from properties import INPUTS

    for cls in registry.layers(modality):
        if tuning._unfit(cls):
            with pytest.raises(ValueError, match=f"`layers` must keep the data's size and meaning; {cls.__name__} "):
                tuning.augmentation_space(keras_tuner.HyperParameters(), modality, layers=[cls])
            continue
        hp = values(**{f"augment__{cls.__name__}": True})
        pipeline = tuning.augmentation_space(hp, modality, 0.5, [cls.__name__], jit=False)
        assert f"augment/{cls.__name__}/strength" not in hp.values  # the strength is given
        shape = INPUTS[modality].shape  # that the declared shape is the true one, every layer is held to elsewhere
        assert pipeline.compute_output_shape(shape) == shape


@pytest.mark.filterwarnings("ignore:(currentThread|getName):DeprecationWarning")  # Keras Tuner 1.4.8
@pytest.mark.full
@pytest.mark.parametrize("kind", ["RandomSearch", "BayesianOptimization", "Hyperband"])
def test_tuners_run_it(kind, data, tmp_path):
    x, y = data
    hypermodel = tuning.AugmentedHyperModel(build, jit=False, **SPACE)
    budget = {"max_epochs": 2, "factor": 2} if kind == "Hyperband" else {"max_trials": 2}
    arguments = {"objective": "val_accuracy", "seed": 1, "directory": tmp_path, "project_name": "p", **budget}
    tuner = getattr(keras_tuner, kind)(hypermodel, **arguments)
    tuner.search(x, y, validation_data=(x, y), epochs=1, verbose=0)
    best = tuner.get_best_hyperparameters()[0]
    assert {"rate", "augment/RandomRotation", "augment/RandomBrightness"} <= set(best.values)
    policy = hypermodel.policy(best)
    (tmp_path / "policy.json").write_text(policy.to_json())
    loaded = layers.Pipeline.from_json((tmp_path / "policy.json").read_text())
    np.testing.assert_array_equal(loaded(x), policy(x))
    model = tuner.get_best_models()[0]
    assert [type(layer) for layer in model.layers[0].layers] == [type(layer) for layer in policy.layers]
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.layers[1].predict(x, verbose=0))  # clean


@pytest.mark.full
@pytest.mark.filterwarnings("ignore:(currentThread|getName):DeprecationWarning")
def test_without_tensorboard(data, tmp_path, monkeypatch):
    """Each trial of Keras Tuner fails then, unless something is done; twice is as good as once."""
    original = keras_tuner.Tuner._configure_tensorboard_dir
    monkeypatch.setattr(keras_tuner.Tuner, "_configure_tensorboard_dir", original)  # and is taken back behind the test
    for name in ["tensorboard", *(name for name in sys.modules if name.startswith("tensorboard."))]:
        monkeypatch.setitem(sys.modules, name, None)
    x, y = data
    for _ in range(2):
        hypermodel = tuning.AugmentedHyperModel(build, layers=["RandomFlip"], jit=False)
        arguments = {"objective": "val_loss", "max_trials": 1, "directory": tmp_path, "overwrite": True}
        tuner = keras_tuner.RandomSearch(hypermodel, **arguments)
        tuner.search(x, y, validation_data=(x, y), epochs=1, verbose=0)
        assert isinstance(tuner.oracle.get_best_trials()[0].score, float)
    assert keras_tuner.Tuner._configure_tensorboard_dir is not original


def test_a_hypermodel_keeps_its_own_fit():
    class Own(keras_tuner.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, *args, **kwargs):
            return [type(layer).__name__ for layer in model.layers]

    hypermodel = tuning.AugmentedHyperModel(Own(), **SPACE)
    hp = keras_tuner.HyperParameters()
    model = hypermodel.build(hp)
    assert hypermodel.fit(hp, model) == ["Pipeline", "Sequential"]
    assert float(model.optimizer.learning_rate) == pytest.approx(hp.get("rate"))


def test_policy_says_what_it_is():
    hypermodel = tuning.AugmentedHyperModel(build, **SPACE)
    text = hypermodel.policy(values(augment__RandomBrightness=True)).to_json()
    assert [layer["class_name"] for layer in json.loads(text)["config"]["layers"]] == ["RandomBrightness"]
    assert keras_augsynth.tuning is tuning


def uncompiled(hp):
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda hp: tuning.augmentation_space({}), TypeError, "space: `hp` must be keras_tuner.HyperParameters"),
        (lambda hp: tuning.augmentation_space(hp, "images"), ValueError, r'`modality` must be .*mean "image"'),
        (lambda hp: tuning.augmentation_space(hp, strength=2), ValueError, "`strength` must be a finite number from"),
        (lambda hp: tuning.augmentation_space(hp, layers=["RandomZom"]), ValueError, 'did you mean "RandomZoom"'),
        (lambda hp: tuning.augmentation_space(hp, layers="RandomZoom"), TypeError, "`layers` must be a list of layer"),
        (lambda hp: tuning.augmentation_space(hp, layers=["RandomCrop"]), ValueError, "RandomCrop does something in"),
        (lambda hp: tuning.augmentation_space(hp, layers=["RandomZoom"] * 2), ValueError, "name each layer once"),
        (lambda hp: tuning.AugmentedHyperModel(3), TypeError, "AugmentedHyperModel: `build` must be a function of"),
        (lambda hp: tuning.AugmentedHyperModel(build, strength=2), ValueError, "`strength` must be"),
        (lambda hp: tuning.AugmentedHyperModel(uncompiled).build(hp), ValueError, "return a compiled model"),
        (lambda hp: tuning.AugmentedHyperModel(lambda hp: 3).build(hp), TypeError, "return a Sequential or functional"),
    ],
)
def test_wrong_arguments(call, kind, message):
    with pytest.raises(kind, match=message):
        call(keras_tuner.HyperParameters())
