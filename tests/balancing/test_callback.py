"""Fixed shares: any data, any way of training; what is left behind, and what is not."""

import copy
import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_augsynth import callbacks, synthesis

pytestmark = pytest.mark.xdist_group("synthetic_balancer")  # one training answers several of the tests

COUNTS = [200, 40, 10]
RNG = np.random.default_rng(0)
Y = RNG.permutation(np.repeat([0, 1, 2], COUNTS))
X = (RNG.normal(size=(250, 6)) + Y[:, None]).astype("float32")


class Centers:
    """Samples of class c lie about c, quite otherwise than the real ones."""

    num_classes = 3

    def __init__(self, offset=0.0, dtype="float32", size=6):
        self.offset, self.dtype, self.size = offset, dtype, size

    def fit(self, x, y, **kwargs):
        return self

    def sample(self, labels, seed=None):
        noise = tf.random.stateless_normal((tf.shape(labels)[0], self.size), tf.stack([tf.cast(seed, tf.int64), 1]))
        return tf.cast(tf.cast(labels, tf.float32)[:, None] + self.offset + noise, self.dtype)


def classifier(
    outputs=3, loss="sparse_categorical_crossentropy", batch_norm=False, cls=keras.Sequential, **compile_with
):
    random.seed(1)  # which Keras seeds initial weights by
    norm = [keras.layers.BatchNormalization()] if batch_norm else []
    head = keras.layers.Dense(outputs, activation="softmax" if outputs > 1 else "sigmoid")
    model = cls([keras.Input((6,)), keras.layers.Dense(8, activation="relu"), *norm, head])
    model.compile("adam", loss, **{"metrics": ["accuracy"], **compile_with})
    return model


def eager(*args, **kwargs):
    """A classifier without a graph, where the way of training is not the question."""
    return classifier(*args, run_eagerly=True, **kwargs)


def data_set(y=Y, batch_size=25):
    return tf.data.Dataset.from_tensor_slices((X, y)).batch(batch_size)


def balancer(adapted=True, synthesizer=None, **kwargs):
    result = callbacks.SyntheticBalancer(synthesizer or Centers(), **{"strategy": "equal", "seed": 1, **kwargs})
    if adapted:
        result.adapt(Y)
    return result


def fit(*used, model=None, data=None, epochs=1):
    """In two steps an epoch, if not said otherwise."""
    model, data = model or eager(), data or data_set(batch_size=125)
    return model.fit(data, epochs=epochs, verbose=0, shuffle=False, callbacks=list(used)).history


