"""What the trained sources of samples share; each model's own mathematics is in its own file."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny

from keras_augsynth import synthesis
from keras_augsynth.synthesis import generative, interruption

pytestmark = pytest.mark.xdist_group("trained synthesizers")
full = pytest.mark.full
rare = functools.partial(pytest.param, marks=full)
X, Y = tiny.X, tiny.Y
LABELS = np.array([0, 2, 1, 1])


MODELS = {"vae": tiny.vae, "flow": tiny.flow}  # a GAN has its own file


@pytest.fixture
def model(trained):
    """One for all, where it is the base class that is asked."""
    return trained["vae"]


def stub(fit_with, **kwargs):
    """A model whose steps take no time, fitted; and the batches it was given."""
    seen = []

    class Spy(synthesis.FlowMatching):
        def train_step(self, data):
            seen.append([np.asarray(part) for part in (data if isinstance(data, tuple) else [data])])
            self._steps.assign_add(1)
            return {"rows": 0.0}

    spy = Spy(**{"seed": 1, **kwargs})
    spy.compile(run_eagerly=True)
    spy.fit(**{"verbose": 0, **fit_with})
    return spy, seen


def state(model):
    return [np.asarray(value) for value in (*model.get_weights(), *(v.numpy() for v in model.optimizer.variables))]


def assert_same_state(first, second):
    for a, b in zip(state(first), state(second), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", tiny.MODELS)
def test_samples_are_in_range_and_obey_label_and_seed(name, trained):
    """What else samples must be, test_every_synthesizer.py asks."""
    model = trained[name]
    first = model.sample(LABELS, seed=7).numpy()
    assert first.min() >= 0 and first.max() <= 255
    np.testing.assert_array_equal(model.sample(LABELS, seed=tf.constant(7)), first)
    assert not np.allclose(model.sample([0, 0, 1, 1], seed=7)[1], first[1])  # the label matters


def test_blocks_do_not_show(model, monkeypatch):
    labels = np.arange(10) % 3
    whole = model.sample(labels, seed=7)
    monkeypatch.setattr(generative, "_BLOCK", 3)
    monkeypatch.setattr(model, "_made_in_graph", model._made)  # not the graph that was traced with another size
    np.testing.assert_allclose(model.sample(labels, seed=7), whole, atol=1e-3)


def test_one_block_is_in_memory_at_a_time(model, monkeypatch):
    """The network is never shown more rows than a block has, however many samples are wanted."""
    seen, generate = [], model._generate
    monkeypatch.setattr(model, "_generate", lambda *args: seen.append(tf.shape(args[0])[0]) or generate(*args))
    monkeypatch.setattr(model, "_made_in_graph", model._made)
    assert model.sample(np.zeros(1000, int), seed=1).shape == (1000, 4, 4, 1)
    assert max(int(rows) for rows in seen) <= generative._BLOCK
    assert sum(int(rows) for rows in seen) == 1000


@full
@pytest.mark.parametrize("name", MODELS)
def test_compiled_by_xla(name, trained):
    model = trained[name]  # made outside of the graph

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int64)], jit_compile=True)
    def sample(labels, seed):
        return model.sample(labels, seed=seed)

    np.testing.assert_allclose(sample(LABELS, 3), model.sample(LABELS, seed=3), atol=1e-2)
    assert sample(np.zeros(0, "int32"), 3).shape == (0, 4, 4, 1)


def test_no_labels_give_no_samples_in_a_graph():
    """Where TensorFlow's convolutions get the shape of an empty batch wrong."""
    samples = convolutional((8, 8, 1)).sample
    join = tf.function(lambda labels: tf.concat([tf.zeros((2, 8, 8, 1)), samples(labels)], axis=0))
    assert join(tf.zeros((0,), "int32")).shape == (2, 8, 8, 1)


