"""What stands in the logs and in the history: the same names in every epoch, and numbers of the real rows."""

import csv

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from blobs import CLASSES, X_VAL, Y_VAL, Source, X, Y, balancer, classifier, eager, fit
from sklearn.metrics import balanced_accuracy_score, recall_score

from keras_augsynth.callbacks import SyntheticBalancer

EVERY = {"batch_size": 250, "epochs": 3}
NAMES = ["val_balanced_accuracy", "val_worst_recall", "synthetic_share"]


@pytest.mark.parametrize("strategy", ["equal", "validated"])
def test_a_number_in_every_epoch_from_the_first(strategy, tmp_path):
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    callback = balancer(strategy=strategy, accept=lambda samples, labels: samples[:, 0] > -9)
    history = fit(callback, also=[log], validation_freq=1, **EVERY)
    frame = pd.DataFrame(history)  # columns of one length
    assert np.isfinite(frame[[*NAMES, "accept_rate"]].to_numpy()).all() and len(frame) == 3
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert len(rows) == 3 and set(NAMES) <= rows[0].keys()


def test_recalls_are_those_of_scikit_learn():
    model = eager()
    history = fit(callback := balancer(None), model, **EVERY)
    predicted = model.predict(X_VAL, verbose=0).argmax(1)
    assert history["val_balanced_accuracy"][-1] == pytest.approx(balanced_accuracy_score(Y_VAL, predicted))
    assert history["val_worst_recall"][-1] == pytest.approx(recall_score(Y_VAL, predicted, average=None).min())
    np.testing.assert_allclose(callback.report_.recalls[-1][1], recall_score(Y_VAL, predicted, average=None))


def test_names_without_validation_rows():
    assert set(fit(balancer(strategy="equal"), validation_data=None)) == {"loss", "synthetic_share"}


def test_a_class_without_validation_rows_is_left_out():
    data = (X_VAL[Y_VAL > 0], Y_VAL[Y_VAL > 0])
    history = fit(balancer(None), validation_data=data, **EVERY)
    assert np.isfinite(history["val_worst_recall"]).all()


def test_there_is_nothing_to_say(capsys):
    fit(balancer(None))
    fit(balancer(strategy="equal"))
    assert capsys.readouterr().out == ""


def test_nothing_accepted_is_said(capsys):
    callback = balancer(strategy="equal", accept=lambda samples, labels: samples[:, 0] > 1e9)
    history = fit(callback)
    assert history["accept_rate"] == history["synthetic_share"] == [0.0]
    assert "no generated row was finite and accepted, so none was used" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["live", "pool"])
def test_refused_rows_give_way_to_none_of_another_class(mode):
    """The share in the log is that of the rows that were trained on."""
    seen = []

    class Counts(keras.Sequential):
        def train_step(self, data):
            seen.append(np.bincount(data[1].numpy(), minlength=CLASSES))
            return super().train_step(data)

    callback = balancer(strategy="equal", accept=lambda rows, labels: labels == 2, mode=mode, max_share=0.7)
    history = fit(callback, eager(cls=Counts), **EVERY)
    for counts, share in zip(seen, history["synthetic_share"], strict=True):
        assert counts[0] == 160 and counts[1] == 60 and 90 < counts[2] <= 200  # to 160 on average
        assert share == pytest.approx(1 - 250 / counts.sum())


class OwnStep(keras.Sequential):
    """As in Keras's guide to custom training steps: it updates metrics by itself."""

    def train_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=weight)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


@pytest.mark.parametrize("make", [eager, classifier], ids=["eager", "graph"])
@pytest.mark.parametrize("step", [keras.Sequential, OwnStep], ids=["Keras", "own"])
def test_metrics_of_any_step_are_those_of_the_real_rows(step, make):
    rare = keras.metrics.MeanMetricWrapper(lambda y, y_pred: keras.ops.cast(y > 0, "float32"), name="rare")
    history = fit(balancer(strategy="equal"), make(cls=step, metrics=[rare]))
    name = "rare" if "rare" in history else "compile_metrics"
    assert history[name] == [pytest.approx(np.mean(Y > 0))]


class Other(keras.Sequential):
    """A step with a loss and a metric of its own, and no compiled one."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rare = keras.metrics.Mean(name="rare")

    def train_step(self, data):
        x, y, *_ = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        self.rare.update_state(keras.ops.cast(y > 0, "float32"))
        return {"loss": loss, "rare": self.rare.result()}


def test_a_model_without_a_compiled_loss():
    model = eager(cls=Other, loss=None)
    history = fit(balancer(None), model)
    assert history["rare"] == [pytest.approx(np.mean(Y > 0))] and history["repeated_share"][0] > 0.3
    assert "update_state" not in vars(model.rare)


@pytest.mark.full
def test_held_out_rows_are_not_trained_on_in_batches_of_one():
    """Not even where a batch holds nothing else: then no row of it weighs anything."""
    seen = []

    class Spy(keras.Sequential):
        def train_step(self, data):
            if not callback._run.gate._closed:
                seen.append([np.asarray(part) for part in data])
            return super().train_step(data)

    rare = np.concatenate([np.flatnonzero(label == Y)[:8] for label in range(CLASSES)])
    rare = np.concatenate([rare, np.flatnonzero(Y == 0)[8:16]])
    callback = balancer(Source("good"), validation_share=0.25, min_real=1, trial_cost=1.0)
    fit(callback, eager(cls=Spy), data=(X[rare], Y[rare]), batch_size=1, epochs=6, validation_data=None)
    held = {row.tobytes() for row in callback._run.gate._held.x}
    assert len(held) == 8
    trained_on = {row.tobytes() for x, _, weight in seen for row, own in zip(x, weight, strict=True) if own}
    assert len(seen) > 24 and not trained_on & held and len(trained_on) > 12
    assert sum(not weight[0] for _, _, weight in seen) >= 4  # batches of a held-out row


def test_arguments_can_be_read():
    callback = SyntheticBalancer(None, max_share=0.25, seed=3)
    assert (callback.strategy, callback.max_share, callback.seed) == ("validated", 0.25, 3)
    with pytest.raises(AttributeError, match="no attribute 'tau'"):
        _ = callback.tau