class Files(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return X[index * 125 : index * 125 + 125], Y[index * 125 : index * 125 + 125]


def endless():
    while True:
        yield from (Files()[k] for k in range(2))


class OwnStep(keras.Sequential):
    """A train_step written by hand, as in the guides."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return self.compute_metrics(x, y, y_pred)


def left(model):
    """What a balancer might leave behind."""
    return {"train_step", "compute_metrics", "compute_loss", "make_train_function"} & vars(model).keys()


def check(model, callback, history, epochs=2):
    tally = callback._run.tally
    added, seen = tally.generated.numpy(), tally.real.numpy().sum()
    assert added[0] == 0 and added[1] > 0 and added[2] > 0
    assert seen == 250  # of the last epoch: real rows only
    assert len(history["synthetic_share"]) == epochs
    share = added.sum() / (added.sum() + 250)
    assert history["synthetic_share"][-1] == pytest.approx(share, abs=1e-6)
    assert 0.4 < share < 0.55
    assert model.train_function is None
    assert not left(model)


# In a graph.


class Copies(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            self.copied = copy.deepcopy(self.model)
            self.cloned = keras.models.clone_model(self.model)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training in a graph, which counts the classes while its first epoch runs, and is saved and copied."""
    path = tmp_path_factory.mktemp("balancer") / "model.keras"
    model, callback, copies = classifier(), balancer(adapted=False), Copies()
    checkpoint = keras.callbacks.ModelCheckpoint(path)
    history = fit(callback, checkpoint, copies, model=model, data=data_set(), epochs=2)
    return model, callback, history, copies, path


def test_in_a_graph(trained):
    check(*trained[:3])


def test_classes_are_counted_while_the_first_epoch_runs(trained):
    np.testing.assert_array_equal(trained[1]._run.counts, COUNTS)


def test_saving_in_the_middle(trained):
    model, _, _, copies, path = trained
    saved = keras.models.load_model(path)
    shapes = [weight.shape for weight in classifier().weights]
    for one in (saved, copies.copied, copies.cloned):
        assert [weight.shape for weight in one.weights] == shapes
    np.testing.assert_allclose(saved.predict(X, verbose=0), model.predict(X, verbose=0))
    assert "synthetic_share" not in fit(model=copies.copied)  # a copy trains without it


SOURCES = {
    "arrays": lambda model, **kw: model.fit(X, Y, batch_size=125, **kw),
    "partial last batch": lambda model, **kw: model.fit(X, Y, batch_size=64, **kw),
    "PyDataset": lambda model, **kw: model.fit(Files(), **kw),
    "generator": lambda model, **kw: model.fit(endless(), steps_per_epoch=2, shuffle=False, **kw),
    "column of labels": lambda model, **kw: model.fit(X, Y[:, None], batch_size=125, **kw),
}
MODELS = {
    "graph": {},
    "xla": {"jit_compile": True},
    "eager": {"run_eagerly": True},
    "steps_per_execution": {"steps_per_execution": 4},
    "steps_per_execution in xla": {"steps_per_execution": 4, "jit_compile": True},
    "batch normalization": {"batch_norm": True},
    "own train_step": {"cls": OwnStep},
}
FULL, XLA = pytest.mark.full, pytest.mark.xla


@pytest.mark.parametrize("way", ["eager", pytest.param("graph", marks=FULL)])
@pytest.mark.parametrize("name", SOURCES)
def test_every_source_of_data(name, way):
    model, callback = classifier(**MODELS[way]), balancer()
    check(model, callback, SOURCES[name](model, epochs=2, verbose=0, callbacks=[callback]).history)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("xla", marks=XLA),
        "own train_step",
        *(pytest.param(name, marks=FULL) for name in ("steps_per_execution", "batch normalization")),
        pytest.param("steps_per_execution in xla", marks=[XLA, FULL]),
    ],
)
def test_every_way_of_training(name):
    model, callback = classifier(**MODELS[name]), balancer()
    check(model, callback, fit(callback, model=model, data=data_set(), epochs=2))


def test_one_hot_labels():
    model, callback = eager(loss="categorical_crossentropy"), balancer(adapted=False)
    callback.adapt(np.eye(3)[Y])
    check(model, callback, fit(callback, model=model, data=data_set(np.eye(3, dtype="float32")[Y], 125), epochs=2))


@pytest.mark.parametrize("column", [False, True])
def test_binary_labels(column):
    y = (Y > 0).astype("float32")
    callback = balancer(adapted=False)
    callback.adapt(y)
    fit(callback, model=eager(1, "binary_crossentropy"), data=data_set(y[:, None] if column else y, 125))
    np.testing.assert_array_equal(callback._run.counts, [200, 50, 0])
    assert callback._run.tally.generated.numpy()[1] > 100


def test_outputs_of_classes_without_rows():
    """With the default, too, which adjusts logits."""
    model, callback = eager(5), callbacks.SyntheticBalancer(None, seed=1)
    model.fit(X, Y, epochs=1, batch_size=125, verbose=0, callbacks=[callback])
    np.testing.assert_array_equal(callback._run.counts, [*COUNTS, 0, 0])


