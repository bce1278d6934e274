import os
import subprocess
import sys
import tempfile

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
import tiny

import keras_augsynth as kas
from keras_augsynth import layers, synthesis
from keras_augsynth.core import registry

pytestmark = pytest.mark.xdist_group("test_export")  # so that what is shared is exported once

PLAIN_TENSORFLOW = """
import sys
sys.modules["keras"] = sys.modules["keras_augsynth"] = None  # neither can be imported
import numpy as np, tensorflow as tf
served = tf.saved_model.load(sys.argv[1] + "/served")
sampler = tf.saved_model.load(sys.argv[1] + "/sampler")
x = np.load(sys.argv[1] + "/x.npy")
seeded = lambda seed: served.augment_seeded(x, seed)
np.savez(
    sys.argv[1] + "/results.npz",
    augment=served.augment(x), augment_again=served.augment(x), one=served.augment(x[:1]),
    serve=served.serve(x), again=served.serve(x), tta=served.serve_tta(x),
    samples=sampler.sample_seeded(tf.constant([2, 0, 0]), 7),
    seeded=seeded(7), seeded_again=seeded(7), seeded_other=seeded(8), pair=seeded(tf.constant([1, 2])),
)
print(sorted(served.signatures))
"""


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 6, 5, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    """With everything that could make `serve` random: our layers, Keras's, dropout, batch statistics."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((6, 5, 3)),
            keras.layers.RandomFlip(),
            layers.Pipeline([layers.RandomFlip("horizontal"), layers.RandomBrightness(0.2)], seed=3),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3),
        ]
    )
    model.layers[4].moving_mean.assign(np.linspace(0, 1, 90))
    return model


@pytest.fixture(scope="module")
def folder(model, images, tmp_path_factory):
    """With the model's export. A seed is set; that must not come back in every server."""
    folder = tmp_path_factory.mktemp("export")
    keras.utils.set_random_seed(5)
    kas.export_savedmodel(model, folder / "served")
    gan = tiny.gan()
    gan._steps.assign(1)  # as if trained
    kas.export_savedmodel(gan, folder / "sampler")
    np.save(folder / "x.npy", images)
    return folder


@pytest.fixture(scope="module")
def served(folder):
    return tf.saved_model.load(folder / "served")


