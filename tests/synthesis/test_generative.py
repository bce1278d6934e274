"""What the trained sources of samples share; each model's own mathematics is in its own file."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import synthesis
from keras_augsynth.synthesis import generative

X = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1)).astype("float32")
Y = np.repeat([0, 1, 2], [30, 8, 2])
LABELS = np.array([0, 2, 1, 1])


def vae(num_classes=3, **kwargs):
    encoder, decoder = synthesis.vae_conv((8, 8, 1), num_classes, latent_dim=3, width=2)
    return synthesis.VAE(encoder=encoder, decoder=decoder, num_classes=num_classes, **kwargs)


def flow(num_classes=3, **kwargs):
    network = synthesis.flow_mlp((8, 8, 1), num_classes, width=16, blocks=1)
    return synthesis.FlowMatching(network=network, num_classes=num_classes, steps=2, solver="heun", **kwargs)


MODELS = {"vae": vae, "flow": flow}


def made(name, **kwargs):
    keras.utils.set_random_seed(3)
    model = MODELS[name](**{"value_range": (0, 255), "seed": 5, **kwargs})
    model.compile()
    return model


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    model = made(request.param)
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    return model


def state(model):
    return [np.asarray(value) for value in (*model.get_weights(), *(v.numpy() for v in model.optimizer.variables))]


def assert_same_state(first, second):
    for a, b in zip(state(first), state(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_samples_are_a_function_of_seed_label_and_row(model):
    first = model.sample(LABELS, seed=7).numpy()
    assert first.shape == (4, 8, 8, 1) and first.dtype == "float32"
    assert first.min() >= 0 and first.max() <= 255
    np.testing.assert_array_equal(model.sample(LABELS, seed=tf.constant(7)), first)
    np.testing.assert_allclose(model.sample(LABELS[:2], seed=7), first[:2], atol=1e-3)
    assert not np.allclose(model.sample(LABELS, seed=8), first)
    assert not np.allclose(model.sample(LABELS), model.sample(LABELS))
    assert not np.allclose(model.sample([0, 0, 1, 1], seed=7)[1], first[1])  # the label matters
    assert isinstance(model, synthesis.Synthesizer)


def test_blocks_do_not_show(model, monkeypatch):
    labels = np.arange(10) % 3
    whole = model.sample(labels, seed=7)
    monkeypatch.setattr(generative, "_BLOCK", 3)
    model._made_in_graph = model._made  # not the graph that was traced with another size
    np.testing.assert_allclose(model.sample(labels, seed=7), whole, atol=1e-3)


def test_one_block_is_in_memory_at_a_time(monkeypatch):
    """The network is never shown more rows than a block has, however many samples are wanted."""
    model, seen = made("vae"), []
    model.fit(X, Y, batch_size=16, steps_per_epoch=1, verbose=0)
    generate = model._generate
    monkeypatch.setattr(model, "_generate", lambda *args: seen.append(tf.shape(args[0])[0]) or generate(*args))
    model._made_in_graph = model._made
    assert model.sample(np.zeros(1000, int), seed=1).shape == (1000, 8, 8, 1)
    assert max(int(rows) for rows in seen) <= generative._BLOCK
    assert sum(int(rows) for rows in seen) == 1000


@pytest.mark.parametrize("jit", [False, True])
def test_in_a_graph(model, jit):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int64)], jit_compile=jit)
    def sample(labels, seed):
        return model.sample(labels, seed=seed)

    np.testing.assert_allclose(sample(LABELS, 3), model.sample(LABELS, seed=3), atol=1e-2)
    assert sample(np.zeros(0, "int32"), 3).shape == (0, 8, 8, 1)


def test_no_labels_give_no_samples(model):
    """In a graph, too, where TensorFlow's convolutions get the shape of an empty batch wrong."""
    assert model.sample(np.zeros(0, int), seed=3).shape == (0, 8, 8, 1)
    convolutional = synthesis.VAE((16, 16, 1), num_classes=3)
    join = tf.function(lambda labels: tf.concat([tf.zeros((2, 16, 16, 1)), convolutional.sample(labels)], axis=0))
    assert join(tf.zeros((0,), "int32")).shape == (2, 16, 16, 1)


