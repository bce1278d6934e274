import pathlib
import zipfile

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tiny
from keras import layers as keras_layers

from keras_augsynth import layers, synthesis
from keras_augsynth.synthesis import penalties
from keras_augsynth.synthesis.losses import LOSSES

pytestmark = pytest.mark.xdist_group("trained synthesizers")
full = pytest.mark.full
DATA = tiny.X, tiny.Y


@pytest.fixture(scope="module")
def straight():
    """Four epochs at once."""
    gan = tiny.gan()
    gan.fit(*DATA, batch_size=16, epochs=4, verbose=0)
    return gan


def state(gan):
    values = [*gan.get_weights(), *(v.numpy() for o in (gan.g_optimizer, gan.d_optimizer) for v in o.variables)]
    return [np.asarray(value) for value in values]


def assert_same_state(first, second):
    for a, b in zip(state(first), state(second), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("loss", LOSSES)
def test_trains_with_every_loss(loss):
    gan = tiny.gan(compile_with={"loss": loss})
    before = gan.average.get_weights()
    values = gan.train_step(DATA)
    assert set(values) == {"d_loss", "g_loss", "d_real", "d_fake", "d_sign"}
    assert all(np.isfinite(value) for value in values.values())
    assert any(np.any(a != b) for a, b in zip(before, gan.average.get_weights(), strict=True))


@pytest.mark.parametrize("loss", [loss if loss == "hinge" else pytest.param(loss, marks=full) for loss in LOSSES])
def test_a_step_is_the_same_in_a_graph(loss):
    eager, in_graph = (tiny.gan(compile_with={"loss": loss, "lecam": 0.3}) for _ in range(2))
    expected, values = eager.train_step(DATA), tf.function(in_graph.train_step)(DATA)
    for name in expected:
        np.testing.assert_allclose(values[name], expected[name], rtol=1e-4, atol=1e-5)


def test_unconditional():
    gan = tiny.gan(num_classes=None)
    gan.train_step(DATA[0])
    assert gan.sample(n=5, seed=1).shape == (5, 4, 4, 1)
    with pytest.raises(ValueError, match="GAN: `n` must be given, and `labels` not"):
        gan.sample([0, 1])


def test_no_labels_give_no_samples():
    """In a graph, too, where TensorFlow's convolutions get the shape of an empty batch wrong."""
    gan = synthesis.GAN(*synthesis.dcgan((8, 8, 1), num_classes=4, width=2), num_classes=4)
    together = tf.function(lambda labels: tf.concat([tf.zeros((2, 8, 8, 1)), gan.sample(labels, seed=3)], axis=0))
    assert together(tf.zeros((0,), tf.int32)).shape == (2, 8, 8, 1)
    with pytest.warns(UserWarning, match="GAN: sampled before any training"):
        assert gan.sample(np.zeros(0, int), seed=3).shape == (0, 8, 8, 1)


def test_resumes_bit_for_bit(trained, straight, tmp_path):
    """Four epochs at once, and two, saved, loaded in place of it all, and two more."""
    trained["gan"].save(tmp_path / "gan.keras")
    keras.utils.set_random_seed(99)  # nothing may hang on it
    resumed = keras.models.load_model(tmp_path / "gan.keras")
    assert_same_state(resumed, trained["gan"])
    resumed.fit(*DATA, batch_size=16, epochs=2, verbose=0)
    assert_same_state(resumed, straight)
    labels = np.array([0, 1, 2])
    np.testing.assert_array_equal(resumed.sample(labels, seed=1), straight.sample(labels, seed=1))


@full
@pytest.mark.parametrize("part", ["convolutions", "diffaugment", "pipeline"])
def test_resumes_bit_for_bit_with(tmp_path, part):
    x, y = np.tile(DATA[0], (1, 2, 2, 1)), DATA[1]

    def build():
        keras.utils.set_random_seed(3)
        augment = {
            "diffaugment": lambda: synthesis.DiffAugment(seed=1, jit=False),
            "pipeline": lambda: layers.Pipeline([layers.RandomTranslation(0.1, 0.1)], seed=1),
        }.get(part, lambda: None)()
        networks = synthesis.dcgan((8, 8, 1), 3, latent_dim=4, width=2)
        gan = synthesis.GAN(*networks, num_classes=3, seed=5, value_range=(0, 255), augment=augment)
        gan.compile()
        return gan

    straight, stopped = build(), build()
    straight.fit(x, y, batch_size=16, epochs=4, verbose=0)
    stopped.fit(x, y, batch_size=16, epochs=2, verbose=0)
    stopped.save(tmp_path / "gan.keras")
    resumed = keras.models.load_model(tmp_path / "gan.keras")
    resumed.fit(x, y, batch_size=16, epochs=2, verbose=0)
    assert_same_state(resumed, straight)


@pytest.mark.full
def test_cut_off_in_an_epoch_it_goes_on_from_the_last_whole_one(straight, tmp_path):
    """Bit for bit, and says which epoch is lost; test_gan_processes.py does so after a real kill."""

    class Killed(Exception):
        pass

    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model._steps) == 8:  # the second step of the third epoch
                raise Killed

    killed, restored = tiny.gan(), tiny.gan()
    backup = lambda: keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(Killed):
        killed.fit(*DATA, batch_size=16, epochs=4, verbose=0, callbacks=[backup(), Kill()])
    with pytest.warns(UserWarning, match="GAN: the last training was cut off in epoch 3, which begins again"):
        restored.fit(*DATA, batch_size=16, epochs=4, verbose=0, callbacks=[backup()])
    assert_same_state(restored, straight)


