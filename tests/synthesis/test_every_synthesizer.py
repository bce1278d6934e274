"""What every source of samples must be."""

import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from keras_augsynth import layers, synthesis

pytestmark = pytest.mark.xdist_group("trained synthesizers")
X, Y = tiny.X, tiny.Y


def templates():
    cutouts = {label: np.full((1, 2, 2, 2), 80.0 * label, "float32") for label in range(3)}
    for objects in cutouts.values():
        objects[..., 1] = 1.0  # opaque
    return synthesis.TemplateSynthesizer(cutouts).fit(X, Y)


def images(samples):
    """Of a source that makes several kinds of data, the first."""
    return samples["images"] if isinstance(samples, dict) else samples


SYNTHESIZERS = {
    "smote": lambda: synthesis.SMOTE().fit(X, Y),
    "borderline": lambda: synthesis.BorderlineSMOTE().fit(X, Y),
    "adasyn": lambda: synthesis.ADASYN().fit(X, Y),
    "kmeans": lambda: synthesis.KMeansSMOTE(clusters=2).fit(X, Y),
    "latent smote": lambda: synthesis.LatentSMOTE(latent_dim=2, seed=1).fit(X, Y, epochs=0),
    "gaussian": lambda: synthesis.GaussianSynthesizer(value_range=(0, 255)).fit(X, Y),
    "mixture": lambda: synthesis.GaussianMixtureSynthesizer(2, value_range=(0, 255)).fit(X, Y),
    "templates": templates,
    "resampler": lambda: synthesis.AugmentedResampler().fit(X, Y),
    "paired": lambda: synthesis.PairedResampler().fit({"images": X, "audio": X[:, 0, :, 0]}, Y),
    "augmented": lambda: synthesis.AugmentedResampler(layers.RandomBrightness(0.01, seed=1)).fit(X, Y),
}
UNTRAINED = {*tiny.MODELS, "latent smote"}  # as good as
SAME_CODE = {"borderline", "adasyn", "kmeans", "resampler"}  # as "smote" and "augmented", so far as is asked here
NAMES = [pytest.param(n, marks=pytest.mark.full if n in SAME_CODE else ()) for n in (*tiny.MODELS, *SYNTHESIZERS)]
LABELS = np.array([0, 2, 1, 1, 0])


@pytest.fixture(scope="module", params=NAMES)
def synthesizer(request, trained):
    return trained[request.param] if request.param in tiny.MODELS else SYNTHESIZERS[request.param]()


@pytest.fixture(scope="module")
def samples(synthesizer):
    return images(synthesizer.sample(LABELS, seed=1))


def test_it_is_one(synthesizer):
    assert isinstance(synthesizer, synthesis.Synthesizer)
    assert synthesizer.num_classes == 3


def test_shape_dtype_and_finite(synthesizer, samples):
    assert samples.shape == (5, 4, 4, 1)
    assert samples.dtype == tf.float32
    assert np.all(np.isfinite(samples))
    assert images(synthesizer.sample(np.zeros(0, "int32"), seed=1)).shape == (0, 4, 4, 1)


def test_seed_decides(synthesizer, samples):
    np.testing.assert_array_equal(images(synthesizer.sample(LABELS, seed=1)), samples)
    assert not np.array_equal(images(synthesizer.sample(LABELS, seed=2)), samples)
    assert not np.array_equal(*(images(synthesizer.sample(LABELS)) for _ in range(2)))


def test_row_depends_on_its_place_alone(synthesizer, samples):
    np.testing.assert_allclose(images(synthesizer.sample(LABELS[:2], seed=1)), samples[:2], atol=1e-3)


def test_in_a_graph_with_a_seed_tensor(synthesizer, samples):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int64)])
    def sample(labels, seed):
        return images(synthesizer.sample(labels, seed=seed))

    np.testing.assert_allclose(sample(LABELS, 1), samples, atol=1e-3)
    assert sample(np.zeros(0, "int32"), 1).shape == (0, 4, 4, 1)