@pytest.fixture(scope="module")
def results(folder):
    """What a process gets that has TensorFlow alone."""
    run = subprocess.run(
        [sys.executable, "-c", PLAIN_TENSORFLOW, str(folder)],
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert "serving_default" in run.stdout
    assert "WARNING:absl" not in run.stderr  # where TensorFlow says what it could not save, such as gradients
    return np.load(folder / "results.npz")


def test_serve_is_clean(model, images, results):
    np.testing.assert_allclose(results["serve"], model.predict(images, verbose=0), atol=1e-5)
    np.testing.assert_array_equal(results["serve"], results["again"])


def test_augment_is_random_and_seeded_is_not(images, results):
    assert results["augment"].shape == images.shape
    assert results["one"].shape == images[:1].shape
    assert not np.array_equal(results["augment"], results["augment_again"])
    np.testing.assert_array_equal(results["seeded"], results["seeded_again"])
    assert not np.array_equal(results["seeded"], results["seeded_other"])
    assert not np.array_equal(results["seeded"], results["pair"])
    assert results["augment"].min() >= 0 and results["augment"].max() <= 255


def test_entropy_is_new_in_every_process(folder, images, results):
    """Both load the same file and augment first of all."""
    keras.utils.set_random_seed(5)
    loaded = tf.saved_model.load(folder / "served")
    assert not np.array_equal(loaded.augment(images), results["augment"])


def test_tta_is_the_mean_over_views(model, images, served, results):
    """The outputs of single views have the same mean, and 8 times the variance of means of 8."""
    assert results["tta"].shape == (5, 3)
    image = np.repeat(images[:1], 600, axis=0)
    views = served.augment(image)
    for layer in model.layers[2:]:
        views = layer(views, training=False)
    means = served.serve_tta(image).numpy()
    error = np.std(views, axis=0) / np.sqrt(600)
    assert np.all(np.abs(means.mean(axis=0) - np.mean(views, axis=0)) < 5 * error)
    np.testing.assert_allclose(np.var(views, axis=0) / means.var(axis=0), 8.0, rtol=0.3)  # four standard errors


def test_augment_shows_what_the_body_would_see():
    """With Keras's own preprocessing before and between: up to the last augmentation, and not beyond."""
    x = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype("float32")
    brighter = lambda: layers.RandomBrightness((0.1, 0.1), value_range=(0, 1))
    model = keras.Sequential(
        [
            keras.Input((4, 4, 3)),
            keras.layers.Rescaling(0.5 / 255),
            brighter(),
            keras.layers.Rescaling(0.5),
            brighter(),
            keras.layers.Rescaling(100.0),
            keras.layers.Flatten(),
            keras.layers.Dense(2),
        ]
    )
    with tempfile.TemporaryDirectory() as path:
        kas.export_savedmodel(model, path, endpoints=["augment_seeded"])
        served = tf.saved_model.load(path)
    np.testing.assert_allclose(served.augment_seeded(x, 1), (0.5 * x / 255 + 0.1) * 0.5 + 0.1, atol=1e-5)


def test_deterministic_layers_make_an_exact_tta(images, tmp_path):
    model = keras.Sequential(
        [keras.Input((6, 5, 3)), layers.RandomBrightness((0.1, 0.1)), keras.layers.GlobalAveragePooling2D()]
    )
    kas.export_savedmodel(model, tmp_path / "served", endpoints=["serve_tta"], tta_views=3)
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(served.serve_tta(images), model(model.layers[0](images, training=True)), rtol=1e-5)


def test_functional_model_with_dictionary_outputs(images, tmp_path):
    inputs = keras.Input((6, 5, 3))
    x = layers.RandomFlip()(inputs)
    model = keras.Model(
        inputs, {"mean": keras.layers.GlobalAveragePooling2D()(x), "top": keras.layers.GlobalMaxPooling2D()(x)}
    )
    kas.export_savedmodel(model, tmp_path / "served", endpoints=["serve", "serve_tta"])
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(served.serve_tta(images)["mean"], images.mean((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(served.serve(images)["top"], images.max((1, 2)), rtol=1e-5)


def test_loads_back_into_keras(model, images, folder):
    layer = keras.layers.TFSMLayer(folder / "served", call_endpoint="serve", call_training_endpoint="augment")
    np.testing.assert_allclose(layer(images, training=False), model.predict(images, verbose=0), atol=1e-5)


@pytest.mark.full
@pytest.mark.xla
def test_layers_compiled_by_xla_are_served(images, tmp_path):
    """As users have them: the kernels are in the file, for any number of rows, and draw the same."""
    build = lambda **jit: layers.Pipeline([layers.RandomRotation(0.1), layers.RandomBrightness(0.2)], seed=3, **jit)
    results = {}
    for name, pipeline in (("plain", build(jit=False)), ("compiled", build())):
        model = keras.Sequential([keras.Input((6, 5, 3)), pipeline, keras.layers.GlobalAveragePooling2D()])
        kas.export_savedmodel(model, tmp_path / name)
        served = tf.saved_model.load(tmp_path / name)
        results[name] = [served.augment_seeded(x, 7) for x in (images, images[:2])]
        assert served.serve_tta(images).shape == (5, 3)
    for plain, compiled in zip(*results.values(), strict=True):
        np.testing.assert_allclose(compiled, plain, atol=1e-2)


WORDS_SERVED = """
import sys
sys.modules["keras"] = sys.modules["keras_augsynth"] = None  # neither can be imported
import numpy as np, tensorflow as tf
served, saved = (tf.saved_model.load(f"{sys.argv[1]}/{name}") for name in ("served", "saved"))
x = tf.constant(np.load(sys.argv[1] + "/x.npy"))
seeded = lambda seed: served.augment_seeded(x, seed)
(plain,) = saved.signatures["serving_default"](x).values()
np.savez(
    sys.argv[1] + "/results.npz",
    serve=served.serve(x), plain=plain, tta=served.serve_tta(x), seeded=seeded(7), again=seeded(7),
    augment=np.stack([served.augment(x) for _ in range(2)]), none=served.augment(x[:0]),
)
"""


@pytest.mark.full
@pytest.mark.parametrize("modality", ["text", "tokens"])
def test_texts_and_tokens_are_served_where_neither_package_can_be_imported(modality, tmp_path):
    """All layers of the kind, exported and by `tf.saved_model.save` alone; strings that are not UTF-8 among them."""
    kinds = [cls for cls in registry.layers(modality) if [each.name for each in cls.modalities] == [modality]]
    parts = [cls(**cls.at_strength(0.3)) for cls in kinds if not cls.changes_labels]
    assert len(parts) >= 5
    if modality == "text":
        x = np.array([b"One good film, it goes. So it goes!", b"", b"caf\xe9 big", b"\xff one", "größe".encode()] * 4)
        entry = keras.Input((), dtype="string")
        body = [keras.layers.TextVectorization(vocabulary=["one", "good", "film", "goes"], output_mode="multi_hot")]
    else:
        x, entry = np.arange(180).reshape(20, 9) % 23, keras.Input((9,), dtype="int64")
        body = [keras.layers.Embedding(100, 4), keras.layers.GlobalAveragePooling1D()]
    model = keras.Sequential([entry, layers.Pipeline(parts, seed=1), *body, keras.layers.Dense(2)])
    np.save(tmp_path / "x.npy", x)
    kas.export_savedmodel(model, tmp_path / "served")
    tf.saved_model.save(model, tmp_path / "saved")
    command = [sys.executable, "-c", WORDS_SERVED, str(tmp_path)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    results = np.load(tmp_path / "results.npz", allow_pickle=True)
    for name in ("serve", "plain"):
        np.testing.assert_allclose(results[name], model(tf.constant(x)), atol=1e-6)
    first, second = results["augment"]
    assert np.any(first != x) and np.any(first != second) and results["none"].shape == x[:0].shape
    np.testing.assert_array_equal(results["seeded"], results["again"])
    assert np.any(results["seeded"] != first) and np.all(np.isfinite(results["tta"]))
    assert np.any(results["tta"] != results["serve"])


def test_text_layers(tmp_path):
    model = keras.Sequential([keras.Input((), dtype="string"), layers.RandomWordDeletion(0.5)])
    kas.export_savedmodel(model, tmp_path / "served", endpoints=["serve", "augment_seeded"])
    served = tf.saved_model.load(tmp_path / "served")
    texts = tf.constant(["a b c d e f g h"] * 4)
    np.testing.assert_array_equal(served.serve(texts), texts)
    assert len(set(served.augment_seeded(texts, 1).numpy())) > 1


def plain_model():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="plain")


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda path, m: kas.export_savedmodel(plain_model(), "/proc/nothing", ["serve"]),
            ValueError,
            "`path` must be a folder that can be written",
        ),
        (lambda path, m: kas.export_savedmodel(m, path, ["serv"]), ValueError, 'did you mean "serve"'),
        (lambda path, m: kas.export_savedmodel(m, path, "serve"), TypeError, "`endpoints` must be a list"),
        (lambda path, m: kas.export_savedmodel(m, path, []), TypeError, "`endpoints` must be a list"),
        (
            lambda path, m: kas.export_savedmodel(m, path, tta_views=0),
            ValueError,
            "`tta_views` must be an integer of at least 1",
        ),
        (
            lambda path, m: kas.export_savedmodel("model", path),
            TypeError,
            "`model` must be a Sequential or functional model",
        ),
        (lambda path, m: kas.export_savedmodel(keras.Sequential(), path), TypeError, "that is built"),
        (
            lambda path, m: kas.export_savedmodel(plain_model(), path),
            ValueError,
            r"exported with endpoints=\(\"serve\",\)",
        ),
        (
            lambda path, m: kas.export_savedmodel(
                keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 1), layers.RandomFlip()]), path
            ),
            ValueError,
            "`model` must begin with augmentation layers",
        ),
    ],
)
def test_wrong_arguments(call, kind, message, model, tmp_path):
    with pytest.raises(kind, match=message):
        call(tmp_path / "served", model)