def test_call_and_predict_sample(model):
    assert model(LABELS).shape == (4, 8, 8, 1)
    assert model.predict(LABELS, verbose=0).shape == (4, 8, 8, 1)
    assert not np.allclose(model(LABELS), model(LABELS))


def test_untrained_it_warns():
    for name in MODELS:
        with pytest.warns(UserWarning, match="sampled before any training"):
            made(name).sample([0], seed=1)


def test_a_trained_network_that_is_handed_in_draws_no_warning(model):
    again = type(model).from_config(model.get_config())
    getattr(again, model._maker).set_weights(getattr(model, model._maker).get_weights())
    assert again.sample(LABELS, seed=1).shape == (4, 8, 8, 1)


@pytest.mark.parametrize("name", MODELS)
def test_resumes_bit_for_bit(name, tmp_path):
    """Four epochs at once; two, saved, loaded and two more; and with another seed, which is another training."""
    straight, stopped, other = made(name), made(name), made(name, seed=6)
    straight.fit(X, Y, batch_size=16, epochs=4, verbose=0)
    other.fit(X, Y, batch_size=16, epochs=4, verbose=0)
    assert any(np.any(a != b) for a, b in zip(state(other), state(straight), strict=True))
    stopped.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    stopped.save(tmp_path / "model.keras")
    keras.utils.set_random_seed(99)  # nothing may hang on it
    resumed = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(resumed.sample(LABELS, seed=1), stopped.sample(LABELS, seed=1))
    resumed.fit(X, Y, batch_size=16, epochs=2, verbose=0)
    assert_same_state(resumed, straight)
    np.testing.assert_array_equal(resumed.sample(LABELS, seed=1), straight.sample(LABELS, seed=1))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vae", {"beta": 2.0, "warm_up": 7, "observation_noise": True}),
        ("flow", {"ema": 0.5}),
    ],
)
def test_every_argument_is_saved(name, options):
    model = made(name, **options)
    copy = type(model).from_config(model.get_config())
    for argument in (*options, "seed", "value_range", "num_classes", *model._arguments):
        assert getattr(copy, argument) == getattr(model, argument), argument
    assert {argument: getattr(copy, argument) for argument in options} == options


def test_classes_come_up_equally_often():
    """Class 2 has 2 of 40 samples and comes up in a third of the rows."""
    seen = []

    class Spy(synthesis.VAE):
        def train_step(self, data):
            seen.append(data[1])
            return super().train_step(data)

    encoder, decoder = synthesis.vae_mlp((8, 8, 1), 3, width=4)
    spy = Spy(encoder=encoder, decoder=decoder, num_classes=3, value_range=(0, 255), seed=1)
    spy.compile(run_eagerly=True)
    spy.fit(X, Y, batch_size=40, epochs=12, verbose=0)
    counts = np.bincount(np.concatenate(seen), minlength=3)
    assert counts.sum() == 12 * 40
    assert counts.min() > 120


def test_data_sets_and_validation():
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(20)
    model = made("vae")
    history = model.fit(data, validation_data=(X, Y), epochs=1, verbose=0).history
    assert np.isfinite(history["loss"][0]) and np.isfinite(history["val_loss"][0])
    before = state(model)
    values = model.evaluate(data, return_dict=True, verbose=0)
    assert np.isfinite(values["loss"])
    assert values == model.evaluate(data, return_dict=True, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, state(model), strict=True))


