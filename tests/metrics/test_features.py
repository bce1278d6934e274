"""Principal components against scikit-learn's; what a model's last layer with weights is given."""

import functools

import keras
import numpy as np
import pytest
from keras import layers as keras_layers
from sklearn.decomposition import PCA

from keras_augsynth import layers
from keras_augsynth.metrics import FeatureExtractor, frechet_distance, kernel_distance


@pytest.mark.parametrize("n", [400, 30])
def test_principal_components_are_scikit_learns(digits, n):
    x = digits[0][:n]
    extract = FeatureExtractor.pca(12).fit(x)
    expected = PCA(12, svd_solver="full").fit(x.reshape(n, -1).astype("float64"))
    ours, theirs = extract(digits[0][400:450]), expected.transform(digits[0][400:450].reshape(50, -1))
    theirs /= np.sqrt(expected.explained_variance_.mean() * (n - 1) / n)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-6)  # scikit-learn chooses other signs
    assert (extract.name, ours.dtype) == ("pca12", np.float64)


def test_units_do_not_matter(digits):
    x = digits[0][:200]
    in_bytes = FeatureExtractor.pca(8).fit(255 / 16 * x + 3.0)
    np.testing.assert_allclose(
        np.abs(in_bytes(255 / 16 * x + 3.0)), np.abs(FeatureExtractor.pca(8).fit(x)(x)), atol=1e-4
    )
    assert np.all(FeatureExtractor.pca(2).fit(np.ones((5, 3)))(np.ones((5, 3))) == 0.0)


def test_units_of_columns_do_not_matter(rng):
    """A ratio beside an income: what is wrong with the ratio is seen."""
    rows, units = rng.normal(size=(200, 2)), np.array([1.0, 5e4])
    wrong = rows * [100.0, 1.0]
    plain, scaled = (
        float(frechet_distance(rows * u, wrong * u, features=FeatureExtractor.pca())) for u in (1.0, units)
    )
    assert plain > 1e3 and abs(scaled / plain - 1.0) < 1e-6


def test_there_are_no_more_components_than_the_data_have(rng):
    assert FeatureExtractor.pca(64).fit(rng.normal(size=(100, 13))).name == "pca13"
    assert FeatureExtractor.pca(64).fit(rng.normal(size=(10, 13))).name == "pca9"


def test_metrics_fit_it_to_the_real_rows(digits):
    real, fake = digits[0][:300], digits[0][300:600]
    extract = FeatureExtractor.pca(8)
    result = frechet_distance(real, fake, features=extract)
    fitted = extract.fit(real)
    assert not extract.fitted
    assert result.name == "FD[pca8]"
    assert float(result) == float(frechet_distance(fitted(real), fitted(fake), features="pca8"))
    assert float(frechet_distance(fake, real, features=fitted)) == pytest.approx(float(result), rel=1e-9)


def classifier():
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.RandomFlip(),
            keras_layers.Conv2D(4, 3, name="first"),
            keras_layers.Flatten(),
            keras_layers.Dense(7, activation="relu", name="last_but_one"),
            keras_layers.Dropout(0.5),
            keras_layers.Dense(3),
            keras_layers.Activation("softmax"),
        ],
        name="mine",
    )


def test_penultimate_layer(digits):
    """A softmax of its own is not the last layer; neither dropout nor augmentation is active."""
    model, x = classifier(), digits[0][:300]
    extract = FeatureExtractor(model)
    expected = keras.Sequential([*model.layers[1:4]])(x)
    np.testing.assert_allclose(extract(x), expected, atol=1e-5)
    assert (extract.name, extract(x).shape) == ("mine-7", (300, 7))


def test_a_layer_by_name_is_averaged_over_its_sides(digits):
    model, x = classifier(), digits[0][:5]
    extract = FeatureExtractor(model, layer="first", name="cnn4")
    np.testing.assert_allclose(extract(x), np.mean(model.layers[1](x), axis=(1, 2)), atol=1e-5)
    assert extract.name == "cnn4"