def test_saved_and_loaded_it_makes_the_same(synthesizer, samples, tmp_path):
    path = tmp_path / ("it.keras" if isinstance(synthesizer, keras.Model) else "it.npz")
    synthesizer.save(path)
    is_model = isinstance(synthesizer, keras.Model)
    loaded = keras.models.load_model(path) if is_model else type(synthesizer).load(path)
    # TensorFlow puts graphs of known and of unknown sizes together differently, which float32's last digits show.
    np.testing.assert_allclose(images(loaded.sample(LABELS, seed=1)), samples, rtol=0.0, atol=1e-3 if is_model else 0.0)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises((ValueError, OSError, zipfile.BadZipFile)):
        keras.models.load_model(path) if is_model else type(synthesizer).load(path)


def test_wrong_labels(synthesizer):
    with pytest.raises(ValueError, match="`labels` must be from 0 to 2"):
        synthesizer.sample([0, 3])
    with pytest.raises(TypeError, match="`labels` must be integers"):
        synthesizer.sample(["a"])


@pytest.mark.parametrize("name", [name for name in SYNTHESIZERS if name not in UNTRAINED])
def test_samples_of_a_class_look_like_it(name):
    """Class 1 is dark: whatever has learned, however little, makes it darker than class 2 on the whole."""
    synthesizer = SYNTHESIZERS[name]()
    dark, bright = (np.mean(images(synthesizer.sample(np.full(40, label), seed=1))) for label in (1, 2))
    assert dark < bright - 10


def test_labels_are_obeyed():
    resampler = SYNTHESIZERS["resampler"]()
    samples = resampler.sample(np.repeat([0, 1, 2], 50), seed=1).numpy()
    for label in range(3):
        real = {image.tobytes() for image in X[label == Y]}
        drawn = [image.tobytes() in real for image in samples[label * 50 : label * 50 + 50]]
        assert all(drawn)
    assert len({image.tobytes() for image in samples[100:]}) == 2  # both samples of the rarest class


def test_integers_stay_integers():
    resampler = synthesis.AugmentedResampler(layers.RandomBrightness(0.5, seed=1)).fit(X.astype("uint8"), Y)
    assert resampler.sample(LABELS, seed=1).dtype == tf.uint8


def test_texts_stay_texts(tmp_path):
    texts = np.array(["good", "very good", "bad", "so bad"])
    resampler = synthesis.AugmentedResampler().fit(texts, [0, 0, 1, 1])
    samples = resampler.sample([1, 0, 1], seed=2).numpy()
    assert samples[1] in {b"good", b"very good"} and {samples[0], samples[2]} <= {b"bad", b"so bad"}
    resampler.save(tmp_path / "texts.npz")
    loaded = synthesis.AugmentedResampler.load(tmp_path / "texts.npz")
    np.testing.assert_array_equal(loaded.sample([1, 0, 1], seed=2), samples)


PARTS = {"images": X, "words": np.array([b"abc"] * 40), "more": (Y + 7, [X[:, 0], X[:, 1]])}


@pytest.mark.parametrize("x", [PARTS, (X, Y), [X, Y]])
def test_samples_of_several_parts(x, tmp_path):
    """As models of several inputs take them: rows stay together, in the form that they came in."""
    resampler = synthesis.AugmentedResampler().fit(x, Y)
    resampler.save(tmp_path / "parts.npz")
    for each in (resampler, synthesis.AugmentedResampler.load(tmp_path / "parts.npz")):
        samples = each.sample([1, 0, 1], seed=1)
        keras.tree.assert_same_structure(samples, x)
        parts = [np.asarray(part) for part in keras.tree.flatten(samples)]
        first, real = parts[0], keras.tree.flatten(x)
        rows = [next(k for k in range(40) if np.array_equal(X[k], row)) for row in first]
        np.testing.assert_array_equal(Y[rows], [1, 0, 1])
        for part, data in zip(parts, real, strict=True):
            np.testing.assert_array_equal(part, data[rows].astype(part.dtype))