def convolutional(shape=(4, 4, 1), **kwargs):
    encoder, decoder = synthesis.vae_conv(shape, 3, latent_dim=2, width=2)
    return synthesis.VAE(encoder=encoder, decoder=decoder, num_classes=3, **kwargs)


def test_call_and_predict_sample(model):
    assert model(LABELS).shape == (4, 4, 4, 1)
    assert model.predict(LABELS, verbose=0).shape == (4, 4, 4, 1)
    assert not np.allclose(model(LABELS), model(LABELS))


def test_untrained_it_warns():
    with pytest.warns(UserWarning, match="VAE: sampled before any training"):
        tiny.vae().sample([0], seed=1)


@pytest.mark.parametrize("name", MODELS)
def test_a_trained_network_that_is_handed_in_draws_no_warning(name, trained):
    model = trained[name]
    again = type(model).from_config(model.get_config())
    getattr(again, model._maker).set_weights(getattr(model, model._maker).get_weights())
    assert again.sample(LABELS, seed=1).shape == (4, 4, 4, 1)


@full  # a GAN does so in the default tier
@pytest.mark.parametrize("name", MODELS)
def test_resumes_bit_for_bit(name, trained, tmp_path):
    """Four epochs at once; and two, saved, loaded and two more."""
    straight, stopped = MODELS[name](), trained[name]
    straight.fit(X, Y, batch_size=16, epochs=4, verbose=0)
    stopped.save(tmp_path / "model.keras")
    keras.utils.set_random_seed(99)  # nothing may hang on it
    resumed = keras.models.load_model(tmp_path / "model.keras")
    resumed.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    assert_same_state(resumed, straight)
    np.testing.assert_array_equal(resumed.sample(LABELS, seed=1), straight.sample(LABELS, seed=1))


@pytest.mark.parametrize("name", MODELS)
def test_the_seed_decides_the_steps(name):
    first, again, other = MODELS[name](), MODELS[name](), MODELS[name](seed=6)
    for model in (first, again, other):
        model.train_step((X, Y))
    assert_same_state(first, again)
    assert any(np.any(a != b) for a, b in zip(state(first), state(other), strict=True))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vae", {"beta": 2.0, "warm_up": 7, "observation_noise": True}),
        ("flow", {"ema": 0.5}),
    ],
)
def test_every_argument_is_saved(name, options):
    model = MODELS[name](**options)
    copy = type(model).from_config(model.get_config())
    for argument in (*options, "seed", "value_range", "num_classes", *model._arguments):
        assert getattr(copy, argument) == getattr(model, argument), argument
    assert {argument: getattr(copy, argument) for argument in options} == options


def test_classes_come_up_equally_often():
    """Class 2 has 2 of 40 samples and comes up in a third of the rows."""
    arguments = {"network": synthesis.flow_mlp((4, 4, 1), 3, width=4), "num_classes": 3, "value_range": (0, 255)}
    fit_with = {"x": X, "y": Y, "batch_size": 40, "epochs": 12}
    _, seen = stub(fit_with, **arguments)
    counts = np.bincount(np.concatenate([labels for _, labels in seen]), minlength=3)
    assert counts.sum() == 12 * 40
    assert counts.min() > 120
    real = {(image.tobytes(), label) for image, label in zip(X, Y, strict=True)}
    assert all((image.tobytes(), label) in real for image, label in zip(*seen[0], strict=True))
    assert not np.array_equal(seen[0][1], seen[1][1])
    _, other = stub(fit_with, **arguments, seed=2)
    assert not np.array_equal(seen[0][1], other[0][1])


def test_data_sets_and_validation():
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(20)
    model = tiny.vae()
    model.compile(run_eagerly=True)
    history = model.fit(data, validation_data=(X, Y), epochs=1, verbose=0).history
    assert np.isfinite(history["loss"][0]) and np.isfinite(history["val_loss"][0])
    before = state(model)
    values = model.evaluate(data, return_dict=True, verbose=0)
    assert np.isfinite(values["loss"])
    assert values == model.evaluate(data, return_dict=True, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, state(model), strict=True))