def test_only_an_extractor_that_says_so_gives_an_fid(rng):
    x = keras.Input((6,))
    network = lambda width, name: keras.Model(x, keras_layers.Dense(2)(keras_layers.Dense(width)(x)), name=name)
    real, fake = rng.normal(size=(2, 60, 6))
    distance = lambda extract: frechet_distance(real, fake, features=extract).name
    assert distance(FeatureExtractor(network(3, "not_inception"))) == "FD[not_inception-3]"
    assert distance(FeatureExtractor(network(2048, "v3"), inception=True)) == "FID[v3-2048]"
    with pytest.raises(ValueError, match="FeatureExtractor: `inception` must be False for features other than"):
        FeatureExtractor(network(3, "inception"), inception=True)
    cnn = FeatureExtractor(network(3, "cnn"))
    assert kernel_distance(real, fake, subset_size=60, features=cnn).name == "KID[cnn-3]"


def test_trained(digits):
    x, y = digits
    extract = FeatureExtractor.trained(x[:600], y[:600], size=16, steps=150, seed=1)
    features = extract(x)
    assert (extract.name, features.shape) == ("cnn16", (1797, 16))
    nearest = np.linalg.norm(features[600:, None] - features[None, :600], axis=2).argmin(axis=1)
    assert np.mean(y[nearest] == y[600:]) > 0.85  # the features tell the classes apart
    random = FeatureExtractor.trained(x[:600], y[:600], size=16, steps=1, seed=1)
    assert random.fingerprint != extract.fingerprint


@pytest.mark.full
def test_the_same_seed_trains_the_same_features(digits):
    x, y = digits[0][:100], digits[1][:100]
    train = lambda seed: FeatureExtractor.trained(x, y, size=4, steps=3, seed=seed)
    first = train(1)
    keras.utils.set_random_seed(99)  # nothing may hang on it
    before = np.random.get_state()[1].copy()
    assert train(1).fingerprint == first.fingerprint != train(2).fingerprint
    np.testing.assert_array_equal(np.random.get_state()[1], before)


rare = functools.partial(pytest.param, marks=pytest.mark.full)


@pytest.mark.parametrize("shape", [(13,), rare((32, 2)), (12, 20, 3), rare((8, 8, 8, 1))], ids=str)
def test_trained_on_data_of_every_rank(rng, shape):
    x, y = 1000.0 + 50.0 * rng.normal(size=(40, *shape)).astype("float32"), np.arange(40) % 3
    extract = FeatureExtractor.trained(x, y, size=5, steps=2)
    assert extract(x).shape == (40, 5)
    assert extract.name == ("mlp5" if len(shape) == 1 else "cnn5")
    assert np.all(np.isfinite(extract(x))) and np.any(extract(x) != 0)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: FeatureExtractor(3), TypeError, "FeatureExtractor: `model` must be a Sequential or functional model"),
        (lambda: FeatureExtractor(classifier(), "none"), ValueError, "`layer` must be one of"),
        (
            lambda: FeatureExtractor(classifier())(np.ones((2, 9, 8, 1))),
            ValueError,
            r"`x` must be samples of shape \(8",
        ),
        (lambda: FeatureExtractor.pca(0), ValueError, "FeatureExtractor.pca: `components` must"),
        (lambda: FeatureExtractor.pca(2)(np.eye(4)), RuntimeError, "`x` must come after `fit"),
        (lambda: FeatureExtractor.pca(2).fit(np.eye(4))(np.eye(5)), ValueError, "`x` must have 4 values in a sample"),
        (lambda: FeatureExtractor.pca(2).fit(np.eye(4)[:1]), ValueError, "`x` must have at least two rows"),
        (lambda: FeatureExtractor.trained(np.eye(4), [0, 1, 2]), ValueError, "`y` must have one label for each sample"),
        (lambda: FeatureExtractor.trained(np.eye(2), [0.5, 1]), TypeError, "`y` must be integer labels"),
        (lambda: FeatureExtractor.trained(np.eye(2) / 0.0, [0, 1]), ValueError, "`x` must be finite"),
    ],
)
def test_wrong_arguments(call, kind, message):
    with np.errstate(all="ignore"), pytest.raises(kind, match=message):
        call()
