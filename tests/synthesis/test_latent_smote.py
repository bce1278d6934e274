import functools

import keras
import numpy as np
import pytest
from keras import layers

from keras_augsynth import synthesis
from keras_augsynth.synthesis.latent_smote import autoencoder

pytestmark = pytest.mark.xdist_group("test_latent_smote")  # so that what is shared is trained once
LatentSMOTE = synthesis.LatentSMOTE


@pytest.fixture(scope="module")
def data():
    """Two classes on two curves in 6 dimensions, columns of very different size, one that is constant."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [150, 30])
    t = rng.uniform(-1, 1, 180)
    x = np.stack([t, t**2, y + 0.0 * t, 1 - t, t * y, 0 * t], axis=1) * [1, 100, 10, 1e-2, 1, 1] + [0, 0, 0, 0, 0, 4]
    return x.astype("float32"), y


def pair(seed=1):
    return autoencoder((6,), 2, seed)


def fit(data):
    return LatentSMOTE(latent_dim=2, k_neighbors=3, seed=1).fit(*data, epochs=60, batch_size=32, learning_rate=3e-3)


@pytest.fixture(scope="module")
def fitted(data):
    return fit(data)


def test_samples_lie_near_their_class(data, fitted):
    x, _ = data
    made = fitted.sample(np.repeat([0, 1], 200), seed=1).numpy()
    assert made.dtype == np.float32
    np.testing.assert_allclose(made[:, 2] / 10, np.repeat([0, 1], 200), atol=0.25)  # the column that tells the class
    np.testing.assert_allclose(made[:, 1], 100 * made[:, 0] ** 2, atol=20)  # in the plane of the curve
    np.testing.assert_array_equal(made[:, 5], 4.0)
    assert np.all((made >= x.min(axis=0)) & (made <= x.max(axis=0)))
    assert made[200:, 0].std() > 0.3  # and all along it


def test_codes_are_smotes(data, fitted):
    """Decoded samples of SMOTE between the codes."""
    encoder, decoder = fitted._networks
    x, y = data
    scaled = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1)
    codes = synthesis.SMOTE(3).fit(encoder(scaled).numpy(), y).sample([1, 0, 1], seed=7)
    expected = decoder(codes) * x.std(axis=0) + x.mean(axis=0)
    expected = np.clip(expected, x.min(axis=0), x.max(axis=0))
    np.testing.assert_allclose(fitted.sample([1, 0, 1], seed=7), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.full
def test_training_lowers_the_error_and_the_seed_decides(data, fitted):
    x, y = data

    def error(smote):
        encoder, decoder = smote._networks
        scaled = smote._to_networks(x)
        return float(np.square(decoder(encoder(scaled)) - scaled).mean())

    none, other = (LatentSMOTE(latent_dim=2, k_neighbors=3, seed=seed).fit(x, y, epochs=0) for seed in (1, 2))
    assert error(fitted) < 0.2 * error(none)
    assert not np.allclose(none.sample([0, 1], seed=1), other.sample([0, 1], seed=1))
    again = fit(data)
    np.testing.assert_array_equal(again.sample([0, 1], seed=1), fitted.sample([0, 1], seed=1))


def test_networks_of_the_users_are_trained_in_place(data):
    networks = pair()
    before = networks[0].get_weights()[0].copy()
    smote = LatentSMOTE(networks, seed=1).fit(*data, epochs=0)
    np.testing.assert_array_equal(networks[0].get_weights()[0], before)
    smote.fit(*data, epochs=1)
    assert not np.array_equal(networks[0].get_weights()[0], before)


rare = functools.partial(pytest.param, marks=pytest.mark.full)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((9, 13, 3), "float32"),
        rare((28, 28, 1), "uint8"),
        rare((30, 2), "float32"),
        rare((6, 8, 5, 1), "uint8"),
    ],
)
def test_images_sequences_and_volumes(rng, shape, dtype):
    x, y = rng.integers(0, 256, (12, *shape)).astype(dtype), np.arange(12) % 2
    smote = LatentSMOTE(latent_dim=3, value_range=(0, 255), seed=1).fit(x, y, epochs=1, batch_size=6)
    made = smote.sample([0, 1, 1], seed=1)
    assert made.shape == (3, *shape) and made.dtype == dtype
    assert np.ptp(made) > 0 and np.min(made) >= 0 and np.max(made) <= 255
    assert smote.sample(np.zeros(0, "int32"), seed=1).shape == (0, *shape)


def test_it_says_how_far_it_is(data, capsys):
    """As Keras does, after the training, too; or not at all."""
    smote = LatentSMOTE(latent_dim=2, seed=1)
    smote.fit(*data, epochs=0, verbose=0)
    assert capsys.readouterr().out == ""
    smote.fit(*data, epochs=0)
    assert "1/1" in capsys.readouterr().out


def test_saved_and_loaded(fitted, tmp_path):
    fitted.save(tmp_path / "latent.npz")
    keras.utils.set_random_seed(99)
    loaded = LatentSMOTE.load(tmp_path / "latent.npz")
    np.testing.assert_array_equal(loaded.sample([0, 1, 1], seed=2), fitted.sample([0, 1, 1], seed=2))
    assert (loaded.k_neighbors, loaded.seed) == (3, 1)
    whole = (tmp_path / "latent.npz").read_bytes()
    (tmp_path / "latent.npz").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(ValueError, match="LatentSMOTE: `path` must be a whole file"):
        LatentSMOTE.load(tmp_path / "latent.npz")


def test_one_row_of_a_class_is_decoded(data):
    x, y = data[0][:31], np.repeat([0, 1], [30, 1])
    smote = LatentSMOTE(latent_dim=2, seed=1).fit(x, y, epochs=0)
    with pytest.warns(UserWarning, match="class 1 has a single row"):
        made = smote.sample([1, 1], seed=1).numpy()
    np.testing.assert_allclose(made[0], made[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x, y: LatentSMOTE("cnn"), TypeError, r"`autoencoder` must be a pair \(encoder, decoder\), or None"),
        (lambda x, y: LatentSMOTE((1, 2)), TypeError, "`autoencoder` must be two keras.Models"),
        (
            lambda x, y: LatentSMOTE((keras.Sequential([layers.Dense(2)]), pair()[1])),
            TypeError,
            "`autoencoder` must be two keras.Models with known inputs",
        ),
        (
            lambda x, y: LatentSMOTE((pair()[0], autoencoder((6,), 3, 1)[1])),
            ValueError,
            "`autoencoder` must have networks each of which takes what the other makes",
        ),
        (lambda x, y: LatentSMOTE(pair()).fit(x[:, :5], y), ValueError, r"`x` must be samples of shape \(6,\)"),
        (lambda x, y: LatentSMOTE(latent_dim=0), ValueError, "`latent_dim` must be"),
        (lambda x, y: LatentSMOTE(k_neighbors=0), ValueError, "LatentSMOTE: `k_neighbors` must be"),
        (
            lambda x, y: LatentSMOTE(value_range=(0, 1)).fit(x, y),
            ValueError,
            r"`x` must lie in \[0, 1\] \(give another `value_range` or scale the data\). Received: x='values from -",
        ),
        (lambda x, y: LatentSMOTE().fit(x, y, epochs=-1), ValueError, "`epochs` must be"),
        (lambda x, y: LatentSMOTE().fit(x * np.nan, y), ValueError, "`x` must be finite"),
        (lambda x, y: LatentSMOTE().sample([0]), RuntimeError, "`sample` must come after `fit`"),
    ],
)
def test_wrong_input(data, call, kind, message):
    with pytest.raises(kind, match=message):
        call(*data)