def test_serve_alone_needs_no_augmentation(tmp_path):
    kas.export_savedmodel(plain_model(), tmp_path / "served", endpoints=("serve",))
    assert tf.saved_model.load(tmp_path / "served").serve(tf.zeros((2, 3))).shape == (2, 2)


def test_a_generative_model_is_served_as_a_sampler(folder, results, tmp_path):
    """By label and seed, in the data's own range; also where neither Keras nor this package can be imported."""
    served = tf.saved_model.load(folder / "sampler")
    assert sorted(served.signatures) == ["sample", "sample_seeded", "serving_default"]
    labels = tf.constant([2, 0, 0])
    first, second = served.sample(labels), served.sample(labels)
    assert first.shape == (3, 4, 4, 1) and not np.allclose(first, second)
    assert 0.0 <= np.min(first) < 100.0 < np.max(first) <= 255.0
    np.testing.assert_array_equal(served.sample_seeded(labels, 7), served.sample_seeded(labels, 7))
    np.testing.assert_array_equal(results["samples"], served.sample_seeded(labels, 7))
    assert not np.allclose(served.sample_seeded(labels, 7), served.sample_seeded(labels, 8))
    with pytest.raises(ValueError, match='`endpoints` must be one of "sample", "sample_seeded"'):
        kas.export_savedmodel(tiny.gan(), tmp_path / "other", endpoints=["serve"])