def test_a_model_that_hides_how_many_outputs_it_has():
    class Hidden(keras.Model):
        def __init__(self, inside):
            super().__init__()
            self.inside = inside

        def call(self, x):
            return self.inside(x)

    def fitted(**kwargs):
        model = Hidden(classifier(5))
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
        callback = callbacks.SyntheticBalancer(None, seed=1, **kwargs)
        model.fit(X, Y, epochs=1, batch_size=125, verbose=0, callbacks=[callback])

    with pytest.raises(ValueError, match="`num_classes` must be 5, as many as the model has outputs"):
        fitted()
    fitted(num_classes=5)


@pytest.mark.parametrize("way", ["eager", pytest.param("graph", marks=FULL)])
def test_mixed_precision(way):
    keras.mixed_precision.set_global_policy("mixed_float16")
    model, callback = classifier(**MODELS[way]), balancer()
    check(model, callback, fit(callback, model=model, epochs=2))


def test_can_be_copied_before_fit():
    """keras-tuner copies callbacks deeply."""
    model, callback = eager(), copy.deepcopy(balancer())
    check(model, callback, fit(callback, model=model, epochs=2))


@pytest.mark.parametrize("way", ["graph", pytest.param("xla", marks=[XLA, FULL])])
def test_with_a_gan(way):
    networks = synthesis.mlp_gan((6,), num_classes=3, latent_dim=4)
    gan = synthesis.GAN(*networks, num_classes=3, value_range=(-9, 9), seed=1)
    gan._steps.assign(1)  # as if trained
    model, callback = classifier(**MODELS[way]), balancer(synthesizer=gan, mode="live")
    weights = [weight.path for weight in model.trainable_weights]
    check(model, callback, fit(callback, model=model, epochs=2))
    assert [weight.path for weight in model.trainable_weights] == weights


# What it does to the batches.


class Spy(keras.Sequential):
    def train_step(self, data):
        self.seen = [np.asarray(part) for part in data]
        return super().train_step(data)


def test_sample_weights():
    """Real rows keep theirs, and added ones weigh as much on average. Logged metrics are weighted by them, too."""
    weight = np.random.default_rng(1).uniform(0.1, 3.0, 250).astype("float32")
    model = eager(cls=Spy, metrics=None, weighted_metrics=["accuracy"])
    model.optimizer.learning_rate = 0.0
    options = {"batch_size": 250, "sample_weight": weight, "verbose": 0}
    history = model.fit(X, Y, shuffle=False, callbacks=[balancer()], **options).history
    assert len(model.seen) == 3
    x, y, weights = model.seen
    np.testing.assert_array_equal(x[:250], X)
    assert len(weights) == len(x) > 400
    np.testing.assert_allclose(weights[:250], weight, rtol=1e-5)
    np.testing.assert_allclose(weights[250:], weight.mean(), rtol=1e-5)
    losses = keras.losses.sparse_categorical_crossentropy(y, model.predict(x, verbose=0))
    assert history["loss"][0] == pytest.approx(float(np.mean(losses * weights)), rel=1e-5)
    assert history["accuracy"][0] == pytest.approx(model.evaluate(X, Y, **options)[1], abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"max_share": 0.9}, [0, 160, 190]),
        ({"strategy": "sqrt"}, [0, 8000**0.5 - 40, 2000**0.5 - 10]),
        ({"strategy": {2: 0.5}}, [0, 0, 10]),
        ({"max_share": 0.1}, [0, 25 / 0.9 * 160 / 350, 25 / 0.9 * 190 / 350]),
        ({"max_multiple": 1.0}, [0, 40, 10]),
        ({"max_share": 0.9, "min_real": 11}, [0, 160, 0]),
    ],
    ids=["equal", "sqrt", "shares", "max_share", "max_multiple", "min_real"],
)
def test_how_many_rows_are_added(arguments, expected):
    """To within a level in all, and any share of it to a class that fits the expected one."""
    callback = balancer(**arguments)
    fit(callback, data=data_set(batch_size=250))
    added, expected = callback._run.tally.generated.numpy(), np.array(expected)
    assert added.sum() == pytest.approx(expected.sum(), abs=max(expected.sum() / 8, 2))
    there = expected > 0
    assert not added[~there].any()
    assert (
        there.sum() == 1 or stats.chisquare(added[there], expected[there] * added.sum() / expected.sum()).pvalue > 0.01
    )


