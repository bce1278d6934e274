"""The validated strategy in training: what trials find out, what they cost, and what they leave behind."""

import contextlib
import io
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from blobs import CLASSES, COUNTS, SIZE, X_VAL, Y_VAL, Source, Spy, X, Y, classifier, eager, fit, still
from blobs import balancer as usual_balancer

from keras_augsynth import synthesis
from keras_augsynth.balancing.trials.schedule import PREDICTION

pytestmark = pytest.mark.xdist_group("validated")  # one training answers several of the tests


def balancer(synthesizer="good", **kwargs):
    # Tiny trainings look at some rows only if that may cost more than usual.
    return usual_balancer(synthesizer, **{"trial_cost": 1.0, **kwargs})


def long_fit(callback, model, **kwargs):
    return fit(callback, model, **{"batch_size": 25, "epochs": 8, **kwargs})


class Traced(keras.Sequential):
    """Counts how often its training step is traced."""

    traces = 0

    def train_step(self, data):
        self.traces += 1
        return super().train_step(data)


BATCHES = tf.data.Dataset.from_tensor_slices((X, Y)).batch(25)


def trained(callback, model, **kwargs):
    """What `fit` has logged, and printed, for a stream whose classes are counted while the first epoch runs."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        history = long_fit(callback, model, data=(BATCHES, None), batch_size=None, **kwargs)
    return history, text.getvalue()


@pytest.fixture(scope="module")
def permuted(tmp_path_factory):
    """A training with a source that confuses the classes."""
    path = tmp_path_factory.mktemp("validated") / "model.keras"
    model, callback, traces = classifier(cls=Traced), balancer("permuted"), []
    also = [
        keras.callbacks.ModelCheckpoint(path),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: traces.append(model.traces)),
    ]
    history, text = trained(callback, model, also=also)
    return callback, model, history, text, traces, path


# What it decides.


def refused(callback, history, text):
    report = callback.report_
    assert not any(line.kept for line in report.classes)
    assert max(history["synthetic_share"]) == 0.0
    assert "classes 1, 2: none of their added rows is generated; by the model's own predictions, " in text


def test_a_bad_source_gets_nothing(permuted):
    callback, _, history, text, _, _ = permuted
    refused(callback, history, text)
    assert "do not belong to their class" in callback.report_.classes[1].why


@pytest.mark.full
def test_a_source_of_one_sample_gets_nothing():
    """Its rows are the centers of the classes: each of them belongs to its class, but they do not differ."""
    refused(callback := balancer("collapsed"), *trained(callback, classifier()))
    assert callback.report_.classes[1].misfits < 0.2


def test_a_good_source_is_used_and_annealed():
    """Few real rows, none of them lost, and a source that knows the truth; at the usual cost."""
    few = np.concatenate([np.flatnonzero(label == Y)[:count] for label, count in enumerate([160, 12, 8])])
    few = np.random.default_rng(3).permutation(few)
    callback = usual_balancer("good", min_real=5)
    history = long_fit(callback, classifier(), data=(X[few], Y[few]), epochs=60, shuffle=True, validation_data=None)
    shares = history["synthetic_share"]
    assert [line.kept > 0.5 for line in callback.report_.classes] == [False, True, True]
    assert max(shares[: int(0.1 * 60)]) == 0.0  # before the looks
    assert min(shares[int(0.55 * 60) : int(0.8 * 60) - 1]) > 0.2
    assert max(shares[int(0.8 * 60) + 1 :]) == 0.0  # on real rows in the end
    cost = callback.report_.cost
    assert 0 < PREDICTION * cost["rows"] <= 0.1 * cost["of"]


def test_the_report(permuted):
    callback, _, history, text, _, _ = permuted
    report = callback.report_
    assert [line.rows for line in report.classes] == COUNTS
    assert report.classes[0].synthesizer == ""  # the largest class gets no rows, so it is not judged
    for line in report.classes[1:]:
        assert line.synthesizer == "Source" and line.validation == 60
        assert 0 < line.generated < line.real < 1 and 0.5 < line.misfits <= 1
    assert len(report.shares) == 8 and report.shares[0].shape == (CLASSES,)
    assert 0 < report.cost["rows"] <= report.cost["of"]
    assert text.startswith("SyntheticBalancer: ") and text.count("\n") == 1
    assert all(0 <= value <= 1 for value in history["val_balanced_accuracy"] + history["val_worst_recall"])
    report.plot()


def test_data_of_unknown_length():
    """Trials wait until the length is known; the step that finds the data at their end draws nothing."""
    callback, data = balancer("permuted"), BATCHES.filter(lambda x, y: True)
    with pytest.warns(UserWarning, match="Your input ran out of data"):  # Keras's
        long_fit(callback, classifier(), data=(data, None), batch_size=None)
    assert callback.report_.cost["rows"] > 0
    assert [line.rows for line in callback.report_.classes] == COUNTS
    state = callback.state_dict()
    assert state["calls"] == 80 and int(callback._run.draws) == 7 * 2**32 + 20  # which rows, and real ones for them


@pytest.mark.full
def test_several_synthesizers():
    callback = balancer({"good": Source("good"), "permuted": Source("permuted")})
    long_fit(callback, classifier())
    assert {line.synthesizer for line in callback.report_.classes[1:]} <= {"good", "permuted"}
    assert callback.report_.cost["rows"]


@pytest.mark.full
def test_validation_split_and_one_hot_labels():
    model = classifier(loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    callback = balancer("permuted")
    one_hot = np.eye(CLASSES, dtype="float32")[Y]
    long_fit(callback, model, data=(X, one_hot), validation_data=None, validation_split=0.3)
    assert callback.report_.cost["rows"]
    assert callback.report_.classes[0].rows < COUNTS[0]


@pytest.mark.full
def test_binary_labels():
    y, y_val = ((labels > 0).astype("float32") for labels in (Y, Y_VAL))
    model = keras.Sequential([keras.Input((SIZE,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    callback = balancer(synthesis.SMOTE().fit(X, y.astype(int)))
    long_fit(callback, model, data=(X, y), validation_data=(X_VAL, y_val))
    assert callback.report_.cost["rows"]


# What it leaves behind.


def test_trials_leave_no_trace(permuted):
    """With nothing decided for generated rows, the training is that of one without any synthesizer."""
    without = classifier()
    trained(balancer(None), without)
    callback, model, _, _, _, _ = permuted
    assert callback.report_.cost["rows"]
    for a, b in zip(model.get_weights(), without.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.train_function is None
    assert not {"train_step", "compute_metrics", "compute_loss"} & (vars(model).keys() - {"traces"})


def test_one_trace(permuted):
    """Counting, trials and decision are variables."""
    _, model, _, _, traces, _ = permuted
    assert traces[0] == traces[-1] == model.traces > 0


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"jit_compile": True}, marks=[pytest.mark.xla, pytest.mark.full]),
        pytest.param({"steps_per_execution": 3}, marks=pytest.mark.full),
    ],
    ids=["xla", "several"],
)
def test_one_trace_of_other_functions(options):
    """Trials, decision, schedule and anneal are variables."""
    model, traces = classifier(cls=Traced, **options), []
    callback = balancer(schedule=lambda epoch, epochs: 1.0 if epoch % 2 else 0.9)
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(25, drop_remainder=True)
    count = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: traces.append(model.traces))
    long_fit(callback, model, data=(data, None), batch_size=None, also=[count])
    assert callback.report_.cost["rows"]
    assert traces[0] == traces[-1] == model.traces > 0


def test_checkpoints_hold_nothing_of_it(permuted):
    _, model, _, _, _, path = permuted
    saved = keras.models.load_model(path, custom_objects={"Traced": Traced})
    assert [weight.shape for weight in saved.weights] == [weight.shape for weight in model.weights]
    np.testing.assert_allclose(saved.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-6)


@pytest.mark.full
def test_held_out_rows_are_not_trained_on_before_the_decision():
    """Rows of arrays that are held out are seen by no step until the trials are over, not even as generated ones."""
    model, ends = eager(cls=Spy), []
    callback = balancer(synthesis.AugmentedResampler().fit(X, Y), validation_share=0.25)

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if callback._run.gate.verdict and not ends:
                ends.append(len(model.batches) - 1)  # the look comes before the step

    fit(callback, model, validation_data=None, batch_size=25, epochs=10, shuffle=True, also=[Watch()])
    held = callback._run.gate._held
    np.testing.assert_array_equal(np.bincount(held.labels), [40, 15, 8])
    known = {row.tobytes() for row in held.x}
    trained_on = lambda steps: {row.tobytes() for x, *_ in steps for row in x} & known
    assert not trained_on(model.batches[: ends[0]])
    assert len(trained_on(model.batches[ends[0] :])) == len(known)


# Its state.


def test_a_training_goes_on_from_its_state(permuted):
    first, second = permuted[0], balancer("permuted")
    state = json.loads(json.dumps(first.state_dict()))
    second.load_state_dict(state)
    assert second.state_dict() == state
    fit(second, epochs=9, initial_epoch=8)
    again = second.report_
    assert again.verdict == first.report_.verdict
    assert [line.misfits for line in again.classes[1:]] == [line.misfits for line in first.report_.classes[1:]]
    assert len(again.shares) == 9
    with pytest.raises(ValueError, match="`state` must be what `state_dict` has returned"):
        second.load_state_dict({"calls": 1})


class Stops(keras.callbacks.Callback):
    """Cuts a training off."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.full