def test_average_follows_the_generator():
    gan = tiny.gan(ema=0.0)
    gan.train_step(DATA)
    for mean, weight in zip(gan.average.get_weights(), gan.generator.get_weights(), strict=True):
        np.testing.assert_allclose(mean, weight, rtol=1e-6)


def test_penalty_is_the_squared_gradient():
    """R1 and R2 against finite differences, on a discriminator that is no piecewise linear function."""
    x = keras.Input((3,))
    discriminator = keras.Model(x, keras_layers.Dense(1)(keras_layers.Dense(4, activation="tanh")(x)))
    z = keras.Input((2,))
    gan = synthesis.GAN(keras.Model(z, keras_layers.Dense(3)(z)), discriminator, seed=1)
    gan.compile(r1=2.0, r2=3.0)
    rng = np.random.default_rng(0)
    real, fake = (tf.constant(rng.normal(size=(5, 3)), tf.float32) for _ in range(2))

    def squared_gradient(samples):
        total, step = 0.0, 1e-3
        for k in range(3):
            shift = step * tf.one_hot([k], 3)
            slope = (discriminator(samples + shift) - discriminator(samples - shift)) / (2 * step)
            total += np.mean(np.square(slope))
        return total

    seed = tf.constant(0, tf.int64)
    *_, penalty = gan._judge_with_penalty(real, fake, [], seed)
    np.testing.assert_allclose(penalty, squared_gradient(real) + 1.5 * squared_gradient(fake), rtol=1e-3)


def smooth_discriminator():
    x = keras.Input((3,))
    return keras.Model(x, keras_layers.Dense(1)(keras_layers.Dense(4, activation="tanh")(x)))


def test_gradient_penalty_is_the_distance_of_the_norm_from_one():
    """Against finite differences, between real and generated samples."""
    judge, rng, step = smooth_discriminator(), np.random.default_rng(0), 1e-3
    real, fake = (tf.constant(rng.normal(size=(5, 3)), tf.float32) for _ in range(2))
    share = np.linspace(0, 1, 5, dtype="float32")
    between = fake + share[:, None] * (real - fake)
    slopes = [
        (judge(between + step * tf.one_hot([k], 3)) - judge(between - step * tf.one_hot([k], 3))) / (2 * step)
        for k in range(3)
    ]
    norms = np.sqrt(np.sum(np.square(slopes), axis=0))
    np.testing.assert_allclose(penalties.interpolated(judge, real, fake, share), np.mean((norms - 1) ** 2), rtol=1e-3)