def test_schedule():
    callback = balancer(schedule="linear")
    shares = fit(callback, data=data_set(batch_size=250), epochs=3)["synthetic_share"]
    np.testing.assert_allclose(shares, [250 / 500, 175 / 425, 0.0], atol=0.03)  # all of 350 do not fit in


@pytest.mark.parametrize("way", ["graph", pytest.param("xla", marks=[XLA, FULL])])
@pytest.mark.parametrize(
    "nothing",
    [
        pytest.param({"max_share": 0.0}, marks=FULL),
        {"strategy": {2: 0.0}},
        {"schedule": lambda epoch, epochs: 0.0},
    ],
    ids=["max_share", "strategy", "schedule"],
)
def test_share_zero_trains_bit_for_bit_like_no_callback(way, nothing):
    plain, same = (classifier(batch_norm=True, **MODELS[way]) for _ in range(2))
    first = fit(model=plain, data=data_set(), epochs=2)
    second = fit(balancer(**nothing), model=same, data=data_set(), epochs=2)
    for a, b in zip(plain.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert second.pop("synthetic_share") == [0.0, 0.0]
    assert first == second


def test_metrics_are_those_of_the_real_rows():
    """With weights that never change, the accuracy in the log is that of the real rows."""
    model = eager()
    model.optimizer.learning_rate = 0.0
    loss, accuracy = model.evaluate(X, Y, verbose=0)
    history = fit(balancer(synthesizer=Centers(100.0)), model=model)
    assert history["accuracy"][0] == pytest.approx(accuracy, abs=1e-6)
    assert history["loss"][0] > loss + 1  # the loss is that of all rows


@FULL
@XLA
def test_weights_of_xla_are_the_mean_over_rows_that_count():
    """Padded to a fixed number of rows, the loss is still that of the unpadded batch."""
    losses = []
    for jit in (False, True):
        model = classifier(jit_compile=jit)
        model.optimizer.learning_rate = 0.0
        losses.append(fit(balancer(strategy={2: 0.5}), model=model, data=data_set(), epochs=3)["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.05)
    assert len(set(losses[1])) == 3  # other rows in each epoch


# What is left behind.


class Fails(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch, logs=None):
        raise self.error


class FailingStep(keras.Sequential):
    fails = True

    def train_step(self, data):
        if self.fails:
            raise RuntimeError("in the step")
        return super().train_step(data)


@pytest.mark.parametrize("error", [RuntimeError("in a callback"), KeyboardInterrupt()], ids=["error", "ctrl-c"])
@pytest.mark.parametrize("then", ["fit", "train_on_batch"])
def test_nothing_is_left_after_an_exception(error, then):
    model, callback = eager(), balancer()
    with pytest.raises(type(error)):
        fit(callback, Fails(error), model=model)
    assert not left(model)
    seen = callback._run.tally.real.numpy().sum()
    assert seen == 125
    if then == "fit":
        assert "synthetic_share" not in fit(model=model)
    else:
        model.train_on_batch(X[:25], Y[:25])
    assert callback._run.tally.real.numpy().sum() == seen  # no batch went through it any more
    assert type(model.train_function).__name__ == "function"


def test_nothing_is_left_after_an_exception_in_the_step():
    model = eager(cls=FailingStep)
    with pytest.raises(RuntimeError, match="in the step"):
        fit(balancer(), model=model)
    assert model.train_function is None
    model.fails = False
    assert "synthetic_share" not in fit(model=model)


def test_second_fit_without_it_is_a_plain_fit():
    model, plain = eager(), eager()
    fit(balancer(), model=model)
    plain.set_weights(model.get_weights())
    plain.optimizer.build(plain.trainable_variables)
    for target, source in zip(plain.optimizer.variables, model.optimizer.variables, strict=True):
        target.assign(source)
    assert fit(model=model) == fit(model=plain)


def test_two_balancers_each_see_the_real_rows():
    first, second = balancer(), balancer(seed=2)
    model = eager()
    history = fit(first, second, model=model)
    for callback in (first, second):
        assert callback._run.tally.real.numpy().sum() == 250
        assert callback._run.tally.generated.numpy().sum() > 150
    assert model.train_function is None
    assert len(history["synthetic_share"]) == 1


@pytest.mark.parametrize("first", [True, False])
def test_a_callback_that_compiles_again_does_not_lose_it(first):
    class Compiles(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.make_train_function(force=True)

    both = [Compiles(), balancer()] if first else [balancer(), Compiles()]
    assert min(fit(*both, epochs=2)["synthetic_share"]) > 0.4


def test_replicas_draw_differently():
    fit(callback := balancer(), data=data_set(batch_size=250))

    class Context:
        def __init__(self, replica):
            self.replica_id_in_sync_group = replica

    seeds = []
    for replica in (0, 1):
        callback._run.draws.assign(5)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tf.distribute, "get_replica_context", lambda replica=replica: Context(replica))
            seeds.append(int(callback._run.new_seed()))
    assert len(set(seeds)) == 2


def fit_with(synthesizer):
    return lambda: fit(balancer(synthesizer=synthesizer))


@pytest.mark.parametrize(
    ("build", "kind", "message"),
    [
        (
            lambda: callbacks.SyntheticBalancer("gan"),
            TypeError,
            "`synthesizer` must have the methods `fit` and `sample`",
        ),
        (
            lambda: balancer(strategy="even"),
            ValueError,
            'SyntheticBalancer: `strategy` must be one of "validated", "equal"',
        ),
        (lambda: balancer(strategy={0: 1.0}), ValueError, "`strategy` must leave some real rows"),
        (lambda: balancer(strategy={0: 2.0}), ValueError, "`strategy` must be a finite number from 0.0 to 1.0"),
        (lambda: balancer(strategy={"cat": 0.5}), ValueError, "`strategy` must name classes by their numbers"),
        (lambda: balancer(max_share=1.0), ValueError, "`max_share` must be below 1"),
        (lambda: balancer(max_multiple=-1), ValueError, "`max_multiple` must"),
        (lambda: balancer(schedule="cosin"), ValueError, 'did you mean "cosine"'),
        (lambda: balancer().adapt(np.zeros(5, int)), ValueError, "`y` must hold at least two classes"),
        (
            lambda: balancer().adapt(np.array(["a", "b"])),
            TypeError,
            r"`y` must be class numbers, which names become by np.uniq",
        ),
        (lambda: balancer().adapt(np.array([0.5, 1.0])), ValueError, "`y` must be class numbers 0, 1, 2"),
        (lambda: balancer().adapt(np.array([-1, 1])), ValueError, "`y` must be class numbers 0, 1, 2"),
        (lambda: balancer().adapt(np.zeros((0,), int)), ValueError, "`y` must hold at least one label"),
        (lambda: balancer().adapt(np.zeros((3, 2, 2))), ValueError, r"`y` must have the shape \(N,\)"),
        (
            fit_with(Centers(size=5)),
            ValueError,
            r"make samples like the batch's, \(6,\) float.* Received: .*\(5,\) float",
        ),
        (fit_with(Centers(dtype="int32")), ValueError, r"make samples like the batch's, \(6,\) float.*\(6,\) int32"),
    ],
)
def test_wrong_arguments(build, kind, message):
    with pytest.raises(kind, match=message):
        build()


def test_adapt_counts_data_sets():
    callback = callbacks.SyntheticBalancer(Centers())
    callback.adapt(data_set())
    np.testing.assert_array_equal(callback.class_counts, COUNTS)
    callback.adapt(tf.data.Dataset.from_tensor_slices((X, Y)))
    np.testing.assert_array_equal(callback.class_counts, COUNTS)
