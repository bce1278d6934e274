"""What every source of samples must be."""

import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers, synthesis

pytestmark = pytest.mark.xdist_group("every synthesizer")  # so that each is trained once
RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (40, 8, 8, 1)).astype("float32")
Y = np.repeat([0, 1, 2], [30, 8, 2])
X[Y == 1] *= 0.2


def gan():
    keras.utils.set_random_seed(1)
    networks = synthesis.dcgan((8, 8, 1), num_classes=3, latent_dim=4, width=2)
    model = synthesis.GAN(*networks, num_classes=3, value_range=(0, 255), seed=1)
    model.compile()
    model.fit(X, Y, batch_size=20, verbose=0)
    return model


def trained(model):
    model.compile()
    model.fit(X, Y, batch_size=20, verbose=0)
    return model


def small(kind, **networks):
    keras.utils.set_random_seed(1)
    return trained(kind(**networks, num_classes=3, value_range=(0, 255), seed=1))


def flow():
    network = synthesis.flow_unet((8, 8, 1), 3, width=4)
    return small(synthesis.FlowMatching, network=network, steps=2)


def vae():
    keras.utils.set_random_seed(1)
    encoder, decoder = synthesis.vae_mlp((8, 8, 1), 3, latent_dim=2)
    return small(synthesis.VAE, encoder=encoder, decoder=decoder)


def templates():
    cutouts = {label: np.full((1, 4, 4, 2), 80.0 * label, "float32") for label in range(3)}
    for objects in cutouts.values():
        objects[..., 1] = 1.0  # opaque
    return synthesis.TemplateSynthesizer(cutouts).fit(X, Y)


SYNTHESIZERS = {
    "gan": gan,
    "vae": vae,
    "flow": flow,
    "smote": lambda: synthesis.SMOTE().fit(X, Y),
    "borderline": lambda: synthesis.BorderlineSMOTE().fit(X, Y),
    "adasyn": lambda: synthesis.ADASYN().fit(X, Y),
    "latent smote": lambda: synthesis.LatentSMOTE(latent_dim=2, seed=1).fit(X, Y, epochs=1),
    "gaussian": lambda: synthesis.GaussianSynthesizer(value_range=(0, 255)).fit(X, Y),
    "mixture": lambda: synthesis.GaussianMixtureSynthesizer(2, value_range=(0, 255)).fit(X, Y),
    "templates": templates,
    "resampler": lambda: synthesis.AugmentedResampler().fit(X, Y),
    "augmented": lambda: synthesis.AugmentedResampler(layers.RandomBrightness(0.01, seed=1)).fit(X, Y),
}


@pytest.fixture(scope="module", params=SYNTHESIZERS)
def synthesizer(request):
    return SYNTHESIZERS[request.param]()


LABELS = np.array([0, 2, 1, 1, 0])


def test_it_is_one(synthesizer):
    assert isinstance(synthesizer, synthesis.Synthesizer)
    assert synthesizer.num_classes == 3


def test_shape_dtype_and_finite(synthesizer):
    samples = synthesizer.sample(LABELS, seed=1)
    assert samples.shape == (5, 8, 8, 1)
    assert samples.dtype == tf.float32
    assert np.all(np.isfinite(samples))
    assert synthesizer.sample(np.zeros(0, "int32"), seed=1).shape == (0, 8, 8, 1)


def test_seed_decides(synthesizer):
    first = synthesizer.sample(LABELS, seed=1)
    np.testing.assert_array_equal(first, synthesizer.sample(LABELS, seed=1))
    assert not np.array_equal(first, synthesizer.sample(LABELS, seed=2))
    assert not np.array_equal(synthesizer.sample(LABELS), synthesizer.sample(LABELS))


def test_row_depends_on_its_place_alone(synthesizer):
    np.testing.assert_allclose(
        synthesizer.sample(LABELS[:2], seed=1), synthesizer.sample(LABELS, seed=1)[:2], atol=1e-3
    )


def test_in_a_graph_with_a_seed_tensor(synthesizer):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int64)])
    def sample(labels, seed):
        return synthesizer.sample(labels, seed=seed)

    np.testing.assert_allclose(sample(LABELS, 3), synthesizer.sample(LABELS, seed=3), atol=1e-3)


def test_saved_and_loaded_it_makes_the_same(synthesizer, tmp_path):
    path = tmp_path / ("it.keras" if isinstance(synthesizer, keras.Model) else "it.npz")
    synthesizer.save(path)
    is_model = isinstance(synthesizer, keras.Model)
    loaded = keras.models.load_model(path) if is_model else type(synthesizer).load(path)
    np.testing.assert_array_equal(loaded.sample(LABELS, seed=1), synthesizer.sample(LABELS, seed=1))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises((ValueError, OSError, zipfile.BadZipFile)):
        keras.models.load_model(path) if is_model else type(synthesizer).load(path)


def test_wrong_labels(synthesizer):
    with pytest.raises(ValueError, match="`labels` must be from 0 to 2"):
        synthesizer.sample([0, 3])
    with pytest.raises(TypeError, match="`labels` must be integers"):
        synthesizer.sample(["a"])


def test_samples_of_a_class_look_like_it(synthesizer):
    """Class 1 is dark: whatever has learned, however little, makes it darker than class 0 on the whole."""
    if isinstance(synthesizer, keras.Model):
        pytest.skip("two steps teach it nothing")
    if isinstance(synthesizer, synthesis.LatentSMOTE):
        pytest.skip("one epoch teaches it nothing")
    dark, bright = (np.mean(synthesizer.sample(np.full(40, label), seed=1)) for label in (1, 2))
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


def test_resampler_refuses():
    with pytest.raises(TypeError, match="AugmentedResampler: `augment` must be a layer"):
        synthesis.AugmentedResampler(lambda x: x)
    with pytest.raises(RuntimeError, match="`sample` must come after `fit`"):
        synthesis.AugmentedResampler().sample([0])
    with pytest.raises(ValueError, match=r"`labels` must be classes that had rows in `fit`, \[0 2\]"):
        synthesis.AugmentedResampler().fit(X[:2], [0, 2]).sample([0, 1])
    with pytest.raises(ValueError, match="`y` must have one label for each sample"):
        synthesis.AugmentedResampler().fit(X, Y[:3])
    with pytest.raises(ValueError, match="`y` must not be negative"):
        synthesis.AugmentedResampler().fit(X, Y - 1)