TABLE = pd.DataFrame({"age": [20.0, 30.0, 40.0, 50.0], "city": ["Bonn", "Bonn", "Rome", "Rome"]})


@pytest.mark.parametrize(
    ("name", "make", "inside"),
    [
        ("one array", lambda: synthesis.SMOTE().fit(tiny.X, tiny.Y), lambda made: tiny.X.min() <= made <= tiny.X.max()),
        (
            "parts",
            lambda: synthesis.AugmentedResampler().fit({"b": tiny.Y + 5, "a": tiny.X[:, 0]}, tiny.Y),
            lambda made: np.all(made["b"] == 7) and np.isin(made["a"], tiny.X[tiny.Y == 2, 0]).all(),
        ),
        (
            "a table",
            lambda: synthesis.SMOTENC(k_neighbors=1).fit(TABLE, [0, 0, 2, 2]),
            lambda made: np.all(made["city"] == b"Rome") and np.all(made["age"] >= 40.0),
        ),
    ],
)
def test_what_is_fitted_is_served_as_a_sampler(name, make, inside, tmp_path):
    synthesizer = make()
    kas.export_savedmodel(synthesizer, tmp_path / "sampler")
    served, labels = tf.saved_model.load(tmp_path / "sampler"), tf.constant([2, 2, 2, 2])
    first, again, other = (served.sample_seeded(labels, seed) for seed in (7, 7, 8))
    arrays = lambda made: [np.asarray(part) for part in keras.tree.flatten(made)]
    assert all(np.array_equal(*pair) for pair in zip(arrays(first), arrays(again), strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(arrays(first), arrays(other), strict=True))
    made = {key: part.numpy() for key, part in first.items()} if isinstance(first, dict) else first.numpy().mean()
    assert inside(made)


def test_what_is_not_fitted_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match="SMOTE: `sample` must come after `fit`"):
        kas.export_savedmodel(synthesis.SMOTE(), tmp_path / "sampler")