def test_one_part_of_several_is_augmented():
    resampler = synthesis.AugmentedResampler(layers.RandomBrightness((0.1, 0.1), seed=1))
    samples = resampler.fit({"images": X / 2, "labels": Y + 5}, Y).sample([1, 1], seed=1)
    drawn = [row.tobytes() in {image.tobytes() for image in X[Y == 1] / 2} for row in samples["images"].numpy()]
    assert not any(drawn)
    np.testing.assert_array_equal(samples["labels"], [6, 6])
    with pytest.raises(ValueError, match=r"`x` must be an array or a dictionary, .* knows\. Received: x='tuple'"):
        resampler.fit((X, Y), Y)
    with pytest.raises(ValueError, match="`x` must hold at least one array"):
        synthesis.AugmentedResampler().fit({}, [0, 1])


def test_several_parts_are_augmented_by_one_layer(tmp_path):
    """And what is no dictionary is refused; saved, it augments the same."""
    layer = layers.MultiModal(
        {"images": layers.RandomFlip(), "features": layers.RandomFeatureNoise(0.5, scale=1.0)}, seed=1
    )
    x = {"features": np.zeros((40, 3), "float32"), "images": X, "more": Y + 5}
    resampler = synthesis.AugmentedResampler(layer).fit(x, Y)
    resampler.save(tmp_path / "parts.npz")
    samples, loaded = (
        each.sample([1, 1], seed=1) for each in (resampler, synthesis.AugmentedResampler.load(tmp_path / "parts.npz"))
    )
    keras.tree.map_structure(np.testing.assert_array_equal, samples, loaded)
    assert np.all(samples["features"] != 0.0) and not np.array_equal(*samples["features"])
    np.testing.assert_array_equal(samples["more"], [6, 6])
    with pytest.raises(ValueError, match=r"`x` must be a dictionary, whose keys `augment` knows"):
        synthesis.AugmentedResampler(layer).fit(X, Y)


def test_few_columns_are_augmented_as_rows():
    """Not as sounds, for which the layer serves as well."""
    samples = synthesis.AugmentedResampler(layers.Rescaling(2.0)).fit(np.ones((40, 4)), Y).sample([1] * 20, seed=1)
    np.testing.assert_array_equal(samples, np.full((20, 4), 2.0))


@pytest.mark.parametrize("name", ["SMOTE", "BorderlineSMOTE", "KMeansSMOTE", "ADASYN", "GaussianSynthesizer"])
@pytest.mark.parametrize("x", [{"a": X, "b": Y}, [X, Y[:, None]]], ids=["dictionary", "list"])
def test_sources_of_one_array_say_what_serves_several_parts(name, x):
    with pytest.raises(TypeError, match=f"{name}: `x` must be an array .* AugmentedResampler and PairedResampler"):
        getattr(synthesis, name)().fit(x, Y)


def test_resampler_refuses():
    with pytest.raises(TypeError, match="AugmentedResampler: `augment` must be a layer"):
        synthesis.AugmentedResampler(lambda x: x)
    with pytest.raises(RuntimeError, match="`sample` must come after `fit`"):
        synthesis.AugmentedResampler().sample([0])
    with pytest.raises(ValueError, match=r"`labels` must be classes that had rows in `fit`, \[0 2\]"):
        synthesis.AugmentedResampler().fit(X[:2], [0, 2]).sample([0, 1])
    for x in (X, {"images": X, "more": X[:3]}):
        with pytest.raises(ValueError, match="`y` must have one label for each sample"):
            synthesis.AugmentedResampler().fit(x, Y[:3])
    with pytest.raises(ValueError, match="`y` must not be negative"):
        synthesis.AugmentedResampler().fit(X, Y - 1)