@pytest.mark.parametrize(("name", "policy"), [("vae", "mixed_float16"), rare("flow", "mixed_bfloat16")])
@pytest.mark.parametrize("in_graph", [False, rare(True)])
def test_mixed_precision(name, policy, in_graph, tmp_path):
    keras.mixed_precision.set_global_policy(policy)
    model = MODELS[name]()
    before = [weight.numpy() for weight in model.trainable_weights]
    step = tf.function(model.train_step) if in_graph else model.train_step
    losses = [step((X, Y))["loss"] for _ in range(3)]
    assert np.isfinite(losses).all()
    assert any(np.any(a != b.numpy()) for a, b in zip(before, model.trainable_weights, strict=True))
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (policy == "mixed_float16")
    assert model.sample([0], seed=1).dtype == tf.float32
    model.save(tmp_path / "model.keras")
    keras.mixed_precision.set_global_policy("float32")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_same_state(loaded, model)
    # The same numbers, but for graphs of known and unknown sizes, which TensorFlow puts together differently.
    np.testing.assert_allclose(loaded.sample(LABELS, seed=1), model.sample(LABELS, seed=1), atol=0.5)


@full
@pytest.mark.parametrize("name", MODELS)
def test_exported_it_is_a_sampler(name, trained, tmp_path):
    signature = [keras.InputSpec(shape=(None,), dtype="int32")]
    trained[name].export(tmp_path / "sampler", input_signature=signature, verbose=False)
    sampler = tf.saved_model.load(tmp_path / "sampler")
    first, second = (sampler.serve(tf.constant([0, 1, 2])) for _ in range(2))
    assert first.shape == (3, 4, 4, 1)
    assert not np.allclose(first, second)


@pytest.mark.parametrize("stream", [False, True])
def test_columns_of_rows_are_standardized(stream):
    """Whatever their units are; a constant one stays what it is. No velocity leaves noise as it is."""
    x = rows()
    network = synthesis.flow_mlp((3,), width=8, blocks=1)
    for weight in network.weights:
        weight.assign(np.zeros(weight.shape))
    fit_with = {"x": tf.data.Dataset.from_tensors(x).repeat(2)} if stream else {"x": x, "batch_size": 100}
    flow, _ = stub(fit_with, network=network, steps=2)
    if stream:  # which is taken as it comes
        np.testing.assert_array_equal(flow._spread, 1.0)
        flow.adapt(x)
    samples = flow.sample(n=500, seed=1).numpy()
    assert np.all(np.abs(samples[:, :2].mean(0) - x[:, :2].mean(0)) < 0.25 * x[:, :2].std(0))
    np.testing.assert_allclose(samples[:, :2].std(0), x[:, :2].std(0), rtol=0.2)
    assert np.all(samples[:, 2] == 7.5)
    standardized = flow._to_networks(x)
    np.testing.assert_allclose(np.mean(standardized, axis=0), 0.0, atol=1e-3)
    np.testing.assert_allclose(np.std(standardized, axis=0), [1.0, 1.0, 0.0], rtol=1e-3)


def test_columns_are_saved_and_a_loaded_model_goes_on_in_its_units(tmp_path):
    flow = synthesis.FlowMatching(network=synthesis.flow_mlp((3,), width=8, blocks=1), steps=2, seed=1)
    flow.compile()
    flow.adapt(rows())
    flow._steps.assign(1)  # as if trained
    flow.save(tmp_path / "rows.keras")
    loaded = keras.models.load_model(tmp_path / "rows.keras")
    np.testing.assert_array_equal(loaded.sample(n=50, seed=1), flow.sample(n=50, seed=1))
    loaded.compile(run_eagerly=True)
    loaded.fit(2 * rows(), batch_size=200, verbose=0)
    np.testing.assert_array_equal(loaded._center, flow._center)


