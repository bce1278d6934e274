import math

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from keras_augsynth import synthesis
from keras_augsynth.synthesis.seeds import normal


def rows():
    """Two normal distributions of two numbers, one rare."""
    rng = np.random.default_rng(0)
    first, second = rng.normal([-1, 1], [0.7, 0.4], (400, 2)), rng.normal([1.5, -1], [0.4, 0.7], (40, 2))
    return np.concatenate([first, second]).astype("float32"), np.repeat([0, 1], [400, 40])


def small_images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (40, 8, 8, 1)).astype("float32"), np.repeat([0, 1, 2], [30, 8, 2])


def row_vae(num_classes=2, latent_dim=2, width=24, **kwargs):
    keras.utils.set_random_seed(1)
    encoder, decoder = synthesis.vae_mlp((2,), num_classes, latent_dim=latent_dim, width=width)
    vae = synthesis.VAE(encoder=encoder, decoder=decoder, num_classes=num_classes, seed=3, **kwargs)
    vae.compile(keras.optimizers.Adam(3e-3))
    return vae


def image_vae(num_classes=3, **kwargs):
    keras.utils.set_random_seed(1)
    encoder, decoder = synthesis.vae_conv((8, 8, 1), num_classes, latent_dim=3, width=2)
    vae = synthesis.VAE(
        encoder=encoder, decoder=decoder, num_classes=num_classes, seed=3, **{"value_range": (0, 255), **kwargs}
    )
    vae.compile()
    return vae


@pytest.mark.full
def test_samples_obey_the_labels_and_have_their_moments():
    x, y = rows()
    vae = row_vae()
    vae.compile(keras.optimizers.Adam(1e-2), steps_per_execution=50)
    vae.fit(x, y, batch_size=128, steps_per_epoch=600, verbose=0)
    samples = vae.sample(np.repeat([0, 1], 2000), seed=1).numpy().reshape(2, 2000, 2)
    for label in (0, 1):
        np.testing.assert_allclose(samples[label].mean(0), x[y == label].mean(0), atol=0.15)
        np.testing.assert_allclose(samples[label].std(0), x[y == label].std(0), atol=0.2)


def test_classes_have_priors_of_their_own():
    """Latent numbers that tell a class are samples of that class only: the parts by SciPy's formula."""
    vae = row_vae(latent_dim=1, width=4)
    mean, log_variance = vae._prior
    mean.assign([[0.5], [-2.0]])
    log_variance.assign([[0.0], [math.log(0.25)]])
    x, y = rows()
    described = vae.encoder([tf.constant((x - vae._center) / vae._spread), tf.constant(y)])
    m, v = (np.asarray(part)[:, 0] for part in (described[0], np.exp(described[1])))
    prior_mean, prior_variance = np.array([0.5, -2.0])[y], np.array([1.0, 0.25])[y]
    kl = 0.5 * (v / prior_variance + (m - prior_mean) ** 2 / prior_variance - 1 + np.log(prior_variance / v))
    values = vae.evaluate(tf.data.Dataset.from_tensors((x, y)), return_dict=True, verbose=0)
    np.testing.assert_allclose(values["kl"], kl.mean(), rtol=1e-4)
    seen = []
    vae.decoder = lambda inputs, training: seen.append(inputs[0]) or tf.zeros((len(inputs[0]), 2))
    vae._generate(normal(1, 4000, 3), [tf.repeat([0, 1], 2000)])
    drawn = seen[0].numpy().reshape(2, 2000)
    np.testing.assert_allclose(drawn.mean(1), [0.5, -2.0], atol=0.1)
    np.testing.assert_allclose(drawn.std(1), [1.0, 0.5], rtol=0.1)