def test_models_of_several_inputs_in_all_endpoints(tmp_path):
    """Keys in any order; each input goes through the layers behind it."""
    image, meta = keras.Input((2, 2, 1), name="zoom"), keras.Input((3,), name="meta")
    bright = layers.RandomBrightness((0.2, 0.2), value_range=(0, 1))
    h = bright(keras.layers.Rescaling(0.5)(image))
    both = keras.layers.Concatenate()([keras.layers.Flatten()(keras.layers.Rescaling(3.0)(h)), meta])
    kas.export_savedmodel(keras.Model({"zoom": image, "meta": meta}, both), tmp_path / "served", tta_views=2)
    served = tf.saved_model.load(tmp_path / "served")
    inputs = {"zoom": tf.fill((2, 2, 2, 1), 0.4), "meta": tf.fill((2, 3), 7.0)}
    ask = lambda endpoint, **more: served.signatures[endpoint](**inputs, **more)
    for found in (ask("augment"), ask("augment_seeded", seed=tf.constant(1))):
        np.testing.assert_allclose(found["zoom"], np.full((2, 2, 2, 1), 0.4), rtol=1e-6)  # half of 0.4, and 0.2 more
        np.testing.assert_allclose(found["meta"], inputs["meta"])
    for endpoint, value in (("serve", 0.6), ("serve_tta", 1.2)):
        np.testing.assert_allclose(*ask(endpoint).values(), [[value] * 4 + [7.0] * 3] * 2, rtol=1e-6)


@pytest.mark.parametrize("name", ["a\\b", "a[b]"])
def test_paths_that_tensorflow_cannot_load_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match="export_savedmodel: `path` must be without"):
        kas.export_savedmodel(plain_model(), tmp_path / name, ["serve"])
    assert not list(tmp_path.iterdir())


def test_dictionary_inputs_in_any_order(tmp_path):
    """As Keras serves them (Keras issue 20835)."""
    text, image = keras.Input((3,), name="text"), keras.Input((2,), name="image")
    out = keras.layers.Dense(1)(keras.layers.Concatenate()([text, image]))
    model = keras.Model({"text": text, "image": image}, out)
    kas.export_savedmodel(model, tmp_path / "served", endpoints=("serve",))
    served = tf.saved_model.load(tmp_path / "served")
    inputs = {"image": np.ones((4, 2), "float32"), "text": np.full((4, 3), 2.0, "float32")}
    assert sorted(served.signatures["serving_default"].structured_input_signature[1]) == ["image", "text"]
    found = served.signatures["serving_default"](**{name: tf.constant(value) for name, value in inputs.items()})
    np.testing.assert_allclose(next(iter(found.values())), model(inputs), rtol=1e-6)


@pytest.mark.parametrize(
    "form",
    [
        lambda text, image: {"text": text, "image": image},
        lambda text, image: [text, image],
    ],
)
def test_endpoints_take_the_inputs_in_the_models_own_form(form, tmp_path):
    """A dictionary or a list, as Keras's own `model.export` does it."""
    text, image = keras.Input((3,), name="text"), keras.Input((2, 2, 1), name="image")
    both = keras.layers.Concatenate()([text, keras.layers.Flatten()(layers.RandomFlip(seed=1)(image))])
    model = keras.Model(form(text, image), both)
    inputs = form(np.full((4, 3), 2.0, "float32"), np.arange(16, dtype="float32").reshape(4, 2, 2, 1))
    kas.export_savedmodel(model, tmp_path / "ours")
    model.export(tmp_path / "keras", verbose=False)
    ours, theirs = tf.saved_model.load(tmp_path / "ours"), tf.saved_model.load(tmp_path / "keras")
    np.testing.assert_allclose(ours.serve(inputs), theirs.serve(inputs))
    assert ours.serve_tta(inputs).shape == (4, 7)
    first, again = ours.augment_seeded(inputs, 5), ours.augment_seeded(inputs, 5)
    keras.tree.assert_same_structure(ours.augment(inputs), inputs)
    keras.tree.map_structure(np.testing.assert_array_equal, first, again)


MIXERS = {
    "mix up": lambda: layers.MixUp(num_classes=2),
    "swap noise": lambda: layers.RandomSwapNoise(0.9),
    "a pipeline": lambda: layers.Pipeline([layers.RandomFeatureNoise(0.0, scale=1.0), layers.RandomSwapNoise(0.9)]),
    "a background": lambda: layers.BackgroundNoise("batch", snr_db=0.0),
}


