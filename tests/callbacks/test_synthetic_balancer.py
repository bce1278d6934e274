import copy

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth import callbacks, synthesis

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
    keras.utils.set_random_seed(1)
    norm = [keras.layers.BatchNormalization()] if batch_norm else []
    head = keras.layers.Dense(outputs, activation="softmax" if outputs > 1 else "sigmoid")
    model = cls([keras.Input((6,)), keras.layers.Dense(8, activation="relu"), *norm, head])
    model.compile("adam", loss, metrics=["accuracy"], **compile_with)
    return model


def data_set(y=Y):
    return tf.data.Dataset.from_tensor_slices((X, y)).batch(25)


def balancer(adapted=True, synthesizer=None, **kwargs):
    result = callbacks.SyntheticBalancer(synthesizer or Centers(), seed=1, **{"strategy": "equal", **kwargs})
    if adapted:
        result.adapt(Y)
    return result


class Files(keras.utils.PyDataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        return X[index * 25 : index * 25 + 25], Y[index * 25 : index * 25 + 25]


def endless():
    while True:
        yield from (Files()[k] for k in range(10))


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


SOURCES = {
    "arrays": lambda model, **kw: model.fit(X, Y, batch_size=25, **kw),
    "partial last batch": lambda model, **kw: model.fit(X, Y, batch_size=64, **kw),
    "tf.data": lambda model, **kw: model.fit(data_set(), shuffle=False, **kw),
    "PyDataset": lambda model, **kw: model.fit(Files(), **kw),
    "generator": lambda model, **kw: model.fit(endless(), steps_per_epoch=10, shuffle=False, **kw),
    "column of labels": lambda model, **kw: model.fit(X, Y[:, None], batch_size=25, **kw),
    "sample_weight": lambda model, **kw: model.fit(X, Y, batch_size=25, sample_weight=np.full(250, 2.0), **kw),
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


def check(model, callback, history):
    added, seen = callback._balancing.added.numpy(), float(callback._balancing.seen)
    assert added[0] == 0 and added[1] > 0 and added[2] > 0
    assert seen == 250  # of the last epoch: real rows only
    assert len(history.history["synthetic_share"]) == 2
    share = added.sum() / (added.sum() + 250)
    assert history.history["synthetic_share"][-1] == pytest.approx(share, abs=1e-6)
    assert 0.4 < share < 0.55
    assert model.train_function is None
    assert not {"train_step", "compute_metrics", "make_train_function"} & vars(model).keys()


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_of_data(name):
    model, callback = classifier(), balancer()
    check(model, callback, SOURCES[name](model, epochs=2, verbose=0, callbacks=[callback]))


@pytest.mark.parametrize("name", MODELS)
def test_every_way_of_training(name):
    model, callback = classifier(**MODELS[name]), balancer()
    check(model, callback, model.fit(data_set(), epochs=2, verbose=0, shuffle=False, callbacks=[callback]))


def test_one_hot_labels():
    model, callback = (
        classifier(loss="categorical_crossentropy"),
        callbacks.SyntheticBalancer(Centers(), strategy="equal", seed=1),
    )
    callback.adapt(np.eye(3)[Y])
    history = model.fit(
        data_set(np.eye(3, dtype="float32")[Y]), epochs=2, verbose=0, shuffle=False, callbacks=[callback]
    )
    check(model, callback, history)


@pytest.mark.parametrize("column", [False, True])
def test_binary_labels(column):
    y = (Y > 0).astype("float32")
    model, callback = (
        classifier(1, "binary_crossentropy"),
        callbacks.SyntheticBalancer(Centers(), strategy="equal", seed=1),
    )
    callback.adapt(y)
    model.fit(data_set(y[:, None] if column else y), verbose=0, shuffle=False, callbacks=[callback])
    np.testing.assert_array_equal(callback._balancing.counts, [200, 50, 0])
    assert callback._balancing.added.numpy()[1] > 100


def test_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_float16")
    model, callback = classifier(), balancer()
    check(model, callback, model.fit(X, Y, batch_size=25, epochs=2, verbose=0, callbacks=[callback]))


def test_classes_are_counted_while_the_first_epoch_runs():
    model, callback = classifier(), balancer(adapted=False)
    history = model.fit(data_set(), epochs=2, verbose=0, shuffle=False, callbacks=[callback])
    np.testing.assert_array_equal(callback._balancing.counts, COUNTS)
    check(model, callback, history)


@pytest.mark.parametrize("compile_with", [{}, {"jit_compile": True}], ids=["graph", "xla"])
@pytest.mark.parametrize(
    "nothing",
    [{"max_share": 0.0}, {"strategy": {2: 0.0}}, {"schedule": lambda epoch, epochs: 0.0}],
    ids=["max_share", "strategy", "schedule"],
)
def test_share_zero_trains_bit_for_bit_like_no_callback(compile_with, nothing):
    plain, same = (classifier(batch_norm=True, **compile_with) for _ in range(2))
    fit = lambda model, **kw: model.fit(data_set(), epochs=2, verbose=0, shuffle=False, **kw).history
    first = fit(plain)
    second = fit(same, callbacks=[balancer(**nothing)])
    for a, b in zip(plain.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert second.pop("synthetic_share") == [0.0, 0.0]
    assert first == second


def test_metrics_are_those_of_the_real_rows():
    """With weights that never change, the accuracy in the log is that of the real rows."""
    model = classifier()
    model.optimizer.learning_rate = 0.0
    real = model.evaluate(X, Y, verbose=0)[1]
    history = model.fit(data_set(), verbose=0, shuffle=False, callbacks=[balancer(synthesizer=Centers(100.0))]).history
    assert history["accuracy"][0] == pytest.approx(real, abs=1e-6)
    assert history["loss"][0] > model.evaluate(X, Y, verbose=0)[0] + 1  # the loss is that of all rows


def test_weights_of_xla_are_the_mean_over_rows_that_count():
    """Padded to a fixed number of rows, the loss is still that of the unpadded batch."""
    losses = []
    for jit in (False, True):
        model = classifier(jit_compile=jit)
        model.optimizer.learning_rate = 0.0
        callback = balancer(strategy={2: 0.5})
        history = model.fit(data_set(), epochs=3, verbose=0, shuffle=False, callbacks=[callback]).history
        losses.append(history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.05)
    assert len(set(losses[1])) == 3  # other rows in each epoch


@pytest.mark.parametrize(
    ("arguments", "low", "high"),
    [
        ({"strategy": "equal", "max_share": 0.9}, [0, 130, 160], [0, 190, 220]),
        ({"strategy": "sqrt"}, [0, 30, 20], [0, 75, 55]),
        ({"strategy": {2: 0.5}}, [0, 0, 5], [0, 0, 18]),
        ({"max_share": 0.1}, [0, 3, 6], [0, 22, 26]),
        ({"max_multiple": 1.0}, [0, 25, 3], [0, 60, 22]),
    ],
    ids=["equal", "sqrt", "shares", "max_share", "max_multiple"],
)
def test_how_many_rows_are_added(arguments, low, high):
    callback = balancer(**arguments)
    classifier().fit(data_set(), epochs=4, verbose=0, shuffle=False, callbacks=[callback])
    added = callback._balancing.added.numpy()
    assert np.all(added >= low) and np.all(added <= high), added


def test_schedule():
    shares = {}
    for name in ("constant", "linear", "cosine"):
        callback = balancer(schedule=name)
        history = classifier().fit(data_set(), epochs=5, verbose=0, shuffle=False, callbacks=[callback]).history
        shares[name] = history["synthetic_share"]
    assert min(shares["constant"]) > 0.45
    for name in ("linear", "cosine"):
        assert shares[name][0] > 0.45 and shares[name][-1] == 0.0


class Fails(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch, logs=None):
        if batch == 3:
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
    model, callback = classifier(), balancer()
    with pytest.raises(type(error)):
        model.fit(data_set(), verbose=0, shuffle=False, callbacks=[callback, Fails(error)])
    assert not {"train_step", "compute_metrics", "make_train_function"} & vars(model).keys()
    seen = float(callback._balancing.seen)
    if then == "fit":
        history = model.fit(data_set(), verbose=0, shuffle=False).history
        assert "synthetic_share" not in history
    else:
        model.train_on_batch(X[:25], Y[:25])
    assert float(callback._balancing.seen) == seen  # no batch went through it any more
    assert type(model.train_function).__name__ == "function"


def test_nothing_is_left_after_an_exception_in_the_step():
    model = classifier(cls=FailingStep)
    with pytest.raises(RuntimeError, match="in the step"):
        model.fit(data_set(), verbose=0, shuffle=False, callbacks=[balancer()])
    assert model.train_function is None
    model.fails = False
    assert "synthetic_share" not in model.fit(data_set(), verbose=0, shuffle=False).history


def test_second_fit_without_it_is_a_plain_fit():
    model, plain = classifier(), classifier()
    model.fit(data_set(), verbose=0, shuffle=False, callbacks=[balancer()])
    plain.set_weights(model.get_weights())
    plain.optimizer.build(plain.trainable_variables)
    for target, source in zip(plain.optimizer.variables, model.optimizer.variables, strict=True):
        target.assign(source)
    first, second = (m.fit(data_set(), verbose=0, shuffle=False).history for m in (model, plain))
    assert first == second


def test_two_balancers_each_see_the_real_rows():
    first, second = balancer(), callbacks.SyntheticBalancer(Centers(), strategy="equal", seed=2)
    second.adapt(Y)
    model = classifier()
    history = model.fit(data_set(), verbose=0, shuffle=False, callbacks=[first, second]).history
    for callback in (first, second):
        assert float(callback._balancing.seen) == 250
        assert callback._balancing.added.numpy().sum() > 150
    assert model.train_function is None
    assert len(history["synthetic_share"]) == 1


@pytest.mark.parametrize("first", [True, False])
def test_a_callback_that_compiles_again_does_not_lose_it(first):
    class Compiles(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.make_train_function(force=True)

    callback = balancer()
    both = [Compiles(), callback] if first else [callback, Compiles()]
    history = classifier().fit(data_set(), epochs=2, verbose=0, shuffle=False, callbacks=both).history
    assert min(history["synthetic_share"]) > 0.4


def test_saving_in_the_middle(tmp_path):
    class Copies(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                self.copied = copy.deepcopy(self.model)
                self.cloned = keras.models.clone_model(self.model)

    plain, model, copies = classifier(), classifier(), Copies()
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "model.keras")
    model.fit(data_set(), verbose=0, shuffle=False, callbacks=[balancer(), checkpoint, copies])
    saved = keras.models.load_model(tmp_path / "model.keras")
    assert len(saved.weights) == len(copies.copied.weights) == len(copies.cloned.weights) == len(plain.weights)
    np.testing.assert_allclose(saved.predict(X, verbose=0), model.predict(X, verbose=0))


def test_with_a_gan():
    networks = synthesis.mlp_gan((6,), num_classes=3, latent_dim=4)
    gan = synthesis.GAN(*networks, num_classes=3, value_range=(-9, 9), seed=1)
    gan.compile()
    gan.fit(X, Y, epochs=1, verbose=0)
    for compile_with in ({}, {"jit_compile": True}):
        model, callback = classifier(**compile_with), balancer(synthesizer=gan)
        check(model, callback, model.fit(data_set(), epochs=2, verbose=0, shuffle=False, callbacks=[callback]))
    assert all(weight.path.startswith("sequential") or "dense" in weight.path for weight in model.trainable_weights)


def test_can_be_copied_before_fit():
    """keras-tuner copies callbacks deeply."""
    callback = copy.deepcopy(balancer())
    check(
        model := classifier(), callback, model.fit(data_set(), epochs=2, verbose=0, shuffle=False, callbacks=[callback])
    )


def test_replicas_draw_differently():
    callback = balancer()
    classifier().fit(data_set(), verbose=0, shuffle=False, callbacks=[callback])

    class Context:
        def __init__(self, replica):
            self.replica_id_in_sync_group = replica

    seeds = []
    for replica in (0, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tf.distribute, "get_replica_context", lambda replica=replica: Context(replica))
            seeds.append(int(callback._balancing.new_seed()))
    assert len(set(seeds)) == 2


def fit_with(synthesizer):
    return lambda: classifier().fit(data_set(), verbose=0, shuffle=False, callbacks=[balancer(synthesizer=synthesizer)])


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
        (lambda: balancer().adapt(np.array(["a", "b"])), TypeError, "`y` must be class numbers or one-hot rows"),
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