def test_backup_and_restore(tmp_path):
    """A training that was cut off goes on with what the balancer had found out."""
    backup = lambda: keras.callbacks.BackupAndRestore(tmp_path / "backup", double_checkpoint=False)
    first = balancer("permuted")
    with pytest.raises(KeyboardInterrupt):
        long_fit(first, classifier(), also=[backup(), Stops(6)])
    decided = first.report_
    assert decided.verdict
    second, model = balancer("permuted"), classifier()
    history = long_fit(second, model, also=[backup()])
    assert len(history["loss"]) == 2
    assert second.report_.verdict == decided.verdict and len(second.report_.shares) == 8
    assert int(model.optimizer.iterations) == 80


def test_backup_of_fixed_shares(tmp_path):
    """A training that was cut off ends with the rows that it would have had."""
    backup = lambda: keras.callbacks.BackupAndRestore(tmp_path / "backup", double_checkpoint=False)
    make = lambda: usual_balancer("good", strategy="equal", mode="live")
    whole, cut, goes_on = (eager(dropout=0.0, cls=Spy) for _ in range(3))
    fit(make(), whole, epochs=3)
    with pytest.raises(KeyboardInterrupt):
        fit(make(), cut, epochs=3, also=[backup(), Stops(2)])
    fit(last := make(), goes_on, epochs=3, also=[backup()])
    assert len(last.report_.shares) == 3 and len(goes_on.batches) == 2
    for mine, others in zip(goes_on.batches, whole.batches[4:], strict=True):
        np.testing.assert_array_equal(mine[0], others[0])