@pytest.mark.parametrize("make", MIXERS.values(), ids=list(MIXERS))
def test_no_view_is_mixed_with_those_of_others(make, tmp_path):
    """Or a prediction would depend on who else asks at the same time."""
    rows = np.random.default_rng(0).normal(size=(4, 300)).astype("float32")
    model = keras.Sequential([keras.Input((300,)), make(), keras.layers.Dense(2)])
    kas.export_savedmodel(model, tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served"))
    np.testing.assert_allclose(served.serve_tta(rows), served.serve(rows), rtol=1e-5, atol=1e-6)
    assert np.abs(served.augment(rows) - rows).max() > 0.1


def test_the_others_change_views_where_some_layers_mix(tmp_path):
    rows = np.random.default_rng(0).normal(size=(4, 300)).astype("float32")
    both = layers.Pipeline([layers.RandomFeatureNoise(0.5, scale=1.0), layers.RandomSwapNoise(0.9)])
    model = keras.Sequential([keras.Input((300,)), both, keras.layers.Dense(2)])
    kas.export_savedmodel(model, tmp_path / "served", ["augment", "serve_tta"], tta_views=2000)
    served = tf.saved_model.load(str(tmp_path / "served"))
    found = served.serve_tta(rows)
    assert 0.0 < np.abs(found - model.predict(rows, verbose=0)).max() < 0.2


MOVERS = {
    "masks": ((8, 8, 3), lambda: [layers.RandomRotation(0.1), keras.layers.Conv2D(2, 1)], "RandomRotation"),
    "masks of parts": (
        (8, 8, 3),
        lambda: [layers.Pipeline([layers.RandomBrightness(0.1), layers.RandomFlip()]), keras.layers.Conv2D(2, 1)],
        "RandomFlip",
    ),
    "tokens": ((9,), lambda: [layers.RandomTokenSwap(0.2), keras.layers.Embedding(20, 3)], "RandomTokenSwap"),
    "moments": (
        (64,),
        lambda: [layers.RandomTimeShift(1.0, sample_rate=9), keras.layers.Reshape((64, 1)), keras.layers.Conv1D(2, 1)],
        "RandomTimeShift",
    ),
}
STAYERS = {
    "a vector": ((8, 8, 3), lambda: [layers.RandomFlip(), keras.layers.GlobalAveragePooling2D()]),
    "a vector in one place": ((8, 8, 3), lambda: [layers.RandomFlip(), keras.layers.AveragePooling2D(8)]),
    "colors": ((8, 8, 3), lambda: [layers.RandomBrightness(0.1), keras.layers.Conv2D(2, 1)]),
    "one size for all": (
        (8, 8, 3),
        lambda: [layers.Resizing(6, 6), layers.RandomBrightness(0.1), keras.layers.Conv2D(2, 1)],
    ),
    "masked tokens": ((9,), lambda: [layers.RandomTokenMask(0.2), keras.layers.Embedding(20, 3)]),
}


def sequential(shape, parts):
    return keras.Sequential([keras.Input(shape, dtype="int32" if shape == (9,) else "float32"), *parts()])


@pytest.mark.parametrize(("shape", "parts", "name"), MOVERS.values(), ids=list(MOVERS))
def test_views_whose_contents_have_been_moved_have_no_mean(shape, parts, name, tmp_path, capsys):
    model = sequential(shape, parts)
    message = rf'must give one vector for each sample: {name} moves .* Write endpoints=\["serve", "augment"\]'
    with pytest.raises(ValueError, match=message):
        kas.export_savedmodel(model, tmp_path / "served", ["serve_tta"])
    kas.export_savedmodel(model, tmp_path / "served")
    assert f"export_savedmodel: no serve_tta, since {name} moves what is in a view" in capsys.readouterr().out
    served = tf.saved_model.load(str(tmp_path / "served"))
    assert hasattr(served, "augment") and not hasattr(served, "serve_tta")


@pytest.mark.parametrize(("shape", "parts"), STAYERS.values(), ids=list(STAYERS))
def test_views_that_have_a_mean(shape, parts, tmp_path):
    kas.export_savedmodel(sequential(shape, parts), tmp_path / "served", ["serve_tta"])
