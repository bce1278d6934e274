"""What the balancer's options do to batches, weights and loss."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from blobs import COUNTS, Source, Spy, X, Y, balancer, classifier, eager, fit, still
from scipy import stats

from keras_augsynth import layers
from keras_augsynth.callbacks import SyntheticBalancer

SHARES = ("synthetic_share", "repeated_share")
RECALLS = ("val_balanced_accuracy", "val_worst_recall")
WHOLE = {"batch_size": 250}  # a step is an epoch
NOTHING = {"strategy": "equal", "schedule": lambda epoch, epochs: 0.0}  # all is done but adding rows


def losses(model, x=X, y=Y):
    return np.asarray(keras.losses.sparse_categorical_crossentropy(y, model.predict(x, verbose=0), from_logits=True))


# Where rows come from.


def test_plain_oversampling():
    """Real rows of rare classes again: all that is added are rows of the data, of their class."""
    model = eager(cls=Spy)
    history = fit(balancer(None, strategy="equal", max_share=0.7), model, batch_size=50, epochs=3)
    known = {(row.tobytes(), label) for row, label in zip(X, Y, strict=True)}
    last = model.batches[-5:]
    added = [pair for x, y in last for pair in zip(x[50:], y[50:].astype(int), strict=True)]
    assert {(row.tobytes(), label) for row, label in added} <= known
    counts = np.bincount([label for _, label in added], minlength=3)
    assert counts[0] == 0
    np.testing.assert_allclose(counts[1:], [100, 130], rtol=0.25)  # up to the largest
    assert history["synthetic_share"] == [0.0] * 3 and min(history["repeated_share"][1:]) > 0.4


class Constant(Source):
    def sample(self, labels, seed=None):
        return tf.fill((tf.shape(labels)[0], 8), float(self.kind))


FAR = pytest.mark.filterwarnings(
    "ignore:SyntheticBalancer. samples of . reach .000 where"
)  # so that they are told apart


@FAR
def test_a_mixture():
    """Half of the added rows are real, three eighths of one source, an eighth of the other."""
    sources, model = {"a": Constant(1e3), "b": Constant(2e3)}, eager(cls=Spy)
    fit(balancer(sources, strategy="equal", resample_real=0.5, shares={"a": 3, "b": 1}), model, **WHOLE, epochs=2)
    marks = np.concatenate([x[250:, 0] for x, _ in model.batches])
    counts = np.array([np.count_nonzero(marks < 500), np.count_nonzero(marks == 1e3), np.count_nonzero(marks == 2e3)])
    assert counts.sum() == len(marks) > 300
    assert stats.chisquare(counts, len(marks) * np.array([0.5, 0.375, 0.125])).pvalue > 0.01


@FAR
def test_an_even_mixture_is_usual():
    sources, model = {"a": Constant(1e3), "b": Constant(2e3)}, eager(cls=Spy)
    fit(balancer(sources, strategy="equal"), model, **WHOLE)
    marks = model.batches[0][0][250:, 0]
    assert set(marks) == {1e3, 2e3}
    assert stats.binomtest(np.count_nonzero(marks == 1e3), len(marks)).pvalue > 0.01


@pytest.mark.parametrize(
    "make", [eager, pytest.param(classifier, marks=[pytest.mark.xla, pytest.mark.full])], ids=["eager", "xla"]
)
def test_accept(make):
    """Rows that a test refuses are replaced by real ones."""
    accept = lambda samples, labels: samples[:, 0] > 0.0
    callback = balancer(strategy="equal", accept=accept, resample_real=0.2, mode="live")
    history = fit(callback, make() if make is eager else make(jit_compile=True), epochs=3)
    assert 0.4 < history["accept_rate"][-1] < 0.8
    assert history["repeated_share"][-1] > 0.3 * history["synthetic_share"][-1]


class Confused(Source):
    """Every second sample is of another class than its label says."""

    def sample(self, labels, seed=None):
        right, wrong = (Source(kind).sample(labels, seed) for kind in ("good", "permuted"))
        return tf.where(tf.range(tf.shape(labels)[0])[:, None] % 2 == 0, right, wrong)


def test_teacher():
    """Samples with another label than they look like are refused by those who know real rows only."""
    callback = balancer(Confused("half"), strategy="equal", accept="teacher", mode="pool", pool_size=400)
    rate = fit(callback, **WHOLE)["accept_rate"][0]
    assert 0.5 * 0.6 < rate < 0.5 + 0.5 * 0.3
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(25)
    with pytest.raises(ValueError, match='`accept` must be another than "teacher", or `fit` be given arrays'):
        fit(balancer(accept="teacher", strategy="equal"), data=(data, None), batch_size=None)


def test_pool_costs_no_sampling_in_the_step():
    sampled = []

    class Counts(Source):
        def sample(self, labels, seed=None):
            sampled.append(tf.shape(labels)[0])
            return super().sample(labels, seed)

    callback = balancer(Counts("good"), strategy="equal", mode="pool", pool_size=100, refresh=2)
    history = fit(callback, epochs=4)
    assert len(sampled) == 3  # once to see whether it can, and every other epoch
    assert history["synthetic_share"][-1] > 0.3


def test_a_pool_is_used_up_before_it_is_filled_anew():
    seeds = []

    class Notes(Source):
        def sample(self, labels, seed=None):
            seeds.append(int(seed))
            return super().sample(labels, seed)

    fit(balancer(Notes("good"), strategy="equal", mode="pool", pool_size=400), eager(), epochs=5)
    assert len(set(seeds[1:])) == 3  # in the first, third and fifth epoch; 245 rows are added in each


class NaN(Source):
    def sample(self, labels, seed=None):
        samples = super().sample(labels, seed)
        return tf.where(tf.range(tf.shape(labels)[0])[:, None] % 2 == 0, samples, np.nan)


FULL = pytest.mark.full


@pytest.mark.parametrize(
    ("mode", "resample_real", "options"),
    [
        ("live", None, {"run_eagerly": True}),
        ("live", 0.3, {"run_eagerly": True}),
        ("pool", None, {"run_eagerly": True}),
        pytest.param("live", 0.3, {}, marks=FULL),
        pytest.param("live", None, {"jit_compile": True}, marks=[pytest.mark.xla, FULL]),
    ],
    ids=["live", "mixture", "pool", "graph", "xla"],
)
def test_rows_that_are_not_finite(mode, resample_real, options):
    callback = balancer(NaN("good"), strategy="equal", mode=mode, resample_real=resample_real)
    history = fit(callback, classifier(**options), epochs=2)
    assert np.isfinite(history["loss"]).all()
    rows = callback.report_.rows
    assert rows["not finite"] == pytest.approx(rows["asked"] / 2, rel=0.15) and rows["asked"] > 50


class Fails(Source):
    """Raises in a step, in the middle of the training."""

    def sample(self, labels, seed=None):
        samples = super().sample(labels, seed)

        def late(seed):
            if Fails.calls > 5:
                raise RuntimeError("the disk is gone\nand more")
            Fails.calls += 1
            return np.float32(0.0)

        zero = tf.py_function(late, [tf.cast(seed, tf.int64)], tf.float32)
        return samples + tf.ensure_shape(zero, ())


@pytest.mark.parametrize(
    ("mode", "make"), [pytest.param("live", classifier, marks=pytest.mark.full), ("pool", eager)], ids=["live", "pool"]
)
def test_a_synthesizer_that_raises_in_the_middle(mode, make, capsys):
    Fails.calls = 0
    model, callback = make(), balancer(Fails("good"), strategy="equal", mode=mode, pool_size=200)
    with pytest.warns(UserWarning, match="Fails has failed.*the disk is gone") as caught:
        history = fit(callback, model, epochs=6)
    assert len([one for one in caught if "has failed" in str(one.message)]) == 1
    assert len(history["loss"]) == 6 and np.isfinite(history["loss"]).all()
    if mode == "live":
        assert history["synthetic_share"][-1] == 0.0
    assert "Fails has failed" in capsys.readouterr().out
    assert model.train_function is None


def test_anneal():
    """Beside any strategy, no row is generated in the last part of the training; real ones go on."""
    history = fit(balancer(strategy="sqrt", resample_real=0.5, anneal=0.4), **WHOLE, epochs=5)
    generated, repeated = history["synthetic_share"], history["repeated_share"]
    assert min(generated[:3]) > 0.05 and generated[3:] == [0.0, 0.0]
    assert min(repeated[3:]) > max(repeated[:3]) > 0.05


def test_fixed_shares_are_not_annealed_if_not_told_so():
    assert min(fit(balancer(strategy="sqrt"), **WHOLE, epochs=5)["synthetic_share"]) > 0.1


# What becomes of the batch.


def images():
    """Images of one shade for each class, and a classifier for them that keeps its batches."""
    y = np.repeat([0, 1], [50, 10])
    x = np.ones((60, 4, 4, 1), "float32") * y[:, None, None, None]
    model = Spy([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True), run_eagerly=True)
    return model, x, np.eye(2, dtype="float32")[y]


def test_augment_changes_added_rows_only():
    model, x, y = images()
    augment = layers.RandomBrightness((1.0, 1.0), value_range=(0, 2), seed=1)  # to white
    fit(balancer(None, strategy="equal", augment=augment), model, data=(x, y), batch_size=60, validation_data=None)
    seen = model.batches[0][0]
    np.testing.assert_array_equal(seen[:60], x)
    assert len(seen) > 90 and seen[60:].min() == 2


def test_mix_mixes_rows_and_labels_alike():
    """Where the label is a third of class 1, so is the image; added rows are mixed with the others."""
    model, x, y = images()
    fit(
        balancer(None, strategy="equal", mix=layers.MixUp(1.0, seed=1)),
        model,
        data=(x, y),
        batch_size=60,
        validation_data=None,
    )
    mixed, labels = model.batches[0]
    assert len(mixed) == len(labels) > 90
    np.testing.assert_allclose(mixed, np.ones((1, 4, 4, 1)) * labels[:, 1][:, None, None, None], atol=1e-5)
    between = (labels[:, 1] > 0.01) & (labels[:, 1] < 0.99)
    assert between[:60].mean() > 0.2 and between[60:].mean() > 0.2


def test_mix_needs_one_hot_labels():
    with pytest.raises(ValueError, match="`mix` must be None, or the labels one-hot"):
        fit(balancer(None, strategy="equal", mix=layers.MixUp(1.0)))


# What becomes of the loss.


@pytest.mark.parametrize(
    ("strategy", "adjustment", "adjusted"),
    [("equal", "loss", True), ("validated", "auto", True), ("equal", "auto", False), ("equal", None, False)],
)
def test_logit_adjustment_in_the_loss(strategy, adjustment, adjusted):
    """The loss sees logits plus the logarithm of the class shares (Menon et al., equation 10)."""
    model = still()
    callback = balancer(None, **{**NOTHING, "strategy": strategy}, logit_adjustment=adjustment)
    history = fit(callback, model, **WHOLE)
    logits = model.predict(X, verbose=0) + adjusted * np.log(np.array(COUNTS) / 250)
    expected = keras.losses.sparse_categorical_crossentropy(Y, logits, from_logits=True)
    assert history["loss"][0] == pytest.approx(float(np.mean(expected)), rel=1e-5)


def test_logit_adjustment_afterwards(tmp_path):
    """Class shares are those of the rows that were trained on, added ones with them."""
    model = eager()
    callback = balancer(None, strategy={1: 0.3}, logit_adjustment="post-hoc")
    fit(callback, model)
    adjusted = callback.adjusted(model)
    rows = np.array([160, 60 / 0.7, 30])
    expected = model.predict(X, verbose=0) - np.log(rows / rows.sum())
    expected -= expected.mean(1, keepdims=True)
    got = adjusted.predict(X, verbose=0)
    np.testing.assert_allclose(got - got.mean(1, keepdims=True), expected, atol=1e-4)
    adjusted.save(tmp_path / "adjusted.keras")
    again = keras.models.load_model(tmp_path / "adjusted.keras")
    np.testing.assert_allclose(again.predict(X, verbose=0), got, atol=1e-6)


@pytest.mark.parametrize("loss_weight", [0.0, 0.5, 1.0])
def test_loss_weight(loss_weight):
    """Of generated rows; the loss is the mean over the rows that count at all."""
    model = still(cls=Spy)
    callback = balancer(strategy="equal", loss_weight=loss_weight, resample_real=0.5)
    history = fit(callback, model, **WHOLE)
    x, y = model.batches[0][:2]
    known = {row.tobytes() for row in X}
    generated = np.array([row.tobytes() not in known for row in x])
    assert not generated[:250].any() and 0.3 < generated[250:].mean() < 0.7
    weights = np.where(generated, loss_weight, 1.0)
    expected = np.sum(weights * losses(model, x, y)) / np.count_nonzero(weights)
    assert history["loss"][0] == pytest.approx(float(expected), rel=1e-5)


def test_batch_normalization_of_real_rows():
    moving = {}
    for which in ("all", "real"):
        norm = keras.layers.BatchNormalization(momentum=0.5)
        model = keras.Sequential([keras.Input((8,)), norm, keras.layers.Dense(3)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, run_eagerly=True)
        fit(balancer("noise", strategy="equal", batch_norm=which), model, **WHOLE, epochs=3)
        moving[which] = np.asarray(norm.moving_variance)
        assert "call" not in vars(norm)
    np.testing.assert_allclose(moving["real"], 0.125 + 0.875 * X.var(0), rtol=1e-3)
    assert moving["all"].min() > 50


@pytest.mark.parametrize(
    "jit", [False, pytest.param(True, marks=[pytest.mark.xla, pytest.mark.full])], ids=["graph", "xla"]
)
def test_batch_normalization_of_real_rows_in_a_graph(jit):
    norm = keras.layers.BatchNormalization(momentum=0.0)  # the moving mean is that of the last batch
    model = keras.Sequential([keras.Input((8,)), norm, keras.layers.Dense(3)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=jit)
    fit(balancer(None, strategy="equal", batch_norm="real"), model, **WHOLE)
    np.testing.assert_allclose(norm.moving_mean, X.mean(0), atol=1e-5)


@pytest.mark.full
def test_a_graph_does_the_same():
    """What changes in a training is no constant of the step that is traced once."""
    histories = []
    for make in (eager, classifier):
        callback = balancer(
            strategy="sqrt",
            resample_real=0.3,
            schedule=lambda epoch, epochs: 1.0 - epoch / epochs,
            anneal=0.3,
            loss_weight=0.5,
            logit_adjustment="loss",
        )
        histories.append(fit(callback, make(dropout=0.0), **WHOLE, epochs=4))
    assert set(histories[0]) == set(histories[1]) == {"loss", *SHARES, *RECALLS}
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-4, err_msg=name)


# What is usual, and what is refused.


def test_what_is_usual():
    """The numbers of the docstring and the README."""
    usual = {
        **{"strategy": "validated", "max_share": 0.5, "max_multiple": None, "resample_real": None, "shares": None},
        **{"accept": None, "mode": "pool", "pool_size": 2048, "refresh": 1, "augment": None},
        **{"mix": None, "schedule": "constant", "anneal": None, "loss_weight": 1.0, "batch_norm": "all"},
        **{"logit_adjustment": "auto", "min_real": 5},
        **{"trial_cost": 0.1, "validation_share": 0.2, "num_classes": None, "target": None, "seed": None},
    }
    parameters = inspect.signature(SyntheticBalancer).parameters
    assert {name: one.default for name, one in parameters.items() if name != "synthesizer"} == usual


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
        (lambda: fit(balancer(), validation_data=(X, Y + 5)), ValueError, "be class numbers from 0 to 2"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


@pytest.mark.parametrize("labels", ["several", "fractions"])
def test_labels_of_streams_are_looked_at_in_the_step(labels):
    y = {"several": np.tile([[1.0, 1.0, 0.0]], (250, 1)), "fractions": np.full(250, 0.5)}[labels].astype("float32")
    data = tf.data.Dataset.from_tensor_slices((X, y)).batch(25)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True) if labels == "several" else "mse"
    callback = balancer(strategy="equal")
    callback.adapt(Y)
    with pytest.raises(ValueError, match=r"SyntheticBalancer: `y` must .* Received: y="):
        fit(callback, eager(loss=loss), data=(data, None), batch_size=None, validation_data=None)
