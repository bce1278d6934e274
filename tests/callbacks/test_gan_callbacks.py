"""What looks after a GAN while it trains."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import callbacks, synthesis

pytestmark = pytest.mark.xdist_group("gan_callbacks")  # one GAN is traced for all of them

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
X = (RNG.random((60, 8, 8, 1)) * 60 + 80 * Y[:, None, None, None]).astype("float32")


def built(run_eagerly=False, **kwargs):
    random.seed(1)  # which Keras seeds initial weights by
    networks = synthesis.mlp_gan((8, 8, 1), 3, latent_dim=4)
    model = synthesis.GAN(*networks, num_classes=3, value_range=(0, 255), seed=1, **kwargs)
    model.compile(loss="hinge", run_eagerly=run_eagerly)
    return model


def variables(model):
    return [*model.variables, *model.g_optimizer.variables, *model.d_optimizer.variables]


def state(model):
    return [np.array(variable) for variable in variables(model)]


@pytest.fixture(scope="module")
def traced():
    model = built(augment=synthesis.DiffAugment(seed=1, jit=False))
    return model, state(model)


@pytest.fixture
def gan(traced):
    """As it was built."""
    model, values = traced
    for variable, value in zip(variables(model), values, strict=True):
        variable.assign(value)
    return model


def plain_model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def fit(model, *used, epochs=1):
    return model.fit(X, Y, batch_size=30, epochs=epochs, verbose=0, callbacks=list(used)).history


class TestGeneratorCheckpoint:
    @pytest.mark.parametrize(
        ("mode", "values"), [("min", [3.0, 1.0, 2.0, float("nan")]), ("max", [1.0, 3.0, 2.0, float("nan")])]
    )
    def test_writes_generators_and_the_best(self, gan, tmp_path, mode, values):
        """The best of a distance (such as KID) is the smallest, that of density and coverage the largest."""
        kept, given = [], iter(values)
        quality = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(quality=next(given)))
        keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(gan.average.get_weights()))
        path = tmp_path / "made" / "g_{epoch:02d}.keras"
        check = callbacks.GeneratorCheckpoint(path, every=2, monitor="quality", mode=mode)
        fit(gan, quality, check, keep, epochs=4)
        names = sorted(path.name for path in (tmp_path / "made").iterdir())
        assert names == ["g_02.keras", "g_04.keras", "g_best.json", "g_best.keras"]
        best = keras.models.load_model(tmp_path / "made" / "g_best.keras")
        for found, expected in zip(best.get_weights(), kept[1], strict=True):
            np.testing.assert_array_equal(found, expected)
        assert best([np.zeros((2, 4)), np.array([0, 1])]).shape == (2, 8, 8, 1)

    @pytest.mark.full
    def test_full_disk_stops_nothing(self, gan, tmp_path, monkeypatch):
        check = callbacks.GeneratorCheckpoint(tmp_path / "g.keras")
        fit(gan, check)
        good = (tmp_path / "g.keras").read_bytes()

        def full(self, path, **kwargs):
            with open(path, "wb") as file:
                file.write(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(keras.Model, "save", full)
        with pytest.warns(UserWarning, match=r"GeneratorCheckpoint: .* was not written \(No space left on device\)"):
            history = fit(gan, check, epochs=2)
        assert len(history["d_loss"]) == 2
        assert (tmp_path / "g.keras").read_bytes() == good
        assert [path.name for path in tmp_path.iterdir()] == ["g.keras"]

    @pytest.mark.parametrize("first", [True, False])
    def test_the_order_among_the_callbacks_does_not_matter(self, gan, tmp_path, first):
        """What logs the quality may come behind; a last epoch counts, too."""
        given = iter([3.0, 1.0])
        quality = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(quality=next(given)))
        check = callbacks.GeneratorCheckpoint(tmp_path / "g.keras", every=9, monitor="quality")
        fit(gan, *([check, quality] if first else [quality, check]), epochs=2)
        assert check.best == 1.0
        best = keras.models.load_model(tmp_path / "g_best.keras")
        for found, expected in zip(best.get_weights(), gan.average.get_weights(), strict=True):
            np.testing.assert_array_equal(found, expected)

    def test_a_training_that_goes_on_keeps_its_best(self, gan, tmp_path):
        path = tmp_path / "g.keras"

        def go_on(value, start):
            quality = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(quality=value))
            check = callbacks.GeneratorCheckpoint(path, monitor="quality")
            options = {"epochs": start + 1, "initial_epoch": start, "verbose": 0, "callbacks": [quality, check]}
            gan.fit(X, Y, batch_size=30, **options)
            return check.best

        assert go_on(2.0, 0) == 2.0
        best = (tmp_path / "g_best.keras").read_bytes()
        assert go_on(3.0, 1) == 2.0
        assert (tmp_path / "g_best.keras").read_bytes() == best
        assert go_on(1.0, 2) == 1.0
        assert go_on(3.0, 0) == 3.0  # a new training
        (tmp_path / "g_best.json").write_bytes(b'{"quali')
        with pytest.warns(UserWarning, match="g_best.json.* cannot be read .* the best is found anew"):
            assert go_on(4.0, 1) == 4.0

    def test_refuses(self, gan, tmp_path):
        with pytest.raises(ValueError, match="`monitor` must be a measure of quality"):
            callbacks.GeneratorCheckpoint("g.keras", monitor="g_loss")
        with pytest.raises(ValueError, match=r'`path` must end in "\.keras"'):
            callbacks.GeneratorCheckpoint("g.h5")
        with pytest.raises(ValueError, match=r"`path` must hold no other field than \{epoch\}"):
            callbacks.GeneratorCheckpoint("{step}.keras")
        with pytest.raises(TypeError, match="`model` must be a GAN"):
            plain_model().fit(np.zeros((4, 2)), np.zeros(4), callbacks=[callbacks.GeneratorCheckpoint("g.keras")])
        with pytest.warns(UserWarning, match='no epoch logged "kid"'):
            fit(gan, callbacks.GeneratorCheckpoint(tmp_path / "g.keras", monitor="kid"))


class TestAdaptiveAugment:
    def test_chance_follows_the_sign(self, gan):
        chances = []
        gan.augment_chance.assign(0.0)
        gan.adaptation.assign([1 / 100, 0.6, 0.8])
        for sign in (0.9, 0.9, 0.9, 0.3, 0.3, 0.3, 0.6):
            gan._adapt(tf.constant(sign), tf.constant(30))
            chances.append(float(gan.augment_chance))
        np.testing.assert_allclose(chances, [0.3, 0.6, 0.8, 0.5, 0.2, 0.0, 0.0], atol=1e-6)

    @pytest.mark.parametrize(
        ("start", "target", "speed", "end"),
        [
            (1.0, -1.0, 600, 0.1),
            pytest.param(0.35, -1.0, 600, 0.45, marks=pytest.mark.full),
            (0.35, 1.0, 600, 0.25),
            pytest.param(0.0, -1.0, 60, 0.8, marks=pytest.mark.full),
        ],
        ids=["starts at 0", "up", "down", "at most"],
    )
    def test_every_step_moves_the_chance(self, gan, start, target, speed, end):
        """Two steps of 30 samples; the sign is above -1, and below 1."""
        gan.augment_chance.assign(start)
        history = fit(gan, callbacks.AdaptiveAugment(target=target, speed=speed))
        assert -1.0 < history["d_sign"][0] < 1.0
        assert history["augment_chance"][0] == pytest.approx(end, abs=1e-6)
        assert not np.any(gan.adaptation)
        fit(gan)  # without the callback it stays
        assert float(gan.augment_chance) == pytest.approx(end, abs=1e-6)

    def test_is_saved(self, gan, tmp_path):
        gan.augment_chance.assign(0.35)
        gan.save(tmp_path / "gan.keras")
        loaded = keras.models.load_model(tmp_path / "gan.keras")
        assert float(loaded.augment_chance) == pytest.approx(0.35)

    def test_refuses(self):
        with pytest.raises(TypeError, match="`model` must be a GAN with an `augment`"):
            fit(built(), callbacks.AdaptiveAugment())
        with pytest.raises(ValueError, match="`most` must"):
            callbacks.AdaptiveAugment(most=1.0)


class TestQualityMonitor:
    def test_logs_quality(self, gan, tmp_path):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        monitor = callbacks.QualityMonitor(X, Y, every=2, log_dir=str(tmp_path))
        history = fit(gan, monitor, epochs=2)
        for name in ("kid", "density", "coverage", "diversity"):
            np.testing.assert_array_equal(np.isnan(history[name]), [True, False], err_msg=name)
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
    @pytest.mark.full
    def test_a_healthy_training_is_left_alone(self, gan):
        history = fit(gan, callbacks.GANHealth(X, Y, least_diversity=0.0, most_sign=1.0), epochs=2)
        assert len(history["diversity"]) == 2

    @pytest.mark.full
    def test_every_epoch_has_a_number_and_gaps_are_no_fault(self, gan):
        """The gaps of a monitor that looks more rarely are not taken for a training that has broken."""
        monitor = callbacks.QualityMonitor(X, Y, every=2)
        health = callbacks.GANHealth(X, Y, every=2, least_diversity=0.0, most_sign=1.0)
        for used in ([monitor, health], [health, monitor], [health]):
            history = fit(gan, *used, epochs=2)
            np.testing.assert_array_equal(np.isnan(history["diversity"]), [True, False])
            assert {len(values) for values in history.values()} == {2}

    @pytest.mark.parametrize("broken", [0, 2])
    def test_not_a_number_brings_the_last_good_state_back(self, gan, broken):
        """That of the epoch before, or of the beginning: of the networks, the average and both optimizers."""
        good = []

        def watch(epoch, logs):
            good.append(state(gan))
            if epoch == broken:
                weight = gan.generator.trainable_variables[0]
                weight.assign(np.full(weight.shape, np.nan))

        breaks = keras.callbacks.LambdaCallback(on_epoch_begin=watch)
        health = callbacks.GANHealth(X, Y, least_diversity=0.0, most_sign=1.0)
        with pytest.warns(UserWarning, match=f"GANHealth: numbers were not finite in epoch {broken + 1}"):
            history = fit(gan, breaks, health, epochs=4)
        assert len(history["d_loss"]) == broken + 1
        for found, expected in zip(state(gan), good[-1], strict=True):
            np.testing.assert_array_equal(found, expected)
        assert int(gan.g_optimizer.iterations) == int(gan.d_optimizer.iterations) == 2 * broken

    def test_collapse_is_noticed(self, gan, monkeypatch):
        monkeypatch.setattr(gan, "sample", lambda labels, seed: tf.ones((len(labels), 8, 8, 1)) * 100.0)
        with pytest.warns(UserWarning, match="GANHealth: samples are 0% as far apart as real ones in epoch 1"):
            history = fit(gan, callbacks.GANHealth(X, Y, most_sign=1.0), epochs=2)
        assert history["diversity"] == [0.0, 0.0]

    def test_a_discriminator_that_has_won_is_noticed(self, gan):
        with pytest.warns(UserWarning, match="GANHealth: the discriminator tells"):
            fit(gan, callbacks.GANHealth(X, Y, most_sign=0.0, least_diversity=0.0), epochs=5)

    def test_refuses(self):
        with pytest.raises(TypeError, match="`model` must be a GAN that is compiled"):
            plain_model().fit(np.zeros((4, 2)), np.zeros(4), callbacks=[callbacks.GANHealth(X)])
