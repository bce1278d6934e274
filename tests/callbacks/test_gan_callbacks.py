"""What looks after a GAN while it trains."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import callbacks, synthesis

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
X = (RNG.random((60, 8, 8, 1)) * 60 + 80 * Y[:, None, None, None]).astype("float32")


def gan(**kwargs):
    keras.utils.set_random_seed(1)
    networks = synthesis.mlp_gan((8, 8, 1), 3, latent_dim=4)
    model = synthesis.GAN(*networks, num_classes=3, value_range=(0, 255), seed=1, **kwargs)
    model.compile()
    return model


def plain_model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def fit(model, *used, epochs=1):
    return model.fit(X, Y, batch_size=30, epochs=epochs, verbose=0, callbacks=list(used)).history


class TestGeneratorCheckpoint:
    def test_writes_generators_and_the_best(self, tmp_path):
        model, values = gan(), iter([3.0, 1.0, 2.0, float("nan")])
        quality = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(kid=next(values)))
        kept = []
        keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(model.average.get_weights()))
        check = callbacks.GeneratorCheckpoint(tmp_path / "made" / "g_{epoch:02d}.keras", every=2, monitor="kid")
        fit(model, quality, check, keep, epochs=4)
        names = sorted(path.name for path in (tmp_path / "made").iterdir())
        assert names == ["g_02.keras", "g_04.keras", "g_best.keras"]
        best = keras.models.load_model(tmp_path / "made" / "g_best.keras")
        for found, expected in zip(best.get_weights(), kept[1], strict=True):
            np.testing.assert_array_equal(found, expected)
        assert best([np.zeros((2, 4)), np.array([0, 1])]).shape == (2, 8, 8, 1)

    def test_full_disk_stops_nothing(self, tmp_path, monkeypatch):
        check = callbacks.GeneratorCheckpoint(tmp_path / "g.keras")
        fit(gan(), check)
        good = (tmp_path / "g.keras").read_bytes()

        def full(self, path, **kwargs):
            with open(path, "wb") as file:
                file.write(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(keras.Model, "save", full)
        with pytest.warns(UserWarning, match=r"GeneratorCheckpoint: .* was not written \(No space left on device\)"):
            history = fit(gan(), check, epochs=2)
        assert len(history["d_loss"]) == 2
        assert (tmp_path / "g.keras").read_bytes() == good
        assert [path.name for path in tmp_path.iterdir()] == ["g.keras"]

    def test_refuses(self, tmp_path):
        with pytest.raises(ValueError, match="`monitor` must be a measure of quality"):
            callbacks.GeneratorCheckpoint("g.keras", monitor="g_loss")
        with pytest.raises(ValueError, match=r'`path` must end in "\.keras"'):
            callbacks.GeneratorCheckpoint("g.h5")
        with pytest.raises(ValueError, match=r"`path` must hold no other field than \{epoch\}"):
            callbacks.GeneratorCheckpoint("{step}.keras")
        with pytest.raises(TypeError, match="`model` must be a GAN"):
            plain_model().fit(np.zeros((4, 2)), np.zeros(4), callbacks=[callbacks.GeneratorCheckpoint("g.keras")])
        with pytest.warns(UserWarning, match='no epoch logged "kid"'):
            fit(gan(), callbacks.GeneratorCheckpoint(tmp_path / "g.keras", monitor="kid"))


class TestAdaptiveAugment:
    def test_chance_follows_the_sign(self):
        model = gan(augment=synthesis.DiffAugment(seed=1, jit=False))
        chances = []
        model.augment_chance.assign(0.0)
        model.adaptation.assign([1 / 100, 0.6, 0.8])
        for sign in (0.9, 0.9, 0.9, 0.3, 0.3, 0.3, 0.6):
            model._adapt(tf.constant(sign), tf.constant(30))
            chances.append(float(model.augment_chance))
        np.testing.assert_allclose(chances, [0.3, 0.6, 0.8, 0.5, 0.2, 0.0, 0.0], atol=1e-6)

    def test_starts_at_nothing_and_is_kept_and_saved(self, tmp_path):
        model = gan(augment=synthesis.DiffAugment(seed=1, jit=False))
        history = fit(model, callbacks.AdaptiveAugment(target=-0.99, speed=600))
        assert 0.0 <= history["augment_chance"][0] <= 0.1 + 1e-6  # two steps of 30 samples
        assert not np.any(model.adaptation)
        model.augment_chance.assign(0.35)
        model.save(tmp_path / "gan.keras")
        loaded = keras.models.load_model(tmp_path / "gan.keras")
        assert float(loaded.augment_chance) == pytest.approx(0.35)
        fit(loaded)  # without the callback it stays
        assert float(loaded.augment_chance) == pytest.approx(0.35)

    def test_refuses(self):
        with pytest.raises(TypeError, match="`model` must be a GAN with an `augment`"):
            fit(gan(), callbacks.AdaptiveAugment())
        with pytest.raises(ValueError, match="`most` must"):
            callbacks.AdaptiveAugment(most=1.0)


class TestQualityMonitor:
    def test_logs_quality(self, tmp_path):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        monitor = callbacks.QualityMonitor(X, Y, every=2, log_dir=str(tmp_path))
        history = fit(gan(), monitor, epochs=2)
        assert {"kid", "density", "coverage", "diversity"} <= set(history)
        assert len(history["kid"]) == 1
        assert EventAccumulator(str(tmp_path)).Reload().Tensors("kid")[0].step == 2

    def test_real_samples_are_better_than_noise(self):
        resampler = synthesis.AugmentedResampler().fit(X, Y)
        good = callbacks.QualityMonitor(X, Y, synthesizer=resampler).measure()

        class Noise:
            def fit(self, x, y):
                return self

            def sample(self, labels, seed=None):
                return np.random.default_rng(seed).random((len(labels), 8, 8, 1)) * 255

        bad = callbacks.QualityMonitor(X, Y, synthesizer=Noise()).measure()
        assert good["kid"] < 0.2 * bad["kid"]
        assert good["coverage"] > bad["coverage"] + 0.3

    def test_refuses(self):
        with pytest.raises(ValueError, match="`x` must be an integer of at least 10"):
            callbacks.QualityMonitor(X[:9])
        monitor = callbacks.QualityMonitor(X, Y)
        with pytest.raises(TypeError, match="`synthesizer` must be given"):
            plain_model().fit(np.zeros((4, 2)), np.zeros(4), callbacks=[monitor])


class TestGANHealth:
    def test_a_healthy_training_is_left_alone(self):
        model = gan()
        history = fit(model, callbacks.GANHealth(X, Y, least_diversity=0.0, most_sign=1.0), epochs=2)
        assert len(history["diversity"]) == 2

    def test_not_a_number_brings_the_last_good_state_back(self):
        model = gan()
        fit(model)
        good = [np.asarray(v) for v in model.variables]

        def break_it(epoch, logs):
            model.generator.trainable_variables[0].assign(np.full(model.generator.trainable_variables[0].shape, np.nan))

        breaks = keras.callbacks.LambdaCallback(on_epoch_begin=break_it)
        with pytest.warns(UserWarning, match="GANHealth: numbers were not finite in epoch 1"):
            history = fit(model, breaks, callbacks.GANHealth(X, Y), epochs=3)
        assert len(history["d_loss"]) == 1
        for found, expected in zip(model.variables, good, strict=True):
            np.testing.assert_array_equal(found, expected)

    def test_collapse_is_noticed(self):
        model = gan()
        model.sample = lambda labels, seed: tf.ones((len(labels), 8, 8, 1)) * 100.0
        with pytest.warns(UserWarning, match="GANHealth: samples are 0% as far apart as real ones in epoch 1"):
            history = fit(model, callbacks.GANHealth(X, Y, most_sign=1.0), epochs=2)
        assert history["diversity"] == [0.0, 0.0]

    def test_a_discriminator_that_has_won_is_noticed(self):
        with pytest.warns(UserWarning, match="GANHealth: the discriminator tells"):
            fit(gan(), callbacks.GANHealth(X, Y, most_sign=0.0, least_diversity=0.0), epochs=5)

    def test_refuses(self):
        with pytest.raises(TypeError, match="`model` must be a GAN that is compiled"):
            plain_model().fit(np.zeros((4, 2)), np.zeros(4), callbacks=[callbacks.GANHealth(X)])
