import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import synthesis
from keras_augsynth.synthesis.spectral_normalization import SpectralNormalization

SHAPES = [(28, 28, 1), (32, 32, 3), (64, 64, 3), (24, 16, 3), (8, 8, 1), (64, 2), (8, 16, 8, 1)]
BUILDERS = {
    "dcgan": lambda shape, classes, **kw: synthesis.dcgan(shape, classes, latent_dim=5, width=4, **kw),
    "resnet_gan": lambda shape, classes, **kw: synthesis.resnet_gan(shape, classes, latent_dim=5, width=4, **kw),
    "grouped": lambda shape, classes, **kw: synthesis.resnet_gan(
        shape, classes, latent_dim=5, width=4, blocks=2, group_size=4, **kw
    ),
    "tabular_gan": lambda shape, classes, **kw: synthesis.tabular_gan(*shape, classes, latent_dim=5, width=8, **kw),
    "mlp_gan": lambda shape, classes, **kw: synthesis.mlp_gan(shape, classes, latent_dim=5, **kw),
}
PAIRS = [
    *(("dcgan", shape) for shape in SHAPES),
    *(("resnet_gan", shape) for shape in SHAPES if len(shape) == 3),
    ("grouped", (8, 8, 1)),
    ("tabular_gan", (7,)),
    ("mlp_gan", (7,)),
    ("mlp_gan", (4, 6, 2)),
]
USUAL = {("dcgan", (28, 28, 1)), ("resnet_gan", (24, 16, 3)), ("tabular_gan", (7,)), ("mlp_gan", (4, 6, 2))}


def tiers(pairs, usual):
    """One shape of each architecture in the default tier, the others in the full one."""
    return [pytest.param(*pair, marks=[] if pair in usual else pytest.mark.full) for pair in pairs]


@pytest.mark.parametrize("num_classes", [None, 4])
@pytest.mark.parametrize(("name", "shape"), tiers(PAIRS, USUAL), ids=str)
def test_inputs_samples_and_logits(name, shape, num_classes):
    generator, discriminator = BUILDERS[name](shape, num_classes)
    noise, labels = tf.random.normal((2, 5), seed=1), tf.constant([0, 3])
    assert [len(network.inputs) for network in (generator, discriminator)] == [1 if num_classes is None else 2] * 2
    sample = generator([noise, labels] if num_classes else noise)
    assert sample.shape == (2, *shape)
    logits = discriminator([sample, labels] if num_classes else sample)
    assert logits.shape == (2, 1)
    bounded = name != "tabular_gan"
    big = generator([100 * noise, labels] if num_classes else 100 * noise)
    assert (np.abs(big).max() <= 1) == bounded
    assert not np.array_equal(logits[0], logits[1])


TINY = [
    ("dcgan", (8, 2)),
    ("dcgan", (16, 16, 1)),
    ("dcgan", (4, 16, 4, 1)),
    ("resnet_gan", (16, 16, 1)),
    ("grouped", (8, 8, 1)),
    ("tabular_gan", (5,)),
    ("mlp_gan", (5,)),
]
EACH = tiers(TINY, {("dcgan", (16, 16, 1)), ("resnet_gan", (16, 16, 1)), ("tabular_gan", (5,)), ("mlp_gan", (5,))})


@pytest.mark.parametrize("spectral_normalization", [pytest.param(False, marks=pytest.mark.full), True])
@pytest.mark.parametrize(("name", "shape"), EACH, ids=str)
def test_discriminator_is_twice_differentiable(name, shape, spectral_normalization, rng, monkeypatch):
    """The penalty's gradient, along a random direction of the weights, against the penalty's central difference."""
    keras.backend.set_floatx("float64")
    monkeypatch.setattr(
        keras.layers.LeakyReLU, "call", lambda self, x: keras.ops.softplus(x)
    )  # differences need no kinks
    _, discriminator = BUILDERS[name](shape, 3, spectral_normalization=spectral_normalization)
    x, labels = tf.constant(rng.normal(size=(3, *shape))), tf.constant([0, 1, 2])
    for weight in discriminator.trainable_variables:  # zeros would hide a path
        weight.assign(weight.numpy() + 0.1 * rng.normal(size=weight.shape))

    def penalty():
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(discriminator([x, labels]))
        return tf.reduce_sum(tf.square(tape.gradient(total, x)))

    variables = [variable.value for variable in discriminator.trainable_variables]
    with tf.GradientTape() as tape:
        value = penalty()
    gradients = [tf.convert_to_tensor(g) for g in tape.gradient(value, variables, unconnected_gradients="zero")]
    direction = [rng.normal(size=variable.shape) for variable in variables]
    slope = sum(float(tf.reduce_sum(g * d)) for g, d in zip(gradients, direction, strict=True))

    def moved(step):
        start = [variable.numpy() for variable in variables]
        for variable, d in zip(variables, direction, strict=True):
            variable.assign_add(step * d)
        value = float(penalty())
        for variable, old in zip(variables, start, strict=True):
            variable.assign(old)
        return value

    assert abs(slope) > 1e-6
    # Logits are float32: seven digits of the value, over the step.
    step = 1e-3
    difference = (moved(step) - moved(-step)) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=1e-3, atol=1e-3 * float(value))