def rows():
    rng = np.random.default_rng(0)
    columns = rng.normal(1e4, 2e3, 200), rng.normal(0.01, 1e-3, 200), np.full(200, 7.5)
    return np.stack(columns, axis=1).astype("float32")


def test_images_are_not_standardized():
    with pytest.raises(ValueError, match="VAE: `adapt` must be called for rows without a range only"):
        tiny.vae().adapt(X)


def test_a_resampled_image_may_leave_its_range_by_rounding():
    white = lambda value: np.where(X == 255.0, np.float32(value), X)
    assert (X == 255.0).any()
    tiny.vae()._checked(white(255.00002), Y)
    with pytest.raises(ValueError, match=r"`x` must lie in \[0, 255\] .*values from 0 to 255\.01"):
        tiny.vae()._checked(white(255.01), Y)


def with_nan():
    x = X.copy()
    x[3, 0, 0, 0] = np.nan
    return x


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        (lambda model: model.sample(), ValueError, "`labels` must be given, and `n` not"),
        (lambda model: model.sample([0], n=1), ValueError, "`labels` must be given, and `n` not"),
        (lambda model: model.sample([0, 3]), ValueError, "`labels` must be from 0 to 2"),
        (lambda model: model.sample([0.5]), TypeError, "`labels` must be integers"),
        (lambda model: model.fit(X), ValueError, "`y` must be given: the networks are conditional"),
        (lambda model: model.fit(tf.data.Dataset.from_tensors(X)), ValueError, "`y` must be given"),
        (lambda model: model.fit(X, Y + 1), ValueError, "`y` must be below num_classes=3"),
        (lambda model: model.fit(X, Y.astype("float32")), TypeError, "`y` must be integer labels"),
        (lambda model: model.fit(X[:, :3], Y), ValueError, r"`x` must be samples of shape \(4, 4, 1\)"),
        (lambda model: model.fit(X.astype(str), Y), TypeError, "`x` must be numbers"),
        (lambda model: model.fit(X * 2, Y), ValueError, r"`x` must lie in \[0, 255\]"),
        (lambda model: model.fit(with_nan(), Y), ValueError, "`x` must be finite"),
        (lambda model: model.fit(X, Y, batch_size=0), ValueError, "`batch_size` must"),
        (lambda model: convolutional(value_range=None).fit(X, Y), ValueError, r"`x` must lie in \[-1, 1\]"),
        (lambda model: tiny.vae(num_classes=None).sample([0]), ValueError, "`n` must be given, and `labels` not"),
        (lambda model: tiny.vae(num_classes=None).sample(n=-1), ValueError, "`n` must be an integer of at least 0"),
        (lambda model: tiny.vae(num_classes=None).fit(X[:0]), ValueError, "`x` must be .* at least one"),
    ],
)
def test_bad_input(model, act, kind, message):
    with pytest.raises(kind, match=message):
        act(model)


@pytest.mark.parametrize("name", tiny.MODELS)
def test_validation(name, trained):
    """Held-out samples are measured, not trained on (keras-io issue 38)."""
    model = trained[name]
    before = [np.array(weight) for weight in model.get_weights()]
    first, second = (model.evaluate(X, Y, batch_size=40, verbose=0, return_dict=True) for _ in range(2))
    assert first == second and np.all(np.isfinite(list(first.values())))
    for weight, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, now)


def test_validation_data_in_fit():
    model = tiny.gan(compile_with={"loss": "hinge"})
    history = model.fit(X, Y, epochs=1, verbose=0, validation_data=(X[:8], Y[:8])).history
    assert {name.removeprefix("val_") for name in history} == {"d_loss", "g_loss", "d_real", "d_fake", "d_sign"}
    assert np.isfinite(history["val_d_loss"]).all()
    with pytest.raises(ValueError, match="`y` must be below num_classes=3"):
        model.fit(X, Y, verbose=0, validation_data=(X[:8], Y[:8] + 3))


