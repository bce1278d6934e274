"""What every source of samples must be."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import layers, synthesis

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


SYNTHESIZERS = {
    "gan": gan,
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


def test_wrong_labels(synthesizer):
    with pytest.raises(ValueError, match="`labels` must be from 0 to 2"):
        synthesizer.sample([0, 3])
    with pytest.raises(TypeError, match="`labels` must be integers"):
        synthesizer.sample(["a"])


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


def test_resampler_refuses():
    with pytest.raises(TypeError, match="AugmentedResampler: `augment` must be a layer"):
        synthesis.AugmentedResampler(lambda x: x)
    with pytest.raises(RuntimeError, match="`sample` must come after `fit`"):
        synthesis.AugmentedResampler().sample([0])
    with pytest.raises(ValueError, match="`y` must have one label for each sample"):
        synthesis.AugmentedResampler().fit(X, Y[:3])
    with pytest.raises(ValueError, match="`y` must not be negative"):
        synthesis.AugmentedResampler().fit(X, Y - 1)