@pytest.mark.parametrize(("name", "shape"), EACH, ids=str)
def test_discriminator_judges_each_sample_alone_and_by_projection(name, shape, rng):
    generator, discriminator = BUILDERS[name](shape, 3)
    x = rng.normal(size=(4, *shape)).astype("float32")
    labels = np.array([0, 1, 2, 1])
    together = discriminator([x, labels], training=True).numpy()
    alone = discriminator([x[:1], labels[:1]], training=True).numpy()
    np.testing.assert_allclose(together[:1], alone, rtol=1e-4, atol=1e-5)
    # Projection: what two classes differ by is linear in the features, so that it vanishes with the embedding.
    other = discriminator([x, (labels + 1) % 3]).numpy()
    assert np.abs(other - together).max() > 1e-3
    embedding = next(layer for layer in discriminator.layers if isinstance(layer, keras.layers.Embedding))
    embedding.embeddings.assign(np.tile(embedding.embeddings.numpy()[:1], (3, 1)))
    np.testing.assert_array_equal(discriminator([x, labels]), discriminator([x, (labels + 1) % 3]))
    # The generator hears the class, too.
    noise = rng.normal(size=(1, 5)).astype("float32")
    first, second = (generator([noise, np.array([label])]).numpy() for label in (0, 1))
    assert not np.allclose(first, second, atol=1e-6)


@pytest.mark.parametrize(("name", "shape"), EACH, ids=str)
def test_spectral_normalization_is_everywhere_in_the_discriminator(name, shape):
    generator, discriminator = BUILDERS[name](shape, 3, spectral_normalization=True)
    has_kernel = lambda layer: hasattr(layer, "kernel") or hasattr(layer, "embeddings")
    depthwise = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.DepthwiseConv2D)]
    assert [layer for layer in discriminator.layers if has_kernel(layer)] == depthwise
    assert any(isinstance(layer, SpectralNormalization) for layer in discriminator.layers)
    assert not any(isinstance(layer, SpectralNormalization) for layer in generator.layers)


def test_mlp_gan_is_the_tutorials():
    generator, discriminator = synthesis.mlp_gan((28, 28, 1))
    units = lambda model: [layer.units for layer in model.layers if hasattr(layer, "units")]
    assert generator.inputs[0].shape == (None, 100)
    assert units(generator) == [128, 256, 512, 1024, 784]
    assert units(discriminator) == [512, 256, 128, 1]


def test_the_range_of_mlp_gan_is_known():
    gan = synthesis.GAN(*synthesis.mlp_gan((4,)))
    gan.compile()
    with pytest.raises(ValueError, match=r"`x` must lie in \[-1, 1\]"):
        gan.fit(np.full((4, 4), 255.0), verbose=0)


def test_resnet_starts_as_what_surrounds_its_blocks(rng):
    for network in synthesis.resnet_gan((16, 16, 1), width=4, blocks=2):
        zeros = [layer for layer in network.layers if hasattr(layer, "kernel") and not np.any(layer.kernel.numpy())]
        assert len(zeros) == 4 and all(layer.kernel_size == (1, 1) for layer in zeros)  # two levels of two blocks


def test_variance_of_resnet_is_kept(rng):
    """Scaled to fan-in, features of unit variance keep it within a factor of a few through the discriminator."""
    generator, discriminator = synthesis.resnet_gan((32, 32, 3), width=32)
    features = keras.Model(discriminator.input, discriminator.layers[-2].output)
    spread = np.std(features(rng.normal(size=(16, 32, 32, 3)).astype("float32")))
    assert 0.05 < spread < 5
    before_tanh = keras.Model(generator.input, generator.layers[-2].output)
    assert 0.3 < np.std(before_tanh(rng.normal(size=(16, 64)).astype("float32"))) < 3


