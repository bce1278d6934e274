"""The validated strategy: what trials find out, what they cost, and what they leave behind."""

import contextlib
import io
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import callbacks, layers, synthesis

SIZE, CLASSES = 8, 3
COUNTS = [160, 60, 30]
CENTERS = np.array([[0.0] * SIZE, [1.2] * 4 + [0.0] * 4, [0.0] * 4 + [1.2] * 4], "float32")
RNG = np.random.default_rng(0)


def drawn(labels):
    return (RNG.normal(size=(len(labels), SIZE)) + CENTERS[labels]).astype("float32")


Y = RNG.permutation(np.repeat(np.arange(CLASSES), COUNTS))
X = drawn(Y)
Y_VAL = np.repeat(np.arange(CLASSES), 60)
X_VAL = drawn(Y_VAL)


class Source:
    """Samples of the true law, of its labels permuted, noise, or one sample for each class."""

    num_classes = CLASSES

    def __init__(self, kind):
        self.kind = kind

    def fit(self, x, y, **kwargs):
        return self

    def sample(self, labels, seed=None):
        noise = tf.random.stateless_normal((tf.shape(labels)[0], SIZE), tf.stack([tf.cast(seed, tf.int64), 1]))
        if self.kind == "noise":
            return 30.0 * noise
        means = tf.gather(CENTERS, (labels + (self.kind == "permuted")) % CLASSES)
        return means + noise * (self.kind != "collapsed")