def test_gradient_penalty_of_a_constant_is_finite():
    weight = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        penalty = penalties.interpolated(lambda x: weight * tf.reduce_sum(x, 1), *[tf.ones((2, 3))] * 2, tf.ones(2))
    assert np.isfinite(penalty) and np.isfinite(tape.gradient(penalty, weight))


def test_losses_are_those_of_the_papers():
    real, fake = np.array([0.5, -2.0, 3.0]), np.array([-1.0, 0.5, 2.0])
    log_sigmoid = lambda x: -np.log1p(np.exp(-x))
    expected = {
        "non_saturating": (-np.mean(log_sigmoid(real)) - np.mean(log_sigmoid(-fake)), -np.mean(log_sigmoid(fake))),
        "least_squares": (0.5 * np.mean((real - 1) ** 2) + 0.5 * np.mean(fake**2), 0.5 * np.mean((fake - 1) ** 2)),
        "wasserstein": (fake.mean() - real.mean(), -fake.mean()),
        "hinge": (np.mean([0.5, 3.0, 0.0]) + np.mean([0.0, 1.5, 3.0]), -fake.mean()),
        "relativistic": (-np.mean(log_sigmoid(real - fake)), -np.mean(log_sigmoid(fake - real))),
    }
    assert set(expected) == set(LOSSES)
    for name, values in expected.items():
        np.testing.assert_allclose(LOSSES[name](tf.constant(real), tf.constant(fake)), values, rtol=1e-6)


def test_lecam_penalizes_logits_beyond_what_the_others_usually_get():
    penalty = penalties.lecam(tf.constant([1.0, -3.0]), tf.constant([0.5, 4.0]), tf.constant(2.0), tf.constant(-1.0))
    np.testing.assert_allclose(penalty, np.mean([2.0**2, 0.0]) + np.mean([1.5**2, 0.0]))


def test_lecam_remembers_the_usual_logits():
    gan = tiny.gan(compile_with={"loss": "hinge", "lecam": 0.3})
    values = gan.train_step(DATA)
    usual = gan._usual.numpy() / (1 - 0.99)  # after one step: the zeros it began with are taken off
    np.testing.assert_allclose(usual, [values["d_real"], values["d_fake"]], rtol=1e-4)