def test_a_gans_losses_of_held_out_samples_are_its_networks(trained):
    gan = trained["gan"]
    found = gan.evaluate(X, Y, batch_size=40, verbose=0, return_dict=True)
    logits = gan.discriminator([gan._to_networks(X), tf.constant(Y)], training=False).numpy()
    assert abs(found["d_real"] - logits.mean()) < 1e-5


@pytest.mark.parametrize(
    ("argument", "value"), [("validation_split", 0.2), ("sample_weight", np.ones(40)), ("class_weight", {0: 2.0})]
)
def test_what_would_not_be_heard_is_refused(argument, value):
    with pytest.raises(ValueError, match=f"VAE: `{argument}` must not be given: "):
        tiny.vae().fit(X, Y, **{argument: value})


def test_weights_in_a_data_set_are_refused(model):
    """Where they come with the batches: they would not be heard."""
    weighted = tf.data.Dataset.from_tensors((X, Y, np.ones(40, "float32")))
    for act in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match="VAE: `sample_weight` must not be given: "):
            act(weighted, verbose=0)


def test_labels_that_do_not_exist_are_found_late_in_a_data_set(model):
    """In a step, in words; one-hot ones, as a generator may have them, when the step is traced."""
    step = tf.function(lambda x, y: model._unpacked((x, y))[1][0])
    np.testing.assert_array_equal(step(X, Y[:, None]), Y)
    for wrong in (3, -1):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"VAE: `y` must be from 0 to 2. Received: y="):
            step(X, np.where(Y == 2, wrong, Y))
    with pytest.raises(
        ValueError, match=r"VAE: `y` must be integer labels \(N,\); `np.argmax\(y, axis=1\)` turns one-hot"
    ):
        step(X, np.eye(3, dtype="float32")[Y])


def test_a_damaged_mark_of_an_epoch_is_no_mark(tmp_path):
    (tmp_path / "epoch_in_progress").write_bytes(b"\xff\xfe")
    interruption.Interruption(str(tmp_path)).on_epoch_begin(0)
    assert (tmp_path / "epoch_in_progress").read_bytes() == b"0"


def test_classes_that_had_no_samples_are_refused():
    model = stub({"x": X[Y != 1], "y": Y[Y != 1], "epochs": 1}, shape=(4, 4, 1), num_classes=3)[0]
    model._seen.assign([1, 0, 1])  # the spy's steps do not count
    with pytest.raises(ValueError, match=r"`labels` must be classes that had samples in `fit`, \[0 2\]"):
        model.sample([0, 1])


def test_steps_remember_their_classes(trained):
    np.testing.assert_array_equal(trained["gan"]._seen, [1, 1, 1])
    model = tiny.vae()
    model._count_step([tf.constant([2, 2, 0])])
    np.testing.assert_array_equal(model._seen, [1, 0, 1])


def test_data_of_another_unit_draw_a_warning():
    """Images in [0, 1] where [0, 255] was said."""
    for name in ("vae", "gan"):
        with pytest.warns(UserWarning, match=r"`value_range` is \(0, 255\), but the values lie from 0"):
            tiny.MODELS[name]()._checked(X / 255, Y)


def test_learning_rates_of_both_optimizers_are_scheduled():
    """By Keras's own callbacks."""
    gan = tiny.gan()
    gan.compile(d_optimizer=keras.optimizers.SGD(0.1, name="d"), run_eagerly=True)
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    plateau = keras.callbacks.ReduceLROnPlateau("g_loss", mode="min", min_delta=1e9, patience=1, factor=0.1)
    history = gan.fit(X, Y, epochs=2, verbose=0, callbacks=[halve, plateau]).history
    np.testing.assert_allclose(history["learning_rate_generator"], [5e-4, 2.5e-4], rtol=1e-5)
    np.testing.assert_allclose(history["learning_rate_d"], [0.05, 0.025], rtol=1e-5)
    assert abs(float(gan.d_optimizer.learning_rate) - 0.0025) < 1e-6