@pytest.mark.full
def test_elbo_is_a_bound_and_nearly_reached():
    """For data of one normal distribution the logarithm of the density is known, and the model can reach it."""
    x = np.random.default_rng(0).normal(1.0, 0.5, (4000, 2)).astype("float32")
    vae = row_vae(None)
    vae.compile(keras.optimizers.Adam(3e-3), steps_per_execution=50)
    vae.fit(x, batch_size=200, steps_per_epoch=300, verbose=0)
    test = np.random.default_rng(1).normal(1.0, 0.5, (4000, 2)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices(test).batch(1000)
    # The networks take columns of standard deviation 1.
    true = (scipy.stats.norm(1.0, 0.5).logpdf(test) + np.log(x.std(axis=0))).sum(axis=1).mean()
    assert true - 0.2 < vae.evaluate(data, return_dict=True, verbose=0)["elbo"] < true + 0.03


def test_parts_of_the_bound(rng):
    """An encoder that says N(m, s²) of all, a decoder that makes nothing of it: each part by SciPy's formulas."""
    x = keras.Input((2,))
    fixed = lambda value: keras.layers.Dense(
        1, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(value)
    )
    encoder = keras.Model(x, [fixed(0.7)(x), fixed(math.log(0.3**2))(x)])
    z = keras.Input((1,))
    vae = synthesis.VAE(
        encoder=encoder, decoder=keras.Model(z, keras.layers.Dense(2, kernel_initializer="zeros")(z)), beta=3.0
    )
    vae.compile()
    data = rng.normal(size=(50, 2)).astype("float32")
    values = vae.evaluate(tf.data.Dataset.from_tensors(data), return_dict=True, verbose=0)
    points = np.linspace(-4, 6, 20001)
    said, prior = scipy.stats.norm(0.7, 0.3), scipy.stats.norm()
    kl = np.trapezoid(said.pdf(points) * (said.logpdf(points) - prior.logpdf(points)), points)
    likelihood = scipy.stats.norm().logpdf(data).sum(axis=1).mean()  # before training the variance is 1
    np.testing.assert_allclose(values["kl"], kl, rtol=1e-4)
    np.testing.assert_allclose(values["elbo"], likelihood - kl, rtol=1e-4)
    np.testing.assert_allclose(values["loss"], 3.0 * kl - likelihood, rtol=1e-4)
    np.testing.assert_allclose(values["error"], np.mean(data**2), rtol=1e-5)


def test_warm_up_lets_beta_grow_from_nothing():
    x, y = rows()
    vae = row_vae(beta=2.0, warm_up=4)
    weights = []
    for _ in range(6):
        values = vae.train_step((x, y))
        vae.reset_metrics()
        weights.append((values["loss"] + values["elbo"] + values["kl"]) / values["kl"])
    np.testing.assert_allclose(weights, [0.0, 0.5, 1.0, 1.5, 2.0, 2.0], atol=1e-3)


def test_observation_noise_has_the_decoders_error():
    noisy, plain = row_vae(), row_vae(observation_noise=False)
    for vae in (noisy, plain):
        vae._variance.assign(0.09)
        vae._steps.assign(1)  # or it would warn that it is not trained
    labels = np.zeros(4000, int)
    latent = lambda vae: normal(1, len(labels), vae._noise_size)[:, :2]
    made = lambda vae: vae.decoder([latent(vae), tf.constant(labels)])
    added = noisy.sample(labels, seed=1) - made(noisy)
    np.testing.assert_allclose(np.std(added, axis=0), 0.3, rtol=0.05)
    np.testing.assert_allclose(np.corrcoef(np.transpose(added))[0, 1], 0.0, atol=0.06)
    np.testing.assert_allclose(plain.sample(labels, seed=1), made(plain), atol=1e-6)
    assert not synthesis.VAE((8, 2)).observation_noise


def test_variance_follows_the_error():
    x, y = rows()
    vae = row_vae()
    variance = 1.0
    for step in range(3):
        error = vae.train_step((x, y))["error"]
        vae.reset_metrics()
        decay = (1 + step) / (10 + step)
        variance = decay * variance + (1 - decay) * error
        np.testing.assert_allclose(vae._variance.numpy(), variance, rtol=1e-5)


def test_unconditional():
    x, _ = small_images()
    vae = image_vae(None)
    vae.train_step(x)
    assert vae.sample(n=3, seed=1).shape == (3, 8, 8, 1)
    assert vae(np.zeros((4, 1))).shape == (4, 8, 8, 1)


def test_networks_are_chosen_by_the_rank():
    assert len(synthesis.VAE((5,)).decoder.layers) == len(synthesis.vae_mlp((5,))[1].layers)
    assert any("conv" in layer.name for layer in synthesis.VAE((8, 2)).decoder.layers)


@pytest.mark.full
@pytest.mark.xla
def test_xla_gives_the_same_step():
    x, y = small_images()
    histories = []
    for jit in (False, True):
        vae = image_vae()
        vae.compile(jit_compile=jit)
        histories.append(vae.fit(x, y, batch_size=20, steps_per_epoch=1, verbose=0).history)
    for name in histories[0]:
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-4)


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (synthesis.VAE, ValueError, "VAE: `encoder` must be given, with the other network, or else `shape`"),
        (lambda: synthesis.VAE(encoder=synthesis.vae_mlp((2,))[0]), ValueError, "VAE: `decoder` must be given"),
        (lambda: synthesis.VAE((2,), encoder=1), ValueError, "VAE: `shape` must not be given beside networks"),
        (lambda: synthesis.VAE(encoder=1, decoder=2), TypeError, "VAE: `encoder` must be a keras.Model"),
        (
            lambda: synthesis.VAE(encoder=keras.Model(), decoder=keras.Sequential()),
            ValueError,
            "VAE: `encoder` must be a functional model, or",
        ),
        (
            lambda: row_vae_of(synthesis.vae_mlp((2,), 3)),
            ValueError,
            r"`encoder` must have one input, .*num_classes=None",
        ),
        (
            lambda: row_vae_of((synthesis.vae_mlp((3,))[0], synthesis.vae_mlp((2,))[1])),
            ValueError,
            r"VAE: `encoder` must take what the decoder makes, \(2,\)",
        ),
        (
            lambda: row_vae_of((synthesis.vae_mlp((2,), latent_dim=3)[0], synthesis.vae_mlp((2,))[1])),
            ValueError,
            "VAE: `encoder` must make a mean and a log-variance",
        ),
        (lambda: synthesis.VAE((29, 29, 1)), ValueError, "vae_conv: `shape` must have sides that come down"),
        (lambda: synthesis.VAE((2,), beta=-1.0), ValueError, "VAE: `beta` must"),
        (lambda: synthesis.VAE((2,), warm_up=0.5), TypeError, "VAE: `warm_up` must be an integer"),
        (lambda: synthesis.VAE((2,), observation_noise=1), TypeError, "VAE: `observation_noise` must be True or False"),
        (lambda: synthesis.VAE((2,), value_range=(1, 1)), ValueError, "VAE: `value_range` must"),
        (lambda: synthesis.VAE((2,), num_classes=0), ValueError, "vae_mlp: `num_classes` must"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


def row_vae_of(networks):
    return synthesis.VAE(encoder=networks[0], decoder=networks[1])