def test_long_sounds_stay_narrow():
    generator, discriminator = synthesis.dcgan((16384, 1), width=2, latent_dim=3)
    assert generator.output_shape == (None, 16384, 1)
    assert max(layer.filters for layer in discriminator.layers if hasattr(layer, "filters")) == 32


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (
            lambda: synthesis.dcgan((29, 29, 1)),
            ValueError,
            r"dcgan: `shape` must have sides that come down to 16 or less .* such as \(28, 28, 1\)",
        ),
        (lambda: synthesis.dcgan((1000, 2)), ValueError, r"such as \(1024, 2\)"),
        (lambda: synthesis.dcgan((5,)), ValueError, r"dcgan: `shape` must be \(time, channels\) or \(height"),
        (lambda: synthesis.dcgan((2, 2, 2, 2, 1)), ValueError, "dcgan: `shape` must be"),
        (lambda: synthesis.dcgan("28"), TypeError, "dcgan: `shape` must be the shape of one sample"),
        (lambda: synthesis.dcgan((8, 8, 1), spectral_normalization=1), TypeError, "must be True or False"),
        (lambda: synthesis.dcgan((8, 8, 1), width=0), ValueError, "dcgan: `width` must"),
        (lambda: synthesis.resnet_gan((64, 2)), ValueError, r"resnet_gan: `shape` must be \(height, width, channels\)"),
        (lambda: synthesis.resnet_gan((50, 50, 1)), ValueError, r"resnet_gan: `shape` .* such as \(48, 48, 1\)"),
        (lambda: synthesis.resnet_gan((8, 8, 1), group_size=3), ValueError, "`group_size` must divide 2 · width = 64"),
        (lambda: synthesis.resnet_gan((8, 8, 1), blocks=0), ValueError, "resnet_gan: `blocks` must"),
        (lambda: synthesis.tabular_gan((5,)), TypeError, "tabular_gan: `features` must be an integer"),
        (lambda: synthesis.tabular_gan(5, latent_dim=0), ValueError, "tabular_gan: `latent_dim` must"),
        (lambda: synthesis.mlp_gan((28, 28, 1), num_classes=0), ValueError, "mlp_gan: `num_classes` must"),
        (lambda: synthesis.mlp_gan((28, 28, 1), latent_dim=0), ValueError, "mlp_gan: `latent_dim` must"),
        (lambda: synthesis.vae_conv((29, 29, 1)), ValueError, "vae_conv: `shape` .* such as"),
        (lambda: synthesis.vae_mlp((5,), width=0), ValueError, "vae_mlp: `width` must"),
        (lambda: synthesis.flow_unet((5,)), ValueError, "flow_unet: `shape` must be"),
        (lambda: synthesis.flow_mlp((5,), num_classes=2.0), TypeError, "flow_mlp: `num_classes` must"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


rare = functools.partial(pytest.param, marks=pytest.mark.full)


@pytest.mark.parametrize("num_classes", [None, 3])
@pytest.mark.parametrize(
    "shape", [rare((16, 2)), (8, 12, 1), rare((28, 28, 1)), rare((8, 16, 8, 1)), (5,), rare((3, 4, 2))], ids=str
)
def test_networks_of_vae_and_flow(shape, num_classes, rng):
    x = tf.constant(rng.normal(size=(2, *shape)), tf.float32)
    labels = [] if num_classes is None else [tf.constant([0, 2])]
    is_grid = shape not in [(5,), (3, 4, 2)]
    build = synthesis.vae_conv if is_grid else synthesis.vae_mlp
    encoder, decoder = build(shape, num_classes, latent_dim=4, width=4)
    mean, log_variance = encoder([x, *labels] if labels else x)
    assert mean.shape == log_variance.shape == (2, 4)
    made = decoder([100 * mean, *labels] if labels else 100 * mean)
    assert made.shape == x.shape
    assert (np.abs(made).max() <= 1) == is_grid
    network = (synthesis.flow_unet if is_grid else synthesis.flow_mlp)(shape, num_classes, width=4)
    for weight in network.trainable_variables:  # the last layers start at zero
        weight.assign(weight.numpy() + 0.1 * rng.normal(size=weight.shape))
    velocity = network([x, tf.constant([0.2, 0.8]), *labels]).numpy()
    assert velocity.shape == x.shape
    later = network([x, tf.constant([0.2, 0.9]), *labels]).numpy()
    np.testing.assert_allclose(later[0], velocity[0], atol=1e-5)
    assert np.abs(later[1] - velocity[1]).max() > 1e-4
    if labels:
        other = network([x, tf.constant([0.2, 0.8]), tf.constant([0, 1])]).numpy()
        np.testing.assert_allclose(other[0], velocity[0], atol=1e-5)
        assert np.abs(other[1] - velocity[1]).max() > 1e-4
