import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as keras_layers

from keras_augsynth import layers, synthesis
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
    assert set(history) == {"d_loss", "g_loss", "d_real", "d_fake"}
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

    *_, penalty = gan._judge_with_penalty(real, fake, [])
    np.testing.assert_allclose(penalty, squared_gradient(real) + 1.5 * squared_gradient(fake), rtol=1e-3)


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
