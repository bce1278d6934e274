import pathlib
import zipfile

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from keras import layers as keras_layers

from keras_augsynth import layers, synthesis
from keras_augsynth.synthesis import penalties
from keras_augsynth.synthesis.losses import LOSSES


def networks(num_classes=3, width=2):
    """Small enough to compile at once."""
    return synthesis.dcgan((8, 8, 1), num_classes=num_classes, latent_dim=4, width=width)


def small_gan(num_classes=3, compile_with=None, **kwargs):
    keras.utils.set_random_seed(3)
    arguments = {"num_classes": num_classes, "seed": 5, "value_range": (0, 255), **kwargs}
    gan = synthesis.GAN(*networks(num_classes), **arguments)
    gan.compile(**(compile_with or {}))
    return gan


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [30, 8, 2])
    return rng.integers(0, 256, (40, 8, 8, 1)).astype("float32"), y


def state(gan):
    values = [*gan.get_weights(), *(v.numpy() for o in (gan.g_optimizer, gan.d_optimizer) for v in o.variables)]
    return [np.asarray(value) for value in values]


def assert_same_state(first, second):
    for a, b in zip(state(first), state(second), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("loss", LOSSES)
def test_trains_with_every_loss(data, loss):
    gan = small_gan(compile_with={"loss": loss})
    before = gan.average.get_weights()
    history = gan.fit(*data, batch_size=16, epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert set(history) == {"d_loss", "g_loss", "d_real", "d_fake", "d_sign"}
    assert any(np.any(a != b) for a, b in zip(before, gan.average.get_weights(), strict=True))


def test_unconditional(data):
    gan = small_gan(num_classes=None)
    gan.fit(data[0], batch_size=16, epochs=1, verbose=0)
    assert gan.sample(n=5, seed=1).shape == (5, 8, 8, 1)
    with pytest.raises(ValueError, match="GAN: `n` must be given, and `labels` not"):
        gan.sample([0, 1])


def test_samples_are_a_function_of_seed_label_and_row(data):
    gan = small_gan()
    gan.fit(*data, batch_size=16, epochs=1, verbose=0)
    labels = np.array([0, 2, 1, 1])
    first = gan.sample(labels, seed=7).numpy()
    np.testing.assert_array_equal(gan.sample(labels, seed=tf.constant(7)), first)
    np.testing.assert_allclose(gan.sample(labels[:2], seed=7), first[:2], rtol=1e-5, atol=1e-3)
    in_graph = tf.function(lambda labels, seed: gan.sample(labels, seed=seed))
    np.testing.assert_allclose(in_graph(labels, 7), first, rtol=1e-5, atol=1e-3)
    assert not np.allclose(gan.sample(labels, seed=8), first)
    assert not np.allclose(gan.sample(labels), gan.sample(labels))
    assert first.min() >= 0 and first.max() <= 255
    assert not np.allclose(gan.sample([0, 0], seed=7)[1], first[1])  # the label matters


def test_no_labels_give_no_samples():
    """In a graph, too, where TensorFlow's convolutions get the shape of an empty batch wrong."""
    gan = synthesis.GAN(*synthesis.dcgan((8, 8, 1), num_classes=4, width=4), num_classes=4)
    together = tf.function(lambda labels: tf.concat([tf.zeros((2, 8, 8, 1)), gan.sample(labels, seed=3)], axis=0))
    assert together(tf.zeros((0,), tf.int32)).shape == (2, 8, 8, 1)
    with pytest.warns(UserWarning, match="GAN: sampled before any training"):
        assert gan.sample(np.zeros(0, int), seed=3).shape == (0, 8, 8, 1)


@pytest.mark.parametrize("augment", [None, "diffaugment", "pipeline"])
def test_resumes_bit_for_bit(data, tmp_path, augment):
    """Four epochs at once, and two, saved, loaded in place of it all, and two more."""
    build = {
        None: lambda: None,
        "diffaugment": lambda: synthesis.DiffAugment(seed=1, jit=False),
        "pipeline": lambda: layers.Pipeline([layers.RandomTranslation(0.1, 0.1)], seed=1),
    }[augment]
    straight, stopped = small_gan(augment=build()), small_gan(augment=build())
    straight.fit(*data, batch_size=16, epochs=4, verbose=0)
    stopped.fit(*data, batch_size=16, epochs=2, verbose=0)
    stopped.save(tmp_path / "gan.keras")
    keras.utils.set_random_seed(99)  # nothing may hang on it
    resumed = keras.models.load_model(tmp_path / "gan.keras")
    assert_same_state(resumed, stopped)
    resumed.fit(*data, batch_size=16, epochs=2, verbose=0)
    assert_same_state(resumed, straight)
    labels = np.array([0, 1, 2])
    np.testing.assert_array_equal(resumed.sample(labels, seed=1), straight.sample(labels, seed=1))


def test_backup_and_restore_after_a_kill(data, tmp_path):
    class Killed(Exception):
        pass

    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise Killed

    straight, killed, restored = small_gan(), small_gan(), small_gan()
    straight.fit(*data, batch_size=16, epochs=4, verbose=0)
    backup = lambda: keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(Killed):
        killed.fit(*data, batch_size=16, epochs=4, verbose=0, callbacks=[backup(), Kill()])
    restored.fit(*data, batch_size=16, epochs=4, verbose=0, callbacks=[backup()])
    assert_same_state(restored, straight)


def test_batches_are_balanced_and_paired(data):
    """Class 2 has 2 of 40 samples and comes up in a third of the rows."""
    seen = []

    class Spy(synthesis.GAN):
        def train_step(self, data):
            seen.append(data[1])
            return super().train_step(data)

    gan = Spy(*networks(), num_classes=3, seed=1, value_range=(0, 255))
    gan.compile(run_eagerly=True)
    gan.fit(*data, batch_size=40, epochs=12, verbose=0)
    counts = np.bincount(np.concatenate(seen), minlength=3)
    assert counts.sum() == 12 * 40
    assert counts.min() > 120
    assert not np.array_equal(seen[0], seen[1])


def test_data_sets_are_taken_as_they_come(data):
    gan = small_gan()
    batches = tf.data.Dataset.from_tensor_slices(data).batch(20)
    assert np.isfinite(gan.fit(batches, epochs=1, verbose=0).history["d_loss"][0])


def test_average_follows_the_generator(data):
    gan = small_gan(ema=0.0)
    gan.fit(*data, batch_size=16, epochs=1, verbose=0)
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


def test_lecam_remembers_the_usual_logits(data):
    gan = small_gan(compile_with={"loss": "hinge", "lecam": 0.3})
    history = gan.fit(*data, batch_size=40, epochs=1, verbose=0).history
    usual = gan._usual.numpy() / (1 - 0.99)  # after one step: the zeros it began with are taken off
    np.testing.assert_allclose(usual, [history["d_real"][0], history["d_fake"][0]], rtol=1e-4)


def test_discriminator_takes_n_critic_steps(data):
    gan = small_gan(compile_with={"loss": "wasserstein", "n_critic": 3})
    gan.fit(*data, batch_size=8, epochs=2, verbose=0)
    assert int(gan.g_optimizer.iterations) == 4  # 40 samples are two batches of 3 x 8
    assert int(gan.d_optimizer.iterations) == 12
    np.testing.assert_array_equal([gan._part(tf.range(7), k) for k in range(3)], [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal([gan._part(tf.range(2), k) for k in range(3)], [[0], [1], [0]])


def test_label_gates_open_between_the_steps():
    gan = gated_gan((2, 4))
    x, y = np.random.default_rng(0).normal(size=(8, 2)).astype("float32"), np.arange(8) % 2
    openness = []
    look = lambda *args: openness.append(float(gan.average.layers[3].openness.value))
    gan.fit(x, y, batch_size=8, epochs=6, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=look)])
    assert openness == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0]


def test_shut_label_gates_hide_the_label():
    gan = gated_gan((100, 200))
    x, y = np.random.default_rng(0).normal(size=(8, 2)).astype("float32"), np.arange(8) % 2
    gan.fit(x, y, batch_size=8, epochs=1, verbose=0)
    first, second = (gan.sample([label], seed=1) for label in (0, 1))
    np.testing.assert_array_equal(first, second)
    gan.compile()  # which opens them
    gan.fit(x, y, batch_size=8, epochs=1, verbose=0)
    assert not np.allclose(gan.sample([0], seed=1), gan.sample([1], seed=1))


def test_augmentation_comes_up_as_often_as_it_shall(data):
    gan = small_gan(augment=keras_layers.Rescaling(0.0))
    ones = tf.ones((400, 8, 8, 1))
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


def test_a_file_is_whole_or_not_there(data, tmp_path, monkeypatch):
    gan = small_gan()
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
    gan = small_gan(compile_with=compile_with)
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
    gan.compile(r1=0.1, r2=0.1)
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


def test_xla_gives_the_same_step(data):
    """One step: after more, rounding has been blown up by the game that the networks play."""
    plain = small_gan(compile_with={"jit_compile": False})
    compiled = small_gan(compile_with={"jit_compile": True})
    fit = lambda gan: gan.fit(*data, batch_size=20, steps_per_epoch=1, verbose=0).history
    first, second = fit(plain), fit(compiled)
    for name in first:
        np.testing.assert_allclose(first[name], second[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(data, policy):
    keras.mixed_precision.set_global_policy(policy)
    gan = small_gan()
    history = gan.fit(*data, batch_size=16, epochs=1, verbose=0).history
    assert np.isfinite(history["d_loss"][0]) and np.isfinite(history["g_loss"][0])
    scaled = isinstance(gan.d_optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    assert gan.sample([0], seed=1).dtype == tf.float32


def test_exported_it_is_a_sampler(data, tmp_path):
    gan = small_gan()
    gan.fit(*data, batch_size=16, epochs=1, verbose=0)
    gan.export(tmp_path / "sampler", input_signature=[keras.InputSpec(shape=(None,), dtype="int32")], verbose=False)
    sampler = tf.saved_model.load(tmp_path / "sampler")
    first, second = (sampler.serve(tf.constant([0, 1, 2])) for _ in range(2))
    assert first.shape == (3, 8, 8, 1)
    assert not np.allclose(first, second)


def test_two_replicas(data):
    """Distinct noise in each; in a process of its own, since devices are set before TensorFlow starts."""
    seeds = []

    class Context:
        def __init__(self, replica):
            self.replica_id_in_sync_group = replica

    gan = small_gan()
    for replica in (0, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tf.distribute, "get_replica_context", lambda replica=replica: Context(replica))
            seeds.append(gan._noise(tf.constant(4, tf.int64), 2).numpy())
    assert not np.allclose(*seeds)


def plane(gated=True):
    """Networks for points of a plane with two labels, as small as they get."""
    noise, label, x = keras.Input((2,)), keras.Input((), dtype="int32"), keras.Input((2,))
    gate = synthesis.LabelGate if gated else keras_layers.Identity
    hear = lambda label, size: gate()(keras_layers.Embedding(2, size, embeddings_initializer="uniform")(label))
    h = keras_layers.Dense(8, activation="relu")(keras_layers.Concatenate()([noise, hear(label, 2)]))
    generator = keras.Model([noise, label], keras_layers.Dense(2)(h))
    h = keras_layers.Dense(8, activation="tanh")(x)
    logit = keras_layers.Add()([keras_layers.Dense(1)(h), keras_layers.Dot(1)([h, hear(label, 8)])])
    return generator, keras.Model([x, label], logit)


def gated_gan(transition_steps):
    gan = synthesis.GAN(*plane(), num_classes=2, seed=1)
    gan.compile(transition_steps=transition_steps)
    return gan


def streamed(x):
    return tf.data.Dataset.from_tensors((x, np.zeros(len(x), "int32")))


def sigmoid_discriminator():
    x = keras.Input((8, 8, 1))
    return keras.Model(x, keras_layers.Dense(1, activation="sigmoid")(keras_layers.Flatten()(x)))


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: synthesis.GAN(1, 2), TypeError, "GAN: `generator` must be a keras.Model"),
        (lambda: synthesis.GAN(*networks(None), num_classes=3), ValueError, "`generator` must have two inputs"),
        (lambda: synthesis.GAN(*networks(3)), ValueError, "`generator` must have one input"),
        (
            lambda: synthesis.GAN(synthesis.dcgan((16, 16, 1))[0], synthesis.dcgan((8, 8, 1))[1]),
            ValueError,
            r"`discriminator` must take what the generator makes, \(None, 16, 16, 1\)",
        ),
        (lambda: synthesis.GAN(networks(None)[0], sigmoid_discriminator()), ValueError, "must end in logits"),
        (lambda: synthesis.GAN(*networks(None), ema=1.0), ValueError, "GAN: `ema` must"),
        (lambda: synthesis.GAN(*networks(None), augment=lambda x: x), TypeError, "`augment` must be a layer"),
        (lambda: small_gan(compile_with={"loss": "relative"}), ValueError, 'must be one of .* mean "relativistic"'),
        (lambda: small_gan(compile_with={"r1": -1.0}), ValueError, "GAN: `r1` must"),
        (
            lambda: small_gan(compile_with={"n_critic": 0}),
            ValueError,
            "GAN: `n_critic` must be an integer of at least 1",
        ),
        (lambda: small_gan(compile_with={"lecam": -1}), ValueError, "GAN: `lecam` must"),
        (lambda: small_gan(compile_with={"gradient_penalty": "a"}), TypeError, "GAN: `gradient_penalty` must"),
        (lambda: gated_gan((5, 5)), ValueError, "`transition_steps` must be .first, last. with first < last"),
        (
            lambda: synthesis.GAN(*plane(gated=False), num_classes=2).compile(transition_steps=(0, 4)),
            ValueError,
            "`transition_steps` must be None: the networks have no LabelGate layers",
        ),
        (lambda: small_gan().sample([0], truncation=0.0), ValueError, "GAN: `truncation` must"),
        (lambda: small_gan().sample([0], accept="d"), ValueError, 'GAN: `accept` must be one of "discriminator"'),
        (lambda: small_gan().save("gan.h5"), ValueError, 'GAN: `filepath` must end in ".keras"'),
        (lambda: small_gan().fit(streamed(np.full((4, 8, 8, 1), 300.0))), ValueError, "`x` must lie in .0, 255."),
        (lambda: small_gan().fit(streamed(np.zeros((4, 9, 8, 1)))), ValueError, "`x` must be samples of shape"),
        (
            lambda: small_gan().fit(tf.data.Dataset.from_tensors(np.zeros((4, 8, 8, 1)))),
            ValueError,
            "GAN: `y` must be given",
        ),
        (lambda: small_gan().sample(), ValueError, "GAN: `labels` must be given"),
        (lambda: small_gan().sample([0, 3]), ValueError, "GAN: `labels` must be from 0 to 2"),
        (lambda: small_gan().sample([0.5]), TypeError, "GAN: `labels` must be integers"),
        (lambda: small_gan().fit(np.zeros((4, 8, 8, 1))), ValueError, "GAN: `y` must be given"),
        (lambda: small_gan().fit(np.zeros((4, 8, 8, 1)), [0, 1, 2, 3]), ValueError, "`y` must be below num_classes=3"),
        (lambda: small_gan().fit(np.zeros((4, 8, 8, 1)), ["a"] * 4), TypeError, "GAN: `y` must be integer labels"),
        (
            lambda: small_gan().fit(np.zeros((4, 9, 8, 1)), [0] * 4),
            ValueError,
            r"`x` must be samples of shape \(8, 8, 1\)",
        ),
        (
            lambda: small_gan(value_range=None).fit(np.full((4, 8, 8, 1), 255.0), [0] * 4),
            ValueError,
            r"`x` must lie in \[-1, 1\] .* Received: x='values from 255 to 255'",
        ),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