def test_discriminator_takes_n_critic_steps():
    gan = tiny.gan(compile_with={"loss": "wasserstein", "n_critic": 3})
    gan.train_step(DATA)
    assert int(gan.g_optimizer.iterations) == 1
    assert int(gan.d_optimizer.iterations) == 3
    np.testing.assert_array_equal([gan._part(tf.range(7), k) for k in range(3)], [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal([gan._part(tf.range(2), k) for k in range(3)], [[0], [1], [0]])


def test_a_batch_is_one_of_the_discriminators():
    """40 samples are two batches of 3 x 8."""
    seen = []

    class Spy(synthesis.GAN):
        def train_step(self, data):
            seen.append(len(data[1]))
            return {"rows": 0.0}

    gan = Spy(*tiny.gan_networks(), num_classes=3, value_range=(0, 255))
    gan.compile(n_critic=3, run_eagerly=True)
    gan.fit(*DATA, batch_size=8, epochs=1, verbose=0)
    assert seen == [24, 24]


def points():
    return np.random.default_rng(0).normal(size=(8, 2)).astype("float32"), np.arange(8, dtype="int32") % 2


def test_label_gates_open_between_the_steps():
    gan, openness = gated_gan((2, 4)), []
    for _ in range(6):
        gan.train_step(points())
        openness.append({float(gate.openness.value) for gate in gan._gates()})
    assert openness == [{0.0}, {0.0}, {0.0}, {0.5}, {1.0}, {1.0}]


def test_shut_label_gates_hide_the_label():
    gan = gated_gan((100, 200))
    gan.train_step(points())
    first, second = (gan.sample([label], seed=1) for label in (0, 1))
    np.testing.assert_array_equal(first, second)
    gan.compile()  # which opens them
    gan.train_step(points())
    assert not np.allclose(gan.sample([0], seed=1), gan.sample([1], seed=1))


def test_augmentation_comes_up_as_often_as_it_shall():
    gan = tiny.gan(augment=keras_layers.Rescaling(0.0))
    ones = tf.ones((400, 4, 4, 1))
    for chance in (0.0, 0.3, 1.0):
        gan.augment_chance.assign(chance)
        kept = np.asarray(gan._augmented(ones, tf.constant(5, tf.int64)))[:, 0, 0, 0]
        assert abs((kept == 0).mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / 400) + 1e-9


def test_truncation_keeps_to_the_usual():
    z = keras.Input((3,))
    gan = synthesis.GAN(keras.Model(z, keras_layers.Identity()(z)), smooth_discriminator(), seed=1)
    gan._steps.assign(1)
    noise = gan.sample(n=4000, seed=1, truncation=0.7).numpy()
    assert np.abs(noise).max() <= 0.7
    expected = scipy.stats.truncnorm(-0.7, 0.7)
    assert scipy.stats.kstest(noise.ravel(), expected.cdf).pvalue > 0.01


def test_accept_draws_again_what_it_refuses():
    z = keras.Input((1,))
    gan = synthesis.GAN(keras.Model(z, keras_layers.Identity()(z)), keras.Model(z, keras_layers.Identity()(z)), seed=1)
    gan._steps.assign(1)
    plain = gan.sample(n=200, seed=3).numpy()
    positive = tf.function(lambda: gan.sample(n=200, seed=3, accept=lambda samples, labels: samples > 0))().numpy()
    assert np.mean(positive > 0) > 0.99
    np.testing.assert_array_equal(positive[plain > 0], plain[plain > 0])  # what is good is kept
    np.testing.assert_array_equal(gan.sample(n=50, seed=3, accept=lambda samples, labels: samples > 0), positive[:50])
    # The discriminator calls high numbers real.
    assert gan.sample(n=200, seed=3, accept="discriminator").numpy().mean() > plain.mean() + 0.3


def test_float16_penalties_are_computed_in_float32():
    """In float16 the penalty's own gradient would be nothing where the discriminator is flat."""
    keras.mixed_precision.set_global_policy("mixed_float16")
    x, z = keras.Input((3,)), keras.Input((2,))
    h = keras_layers.Dense(4, activation="tanh")(x)
    discriminator = keras.Model(x, keras_layers.Dense(1, dtype="float32")(h))
    weights = discriminator.get_weights()
    discriminator.set_weights([*weights[:2], 1e-5 * weights[2], weights[3]])
    gan = synthesis.GAN(keras.Model(z, keras_layers.Dense(3, dtype="float32")(z)), discriminator, seed=1)
    gan.compile(r1=1.0, r2=1.0)
    samples = tf.random.stateless_normal((5, 3), (1, 2))
    with tf.GradientTape() as tape:
        *_, penalty = gan._judge_with_penalty(samples, samples, [], tf.constant(0, tf.int64))
    gradients = tape.gradient(penalty, discriminator.trainable_variables)
    assert float(penalty) > 0
    assert all(np.any(np.asarray(gradient) != 0) for gradient in gradients[:3:2])


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    gan = tiny.gan()
    gan.save(tmp_path / "gan.keras")
    good = (tmp_path / "gan.keras").read_bytes()

    def full(self, filepath, **kwargs):
        pathlib.Path(filepath).write_bytes(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", full)
    with pytest.raises(OSError, match="No space"):
        gan.save(tmp_path / "gan.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["gan.keras"]
    assert (tmp_path / "gan.keras").read_bytes() == good
    (tmp_path / "gan.keras").write_bytes(good[: len(good) // 2])
    with pytest.raises((ValueError, OSError, zipfile.BadZipFile)):
        keras.models.load_model(tmp_path / "gan.keras")


@pytest.mark.parametrize("compile_with", [{}, {"loss": "hinge", "lecam": 0.1, "n_critic": 2, "gradient_penalty": 1.0}])
def test_what_was_compiled_comes_back(tmp_path, compile_with):
    gan = tiny.gan(compile_with=compile_with)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    settings = ("loss", "r1", "r2", "gradient_penalty", "lecam", "n_critic", "transition_steps")
    assert [getattr(gan, name) for name in settings] == [getattr(loaded, name) for name in settings]


def test_eight_of_eight_modes_on_the_ring():
    """Eight Gaussians on a circle, 500 steps with the default loss."""
    keras.utils.set_random_seed(1)
    z, x = keras.Input((4,)), keras.Input((2,))
    dense = lambda units: keras_layers.Dense(units, activation="leaky_relu")
    generator = keras.Model(z, keras_layers.Dense(2)(dense(64)(dense(64)(z))))
    gan = synthesis.GAN(generator, keras.Model(x, keras_layers.Dense(1)(dense(64)(dense(64)(x)))), seed=1, ema=0.98)
    gan.compile(r1=0.1, r2=0.1, steps_per_execution=32)
    rng = np.random.default_rng(0)
    angle = rng.integers(0, 8, 4000) * np.pi / 4
    centers = np.stack([np.cos(angle), np.sin(angle)], 1)
    gan.fit((centers + rng.normal(size=(4000, 2)) * 0.05).astype("float32"), batch_size=128, epochs=15, verbose=0)
    assert int(gan._steps) <= 500
    samples = gan.sample(n=800, seed=1).numpy()
    places = np.round(np.arctan2(samples[:, 1], samples[:, 0]) / (np.pi / 4)).astype(int) % 8
    modes = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], 1)
    near = np.linalg.norm(samples - modes[places], axis=1) < 0.25
    counts = np.bincount(places[near], minlength=8)
    assert counts.min() >= 20, counts


@full
@pytest.mark.xla
def test_xla_gives_the_same_step():
    """One step: after more, rounding has been blown up by the game that the networks play."""
    plain = tiny.gan(compile_with={"jit_compile": False})
    compiled = tiny.gan(compile_with={"jit_compile": True})
    fit = lambda gan: gan.fit(*DATA, batch_size=20, steps_per_epoch=1, verbose=0).history
    first, second = fit(plain), fit(compiled)
    for name in first:
        np.testing.assert_allclose(first[name], second[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("in_graph", [False, pytest.param(True, marks=full)])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(policy, in_graph):
    keras.mixed_precision.set_global_policy(policy)
    gan = tiny.gan()
    values = tf.function(gan.train_step)(DATA) if in_graph else gan.train_step(DATA)
    assert np.isfinite(values["d_loss"]) and np.isfinite(values["g_loss"])
    scaled = isinstance(gan.d_optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    assert gan.sample([0], seed=1).dtype == tf.float32


@full
def test_exported_it_is_a_sampler(trained, tmp_path):
    trained["gan"].export(tmp_path / "sampler", verbose=False)
    sampler = tf.saved_model.load(tmp_path / "sampler")
    first, second = (sampler.serve(tf.constant([0, 1, 2])) for _ in range(2))
    assert first.shape == (3, 4, 4, 1)
    assert not np.allclose(first, second)


def test_two_replicas():
    """Distinct noise in each; test_gan_processes.py has real ones."""
    seeds = []

    class Context:
        def __init__(self, replica):
            self.replica_id_in_sync_group = replica

    gan = tiny.gan()
    for replica in (0, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tf.distribute, "get_replica_context", lambda replica=replica: Context(replica))
            seeds.append(gan._noise(tf.constant(4, tf.int64), 2).numpy())
    assert not np.allclose(*seeds)


def gated_gan(transition_steps):
    gan = synthesis.GAN(*tiny.gan_networks(2, (2,), gated=True), num_classes=2, seed=1)
    gan.compile(transition_steps=transition_steps)
    return gan


def streamed(x):
    return tf.data.Dataset.from_tensors((x, np.zeros(len(x), "int32")))


def sigmoid_discriminator():
    x = keras.Input((4, 4, 1))
    return keras.Model(x, keras_layers.Dense(1, activation="sigmoid")(keras_layers.Flatten()(x)))


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: synthesis.GAN(1, 2), TypeError, "GAN: `generator` must be a keras.Model"),
        (
            lambda: synthesis.GAN(keras.Sequential(), keras.Model()),
            ValueError,
            "GAN: `generator` must be a functional model, or",
        ),
        (
            lambda: synthesis.GAN(*tiny.gan_networks(None), num_classes=3),
            ValueError,
            "`generator` must have two inputs",
        ),
        (lambda: synthesis.GAN(*tiny.gan_networks(3)), ValueError, "`generator` must have one input"),
        (
            lambda: synthesis.GAN(tiny.gan_networks(None, (5, 5, 1))[0], tiny.gan_networks(None)[1]),
            ValueError,
            r"`discriminator` must take what the generator makes, \(None, 5, 5, 1\)",
        ),
        (lambda: synthesis.GAN(tiny.gan_networks(None)[0], sigmoid_discriminator()), ValueError, "must end in logits"),
        (lambda: synthesis.GAN(*tiny.gan_networks(None), ema=1.0), ValueError, "GAN: `ema` must"),
        (lambda: synthesis.GAN(*tiny.gan_networks(None), augment=lambda x: x), TypeError, "`augment` must be a layer"),
        (lambda: tiny.gan(compile_with={"loss": "relative"}), ValueError, 'must be one of .* mean "relativistic"'),
        (lambda: tiny.gan(compile_with={"r1": -1.0}), ValueError, "GAN: `r1` must"),
        (
            lambda: tiny.gan(compile_with={"n_critic": 0}),
            ValueError,
            "GAN: `n_critic` must be an integer of at least 1",
        ),
        (lambda: tiny.gan(compile_with={"lecam": -1}), ValueError, "GAN: `lecam` must"),
        (lambda: tiny.gan(compile_with={"gradient_penalty": "a"}), TypeError, "GAN: `gradient_penalty` must"),
        (lambda: gated_gan((5, 5)), ValueError, "`transition_steps` must be .first, last. with first < last"),
        (
            lambda: synthesis.GAN(*tiny.gan_networks(2, (2,)), num_classes=2).compile(transition_steps=(0, 4)),
            ValueError,
            "`transition_steps` must be None: the networks have no LabelGate layers",
        ),
        (lambda: tiny.gan().sample([0], truncation=0.0), ValueError, "GAN: `truncation` must"),
        (lambda: tiny.gan().sample([0], accept="d"), ValueError, 'GAN: `accept` must be one of "discriminator"'),
        (lambda: tiny.gan().save("gan.h5"), ValueError, 'GAN: `filepath` must end in ".keras"'),
        (lambda: tiny.gan().fit(streamed(np.full((4, 4, 4, 1), 300.0))), ValueError, "`x` must lie in .0, 255."),
        (lambda: tiny.gan().fit(streamed(np.zeros((4, 9, 4, 1)))), ValueError, "`x` must be samples of shape"),
        (
            lambda: tiny.gan().fit(tf.data.Dataset.from_tensors(np.zeros((4, 4, 4, 1)))),
            ValueError,
            "GAN: `y` must be given",
        ),
        (lambda: tiny.gan().sample(), ValueError, "GAN: `labels` must be given"),
        (lambda: tiny.gan().sample([0, 3]), ValueError, "GAN: `labels` must be from 0 to 2"),
        (lambda: tiny.gan().sample([0.5]), TypeError, "GAN: `labels` must be integers"),
        (lambda: tiny.gan().fit(np.zeros((4, 4, 4, 1))), ValueError, "GAN: `y` must be given"),
        (lambda: tiny.gan().fit(np.zeros((4, 4, 4, 1)), [0, 1, 2, 3]), ValueError, "`y` must be below num_classes=3"),
        (lambda: tiny.gan().fit(np.zeros((4, 4, 4, 1)), ["a"] * 4), TypeError, "GAN: `y` must be integer labels"),
        (
            lambda: tiny.gan().fit(np.zeros((4, 9, 4, 1)), [0] * 4),
            ValueError,
            r"`x` must be samples of shape \(4, 4, 1\)",
        ),
        (
            lambda: tiny.gan(value_range=None).fit(np.full((4, 4, 4, 1), 255.0), [0] * 4),
            ValueError,
            r"`x` must lie in \[-1, 1\] .* Received: x='values from 255 to 255'",
        ),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