@pytest.mark.parametrize(("name", "policy"), [("vae", "mixed_float16"), ("flow", "mixed_bfloat16")])
def test_mixed_precision(name, policy, tmp_path):
    keras.mixed_precision.set_global_policy(policy)
    model = made(name)
    before = [weight.numpy() for weight in model.trainable_weights]
    history = model.fit(X, Y, batch_size=16, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert any(np.any(a != b.numpy()) for a, b in zip(before, model.trainable_weights, strict=True))
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (policy == "mixed_float16")
    assert model.sample([0], seed=1).dtype == tf.float32
    model.save(tmp_path / "model.keras")
    keras.mixed_precision.set_global_policy("float32")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_same_state(loaded, model)
    # The same numbers, but for graphs of known and unknown sizes, which TensorFlow puts together differently.
    np.testing.assert_allclose(loaded.sample(LABELS, seed=1), model.sample(LABELS, seed=1), atol=0.5)


def test_exported_it_is_a_sampler(model, tmp_path):
    model.export(tmp_path / "sampler", input_signature=[keras.InputSpec(shape=(None,), dtype="int32")], verbose=False)
    sampler = tf.saved_model.load(tmp_path / "sampler")
    first, second = (sampler.serve(tf.constant([0, 1, 2])) for _ in range(2))
    assert first.shape == (3, 8, 8, 1)
    assert not np.allclose(first, second)


@pytest.mark.parametrize("stream", [False, True])
def test_columns_of_rows_are_standardized(stream, tmp_path):
    """Whatever their units are; a constant one stays what it is."""
    rng = np.random.default_rng(0)
    x = np.stack([rng.normal(1e4, 2e3, 200), rng.normal(0.01, 1e-3, 200), np.full(200, 7.5)], axis=1).astype("float32")
    flow = synthesis.FlowMatching((3,), steps=2, seed=1)
    flow.compile()
    if stream:
        flow.adapt(x)
        flow.fit(tf.data.Dataset.from_tensors(x).repeat(2), verbose=0)
    else:
        flow.fit(x, batch_size=100, verbose=0)
    samples = flow.sample(n=500, seed=1).numpy()
    assert np.all(np.abs(samples[:, :2].mean(0) - x[:, :2].mean(0)) < 0.5 * x[:, :2].std(0))
    assert np.all(samples[:, 2] == 7.5)
    flow.save(tmp_path / "rows.keras")
    loaded = keras.models.load_model(tmp_path / "rows.keras")
    np.testing.assert_array_equal(loaded.sample(n=500, seed=1), samples)
    loaded.fit(2 * x, batch_size=100, verbose=0)  # goes on in the units that it knows
    np.testing.assert_array_equal(loaded._center, flow._center)


def test_images_are_not_standardized():
    with pytest.raises(ValueError, match="VAE: `adapt` must be called for rows without a range only"):
        made("vae").adapt(X)


def test_a_resampled_image_may_leave_its_range_by_rounding():
    white = lambda value: np.where(X == 255.0, np.float32(value), X)
    assert (X == 255.0).any()
    made("vae")._checked(white(255.00002), Y)
    with pytest.raises(ValueError, match=r"`x` must lie in \[0, 255\] .*values from 0 to 255\.01"):
        made("vae")._checked(white(255.01), Y)


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
        (lambda model: model.fit(X[:, :7], Y), ValueError, r"`x` must be samples of shape \(8, 8, 1\)"),
        (lambda model: model.fit(X.astype(str), Y), TypeError, "`x` must be numbers"),
        (lambda model: model.fit(X * 2, Y), ValueError, r"`x` must lie in \[0, 255\]"),
        (lambda model: model.fit(with_nan(), Y), ValueError, "`x` must be finite"),
        (lambda model: model.fit(X, Y, batch_size=0), ValueError, "`batch_size` must"),
        (lambda model: made("vae", value_range=None).fit(X, Y), ValueError, r"`x` must lie in \[-1, 1\]"),
        (lambda model: made("vae", num_classes=None).sample([0]), ValueError, "`n` must be given, and `labels` not"),
        (lambda model: made("vae", num_classes=None).sample(n=-1), ValueError, "`n` must be an integer of at least 0"),
        (lambda model: made("vae", num_classes=None).fit(X[:0]), ValueError, "`x` must be .* at least one"),
    ],
)
def test_bad_input(model, act, kind, message):
    with pytest.raises(kind, match=message):
        act(model)