# What is refused, or said.


def test_streams_need_validation_data():
    with pytest.raises(ValueError, match="`validation_data`: only arrays can be split"):
        fit(balancer(), data=(BATCHES, None), batch_size=None, validation_data=None)


def test_a_class_is_refused_in_the_place_of_an_object():
    with pytest.raises(TypeError, match=r"must be an object: Source\(\)\.fit\(x, y\)"):
        balancer(Source)


def test_rows_sorted_by_class_and_then_split():
    """What `validation_split` makes of them: the last class is in the validation rows alone."""
    order = np.argsort(Y, kind="stable")
    first, rest = order[Y[order] < CLASSES - 1], order[Y[order] == CLASSES - 1]
    with pytest.warns(UserWarning, match="no rows of class 2, which the validation data have; is the data sorted"):
        fit(usual_balancer("good", strategy="equal"), data=(X[first], Y[first]), validation_data=(X[rest], Y[rest]))


def test_a_model_that_has_learned_nothing_says_so(capsys):
    history = fit(balancer(), still(), epochs=2)
    assert max(history["synthetic_share"]) == 0.0
    assert "the model does not tell the classes apart" in capsys.readouterr().out


def test_an_early_end_says_so(capsys):
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(stop.model, "stop_training", True))
    fit(balancer(), epochs=40, also=[stop])
    assert "ended before generated rows were looked at" in capsys.readouterr().out


def test_few_real_rows(capsys):
    callback, model = balancer(min_real=40), eager(cls=Spy)
    fit(callback, model)
    assert "fewer than 40 real rows of class 2" in capsys.readouterr().out
    assert callback.report_.classes[2].why == "fewer than 40 real rows"
    assert np.count_nonzero(model.batches[-1][1] == 2) > np.count_nonzero(Y[125:] == 2)  # real ones go on


def test_a_minority_of_too_few_rows_is_no_lack_of_minorities(capsys):
    callback, model = balancer(min_real=10**6, strategy="equal"), eager()
    fit(callback, model)
    said = capsys.readouterr().out
    assert "fewer than 1000000 real rows" in said and "no class is rarer" not in said


def test_no_minority(capsys):
    rows = np.concatenate([np.flatnonzero(label == Y)[:30] for label in range(CLASSES)])
    plain, same = eager(), eager()
    plain.fit(X[rows], Y[rows], batch_size=25, verbose=0, shuffle=False)
    fit(balancer(), same, data=(X[rows], Y[rows]), batch_size=25)
    assert "no class is rarer than the others, so nothing is added" in capsys.readouterr().out
    for a, b in zip(plain.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_class_weight_on_top():
    with pytest.warns(UserWarning, match="`class_weight` beside it corrects the imbalance twice"):
        fit(balancer(None), class_weight={0: 1.0, 1: 2.0, 2: 5.0})


@pytest.mark.parametrize("kind", ["smote", "gan"])
def test_never_fitted(kind):
    if kind == "smote":
        source = synthesis.SMOTE()
    else:
        source = synthesis.GAN(*synthesis.mlp_gan((SIZE,), CLASSES, latent_dim=2), num_classes=CLASSES)
    with pytest.raises(ValueError, match="`synthesizer` must be fitted before"):
        fit(balancer(source))