def classifier(**compile_with):
    keras.utils.set_random_seed(1)
    hidden = [keras.layers.Dense(16, activation="relu"), keras.layers.Dropout(0.2)]
    model = keras.Sequential([keras.Input((SIZE,)), *hidden, keras.layers.Dense(CLASSES)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, **compile_with)
    return model


def balancer(synthesizer="good", **kwargs):
    synthesizer = Source(synthesizer) if isinstance(synthesizer, str) else synthesizer
    # Tiny trainings have room for trials only if these may cost more than usual.
    return callbacks.SyntheticBalancer(synthesizer, **{"seed": 1, "trial_cost": 1.0, **kwargs})


def fit(callback, model=None, **kwargs):
    model = model or classifier()
    # Keras itself need not evaluate.
    options = {"validation_data": (X_VAL, Y_VAL), "validation_freq": 99, "batch_size": 25, "epochs": 8, "verbose": 0}
    options |= kwargs
    x, y = options.pop("data", (X, Y))
    if y is None:
        options["shuffle"] = False
    history = model.fit(x, y, callbacks=[callback, *options.pop("also", [])], **options)
    return history.history


# What it decides.


@pytest.fixture(scope="module")
def decided():
    """What became of each kind of source, and what was printed."""
    found = {}
    for kind in ("good", "permuted", "collapsed"):
        callback, text = balancer(kind), io.StringIO()
        with contextlib.redirect_stdout(text):
            history = fit(callback, epochs=10)
        found[kind] = callback.report_, history, text.getvalue()
    return found


@pytest.mark.parametrize("kind", ["permuted", "collapsed"])
def test_bad_sources_get_nothing(decided, kind):
    report, history, text = decided[kind]
    assert not any(line.kept for line in report.classes)
    assert max(history["synthetic_share"]) == 0.0
    assert "0 % generated rows; they" in text
    assert "not shown to help" in report.to_markdown()


def test_a_good_source_is_used_and_annealed():
    """Few real rows, and a source that knows the truth: here generated rows must help."""
    few = np.concatenate([np.flatnonzero(label == Y)[:count] for label, count in enumerate([160, 12, 8])])
    few = np.random.default_rng(3).permutation(few)
    callback = balancer(min_real=5)
    history = fit(callback, data=(X[few], Y[few]), epochs=30)
    shares = history["synthetic_share"]
    assert any(line.kept for line in callback.report_.classes)
    assert max(shares[: int(0.2 * 30)]) == 0.0  # before the trials
    assert min(shares[int(0.55 * 30) : int(0.8 * 30) - 1]) > 0.03
    assert max(shares[int(0.8 * 30) + 1 :]) == 0.0  # on real rows in the end


def test_the_report(decided):
    report, history, text = decided["good"]
    assert [line.real for line in report.classes] == COUNTS
    assert report.classes[0].synthesizer == ""  # the largest class gets no rows, so it is not judged
    for line in report.classes[1:]:
        assert line.synthesizer == "Source" and line.tried in (0.25, 0.5)
        assert line.error > 0 and 0 <= line.without <= 1 and 0 <= line.with_them <= 1
    assert len(report.shares) == 10 and report.shares[0].shape == (CLASSES,)
    assert report.cost["steps"] <= 1.0 * report.cost["of"]
    assert text.startswith("SyntheticBalancer: ") and text.count("\n") == 1
    assert 0 <= history["val_recall_2"][-1] <= 1
    report.plot()


# What it leaves behind.


def test_trials_leave_no_trace():
    """With nothing decided for generated rows, the training is that of one without any synthesizer."""
    with_trials, without = classifier(), classifier()
    first, second = balancer("permuted"), balancer(None)
    fit(first, with_trials)
    fit(second, without)
    assert first.report_.cost and not any(line.kept for line in first.report_.classes)
    for a, b in zip(with_trials.get_weights(), without.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert with_trials.train_function is None
    assert not {"train_step", "compute_metrics", "compute_loss"} & vars(with_trials).keys()


@pytest.mark.parametrize("options", [{}, {"steps_per_execution": 3}, {"jit_compile": True}], ids=["", "several", "xla"])
def test_one_trace(options):
    """Trials, decision, schedule and anneal are variables."""
    traces = []

    class Traced(keras.Sequential):
        def train_step(self, data):
            traces.append(1)
            return super().train_step(data)

    model = Traced([keras.Input((SIZE,)), keras.layers.Dense(CLASSES)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), **options)
    callback = balancer(schedule=lambda epoch, epochs: 1.0 if epoch % 2 else 0.9)
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(25, drop_remainder=True)
    after_first = []
    once = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: after_first.append(len(traces)))
    fit(callback, model, data=(data, None), batch_size=None, also=[once])
    assert callback.report_.cost
    assert after_first[0] == after_first[-1] == len(traces)


def test_held_out_rows_are_not_trained_on_before_the_decision():
    """Rows of arrays that are held out are seen by no step until the trials are over, not even as generated ones."""
    seen = []

    class Spy(keras.Sequential):
        def train_step(self, data):
            x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
            seen.append(np.asarray(x))
            return super().train_step(data)

    model = Spy([keras.Input((SIZE,)), keras.layers.Dense(CLASSES)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, run_eagerly=True)
    callback = balancer(synthesis.AugmentedResampler().fit(X, Y), validation_share=0.25)
    ends = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if callback._balancing.gate.verdict and not ends:
                ends.append(len(seen))

    fit(callback, model, validation_data=None, batch_size=50, also=[Watch()])
    held = callback._balancing.gate._held
    np.testing.assert_array_equal(np.bincount(held.labels), [40, 15, 8])
    known = {row.tobytes() for row in held.x}
    trained = lambda steps: {row.tobytes() for step in steps for row in step} & known
    assert not trained(seen[: ends[0]])
    assert len(trained(seen[ends[0] :])) == len(known)


def test_too_short_a_training_says_so(capsys):
    callback = balancer(trial_cost=0.05)
    history = fit(callback, epochs=2)
    assert max(history["synthetic_share"]) == 0.0
    assert "too short for trials" in capsys.readouterr().out


def test_an_early_end_says_so(capsys):
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(stop.model, "stop_training", True))
    fit(balancer(), also=[stop])
    assert "ended before the trials" in capsys.readouterr().out


# Where it gets its rows from.


def test_streams_need_validation_data():
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(25)
    with pytest.raises(ValueError, match="`validation_data`: only arrays can be split"):
        fit(balancer(), data=(data, None), batch_size=None, validation_data=None)


class Files(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        rows = slice(index * 45, index * 45 + 45)
        return X_VAL[rows], Y_VAL[rows]


VALIDATION = {
    "data set": lambda: tf.data.Dataset.from_tensor_slices((X_VAL, Y_VAL)).batch(50),
    "PyDataset": Files,
    "weights": lambda: (X_VAL, Y_VAL, np.ones(len(Y_VAL))),
    "column": lambda: (X_VAL, Y_VAL[:, None].astype("float32")),
}


@pytest.mark.parametrize("kind", VALIDATION)
def test_validation_data_of_any_kind(kind):
    callback = balancer("permuted")
    fit(callback, validation_data=VALIDATION[kind]())
    assert callback.report_.cost


def test_validation_split_and_one_hot_labels():
    model = classifier()
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    callback = balancer("permuted")
    one_hot = np.eye(CLASSES, dtype="float32")[Y]
    fit(callback, model, data=(X, one_hot), validation_data=None, validation_split=0.3)
    assert callback.report_.cost
    assert callback.report_.classes[0].real < COUNTS[0]


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras's, of unknown length
def test_counting_while_the_first_epoch_runs():
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(25)
    unknown = data.filter(lambda x, y: True)  # of unknown length
    callback = balancer("permuted")
    fit(callback, data=(unknown, None), batch_size=None)
    assert callback.report_.cost
    assert [line.real for line in callback.report_.classes] == COUNTS


def test_several_synthesizers():
    callback = balancer({"good": Source("good"), "permuted": Source("permuted")})
    fit(callback)
    report = callback.report_
    assert {line.synthesizer for line in report.classes[1:]} <= {"good", "permuted"}
    assert report.cost


def test_binary_labels():
    y = (Y > 0).astype("float32")
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((SIZE,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    callback = callbacks.SyntheticBalancer(synthesis.SMOTE().fit(X, y.astype(int)), seed=1, trial_cost=1.0)
    fit(callback, model, data=(X, y), validation_data=(X_VAL, (Y_VAL > 0).astype("float32")))
    assert callback.report_.cost


# What is refused, or said.


def test_a_lacking_class_is_warned_of():
    with pytest.warns(UserWarning, match="validation data lack class 2"):
        fit(callback := balancer(), validation_data=(X_VAL[Y_VAL < 2], Y_VAL[Y_VAL < 2]))
    assert callback.report_.classes[2].why == "fewer than 5 validation rows"


def test_few_real_rows(capsys):
    callback = balancer(min_real=40)
    fit(callback)
    assert "fewer than 40 real rows of class 2" in capsys.readouterr().out
    assert callback.report_.classes[2].why == "fewer than 40 real rows"
    assert callback._balancing.repeated.numpy()[2] > 0  # real ones go on


def test_no_minority(capsys):
    rows = np.concatenate([np.flatnonzero(label == Y)[:30] for label in range(CLASSES)])
    plain, same = classifier(), classifier()
    options = {"batch_size": 25, "verbose": 0, "shuffle": False, "validation_data": (X_VAL, Y_VAL)}
    plain.fit(X[rows], Y[rows], **options)
    same.fit(X[rows], Y[rows], callbacks=[balancer()], **options)
    assert "no class is rarer than the others, so nothing is added" in capsys.readouterr().out
    for a, b in zip(plain.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_class_weight_on_top():
    with pytest.warns(UserWarning, match="`class_weight` beside it corrects the imbalance twice"):
        fit(balancer(None), epochs=1, class_weight={0: 1.0, 1: 2.0, 2: 5.0})


@pytest.mark.parametrize("kind", ["smote", "gan"])
def test_never_fitted(kind):
    if kind == "smote":
        source = synthesis.SMOTE()
    else:
        source = synthesis.GAN(*synthesis.mlp_gan((SIZE,), CLASSES, latent_dim=2), num_classes=CLASSES)
    with pytest.raises(ValueError, match="`synthesizer` must be fitted before"):
        fit(balancer(source), epochs=1)


class Fails(Source):
    """Raises in a step, in the middle of the training."""

    def sample(self, labels, seed=None):
        samples = super().sample(labels, seed)

        def late(seed):
            if Fails.calls > 20:
                raise RuntimeError("the disk is gone\nand more")
            Fails.calls += 1
            return np.float32(0.0)

        zero = tf.py_function(late, [tf.cast(seed, tf.int64)], tf.float32)
        return samples + tf.ensure_shape(zero, ())


@pytest.mark.parametrize("mode", ["live", "pool"])
def test_a_synthesizer_that_raises_in_the_middle(mode, capsys):
    Fails.calls = 0
    model, callback = classifier(), balancer(Fails("good"), strategy="equal", mode=mode, pool_size=600)
    with pytest.warns(UserWarning, match="Fails has failed.*the disk is gone") as caught:
        history = fit(callback, model, epochs=14)
    assert len([one for one in caught if "has failed" in str(one.message)]) == 1
    assert len(history["loss"]) == 14 and np.isfinite(history["loss"]).all()
    if mode == "live":
        assert history["synthetic_share"][-1] == 0.0
    assert "Fails has failed" in capsys.readouterr().out
    assert model.train_function is None


class NaN(Source):
    def sample(self, labels, seed=None):
        samples = super().sample(labels, seed)
        return tf.where(tf.range(tf.shape(labels)[0])[:, None] % 2 == 0, samples, np.nan)


# The pool is filled outside the graph, and test_accept has real rows in place of others under XLA.
@pytest.mark.parametrize(
    ("mode", "resample_real", "options"),
    [
        ("live", None, {}),
        ("live", 0.3, {}),
        ("live", None, {"jit_compile": True}),
        ("pool", None, {}),
        ("pool", 0.3, {}),
    ],
)
def test_rows_that_are_not_finite(mode, resample_real, options):
    callback = balancer(NaN("good"), strategy="equal", mode=mode, resample_real=resample_real)
    history = fit(callback, classifier(**options), epochs=2)
    assert np.isfinite(history["loss"]).all()
    rows = callback.report_.rows
    assert rows["not finite"] == pytest.approx(rows["asked"] / 2, rel=0.15) and rows["asked"] > 50


# The other ways to fill a batch.


def test_plain_oversampling():
    """Real rows of rare classes again: all that is added are rows of the data."""
    callback = balancer(None, strategy="equal", max_share=0.7)
    history = fit(callback, epochs=3)
    np.testing.assert_array_equal(callback._balancing.added.numpy(), 0)
    repeated = callback._balancing.repeated.numpy()
    assert repeated[0] == 0
    np.testing.assert_allclose(repeated[1:], [100, 130], rtol=0.25)  # up to the largest
    assert history["synthetic_share"] == [0.0] * 3 and min(history["repeated_share"][1:]) > 0.4
    memory = callback._balancing.mixture.memory
    held = np.asarray(memory._rows)[:-1]
    assert {row.tobytes() for row in held} <= {row.tobytes() for row in X}


def test_a_mixture():
    callback = balancer(
        {"a": Source("good"), "b": Source("good")}, strategy="equal", resample_real=0.5, shares={"a": 3, "b": 1}
    )
    fit(callback, epochs=4)
    np.testing.assert_allclose(callback._balancing.mixture.parts.numpy()[:, 1], [0.375, 0.125])
    added, repeated = callback._balancing.added.numpy().sum(), callback._balancing.repeated.numpy().sum()
    assert 0.38 < added / (added + repeated) < 0.62


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}], ids=["", "xla"])
def test_accept(options):
    """Rows that a test refuses are replaced by real ones."""
    accept = lambda samples, labels: samples[:, 0] > 0.0
    callback = balancer(strategy="equal", accept=accept, resample_real=0.2, mode="live")
    history = fit(callback, classifier(**options), epochs=3)
    assert 0.4 < history["accept_rate"][-1] < 0.8
    assert callback._balancing.repeated.numpy().sum() > 0.3 * callback._balancing.added.numpy().sum()


def test_teacher():
    """Samples with another label than they look like are refused by those who know real rows only."""
    rates = {}
    for kind in ("good", "permuted"):
        callback = balancer(kind, strategy="equal", accept="teacher", mode="pool", pool_size=200)
        rates[kind] = fit(callback, epochs=1)["accept_rate"][0]
    assert rates["good"] > 0.6 and rates["permuted"] < 0.3
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(25)
    with pytest.raises(ValueError, match='`accept` must be another than "teacher", or `fit` be given arrays'):
        fit(balancer(accept="teacher", strategy="equal"), data=(data, None), batch_size=None)


def test_pool_costs_no_sampling_in_the_step():
    sampled = []

    class Counts(Source):
        def sample(self, labels, seed=None):
            sampled.append(tf.executing_eagerly())
            return super().sample(labels, seed)

    callback = balancer(Counts("good"), strategy="equal", mode="pool", pool_size=100, refresh=2)
    history = fit(callback, epochs=4)
    assert sampled == [True, True, True]  # once to see whether it can, and every other epoch
    assert history["synthetic_share"][-1] > 0.3


def test_augment_and_mix():
    seen = []

    class Spy(keras.Sequential):
        def train_step(self, data):
            seen.append(keras.utils.unpack_x_y_sample_weight(data)[:2])
            return super().train_step(data)

    images = np.zeros((60, 4, 4, 1), "float32")
    y = np.repeat([0, 1], [50, 10])
    model = Spy([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True), run_eagerly=True)
    augment = layers.RandomBrightness((1.0, 1.0), seed=1)
    mix = layers.MixUp(1.0, seed=1)
    callback = balancer(None, strategy="equal", augment=augment, mix=mix)
    model.fit(images, np.eye(2, dtype="float32")[y], batch_size=20, verbose=0, callbacks=[callback])
    x, labels = (np.asarray(part) for part in seen[-1])
    assert x.max() > 100  # added rows are white
    assert np.any((labels > 0.01) & (labels < 0.99))
    sparse = classifier()
    with pytest.raises(ValueError, match="`mix` must be None, or the labels one-hot"):
        fit(balancer(None, strategy="equal", mix=mix), sparse, epochs=1)


def test_logit_adjustment_in_the_loss():
    """The loss sees logits plus the logarithm of the class shares; with weights that never change, to be seen in it."""
    model = classifier()
    model.optimizer.learning_rate = 0.0
    callback = balancer(None, strategy={2: 0.0, 1: 0.1}, logit_adjustment="loss", tau=0.5, max_share=0.01)
    model.layers[-2].rate = 0.0
    history = fit(callback, model, epochs=1, batch_size=250)
    counts = np.array(COUNTS, "float64")
    prior = callback._balancing.prior(callback._balancing.counts).numpy()
    np.testing.assert_allclose(prior, counts / counts.sum(), atol=0.02)
    logits = model.predict(X, verbose=0) + 0.5 * np.log(prior)
    losses = keras.losses.sparse_categorical_crossentropy(Y, logits, from_logits=True)
    assert history["loss"][0] == pytest.approx(float(np.mean(losses)), rel=0.05)
    plain = float(
        np.mean(keras.losses.sparse_categorical_crossentropy(Y, model.predict(X, verbose=0), from_logits=True))
    )
    assert abs(history["loss"][0] - plain) > 0.02


def test_logit_adjustment_afterwards(tmp_path):
    model = classifier()
    callback = balancer(None, strategy={1: 0.0}, logit_adjustment="post-hoc", max_share=0.5)
    callback.strategy = {1: 0.3}
    fit(callback, model, epochs=2)
    adjusted = callback.adjusted(model)
    prior = callback._balancing.prior(callback._balancing.counts).numpy()
    expected = model.predict(X, verbose=0) - np.log(prior)
    expected -= expected.mean(1, keepdims=True)
    got = adjusted.predict(X, verbose=0)
    np.testing.assert_allclose(got - got.mean(1, keepdims=True), expected, atol=1e-4)
    adjusted.save(tmp_path / "adjusted.keras")
    again = keras.models.load_model(tmp_path / "adjusted.keras")
    np.testing.assert_allclose(again.predict(X, verbose=0), got, atol=1e-6)


def test_deferred_re_weighting():
    callback = balancer(None, strategy="sqrt", reweight=0.5)
    fit(callback, epochs=2)
    weights = callback._balancing.class_weights.numpy()
    assert weights[0] < 1.0 < weights[2]
    untouched = balancer(None, strategy="sqrt", reweight=1.0)
    fit(untouched, epochs=2)
    np.testing.assert_array_equal(untouched._balancing.class_weights.numpy(), 1.0)


def test_loss_weight():
    """Generated rows of weight 0 change nothing but the divisor."""
    weights = []
    for loss_weight in (0.0, 1.0):
        model = classifier()
        fit(balancer("noise", strategy="equal", loss_weight=loss_weight), model, epochs=1)
        weights.append(np.abs(model.get_weights()[0]).max())
    assert weights[0] < weights[1]


def test_batch_normalization_of_real_rows():
    moving = {}
    for which in ("all", "real"):
        keras.utils.set_random_seed(1)
        norm = keras.layers.BatchNormalization(momentum=0.5)
        model = keras.Sequential([keras.Input((SIZE,)), norm, keras.layers.Dense(CLASSES)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        fit(balancer("noise", strategy="equal", batch_norm=which), model, epochs=3)
        moving[which] = np.asarray(norm.moving_variance)
        assert "call" not in vars(norm)
    np.testing.assert_allclose(moving["real"], X.var(0), rtol=0.3)
    assert moving["all"].min() > 50


# Its state.


def test_state_goes_through_json():
    first = balancer("permuted")
    fit(first, epochs=8)
    state = json.loads(json.dumps(first.state_dict()))
    second = balancer("permuted")
    second.load_state_dict(state)
    assert second.state_dict() == state
    fit(second, epochs=9, initial_epoch=8)
    again = second.report_
    assert again.verdict == first.report_.verdict
    assert [line.change for line in again.classes[1:]] == [line.change for line in first.report_.classes[1:]]
    assert len(again.shares) == 9
    with pytest.raises(ValueError, match="`state` must be what `state_dict` has returned"):
        second.load_state_dict({"calls": 1})


def test_backup_and_restore(tmp_path):
    """A training that was cut off goes on with what the balancer had found out."""

    class Stops(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 6:
                raise KeyboardInterrupt

    backup = lambda: keras.callbacks.BackupAndRestore(tmp_path / "backup", double_checkpoint=False)
    first, model = balancer("permuted"), classifier()
    with pytest.raises(KeyboardInterrupt):
        fit(first, model, also=[backup(), Stops()])
    decided = first.report_
    assert decided.verdict
    second, model = balancer("permuted"), classifier()
    history = fit(second, model, also=[backup()])
    assert len(history["loss"]) == 2
    assert second.report_.verdict == decided.verdict and len(second.report_.shares) == 8
    assert int(model.optimizer.iterations) == 80


def test_checkpoints_hold_nothing_of_it(tmp_path):
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "model.keras")
    model = classifier()
    fit(balancer("permuted"), model, also=[checkpoint])
    saved = keras.models.load_model(tmp_path / "model.keras")
    assert [weight.shape for weight in saved.weights] == [weight.shape for weight in model.weights]
    np.testing.assert_allclose(saved.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (lambda: balancer({}), ValueError, "`synthesizer` must be at least one, or None"),
        (lambda: balancer({"a": 3}), TypeError, "`synthesizer` must have the methods"),
        (lambda: balancer(shares={"b": 1}), ValueError, r"`shares` must name each synthesizer of \['Source'\]"),
        (lambda: balancer(shares={"Source": 0}), ValueError, "`shares` must not all be 0"),
        (lambda: balancer(accept="techer"), ValueError, 'did you mean "teacher"'),
        (lambda: balancer(mode="pol"), ValueError, 'did you mean "pool"'),
        (lambda: balancer(augment="flip"), TypeError, "`augment` must be a layer of keras_augsynth"),
        (lambda: balancer(augment=layers.MixUp()), ValueError, "`augment` must change each row by itself"),
        (lambda: balancer(mix=layers.RandomFlip()), ValueError, "`mix` must be a layer that mixes rows"),
        (lambda: balancer(candidates=(0.0, 0.5)), ValueError, "`candidates` must be shares above 0"),
        (lambda: balancer(candidates=()), ValueError, "`candidates` must be shares above 0"),
        (lambda: balancer(resample_real=1.5), ValueError, "`resample_real` must be a finite number from 0.0 to 1.0"),
        (
            lambda: balancer(logit_adjustment="pre"),
            ValueError,
            '`logit_adjustment` must be one of "auto", "loss", "post-hoc"',
        ),
        (lambda: balancer(batch_norm="some"), ValueError, "`batch_norm` must be one of"),
        (lambda: balancer().report_, RuntimeError, "`report_` must come after `fit`"),
        (lambda: fit(balancer(), data=(X, X[:, 0])), ValueError, "regression is not supported"),
        (
            lambda: fit(balancer(), data=(X, (X[:, :3] > 0).astype(int))),
            ValueError,
            "several at once are not supported",
        ),
        (
            lambda: fit(balancer(), data=(X, np.zeros((250, 4, 4)))),
            ValueError,
            "masks and other fields are not supported",
        ),
        (
            lambda: fit(balancer(), validation_data=(X_VAL, np.eye(CLASSES)[Y_VAL])),
            ValueError,
            "`validation_data` must have labels in the form of the training data's, class numbers",
        ),
        (lambda: fit(balancer(), validation_data=(X_VAL, Y_VAL + 5)), ValueError, "be class numbers from 0 to 2"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


@pytest.mark.parametrize("labels", ["several", "fractions"])
def test_labels_of_streams_are_looked_at_in_the_step(labels):
    y = {"several": np.tile([[1.0, 1.0, 0.0]], (250, 1)), "fractions": np.full(250, 0.5)}[labels].astype("float32")
    data = tf.data.Dataset.from_tensor_slices((X, y)).batch(25)
    callback, model = balancer(strategy="equal"), classifier()
    if labels == "several":
        model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    callback.adapt(Y)
    with pytest.raises(Exception, match="SyntheticBalancer: `y` must"):
        fit(callback, model, data=(data, None), batch_size=None, validation_data=None)
