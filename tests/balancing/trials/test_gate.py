"""What the validated strategy asks before its trials, without a training."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.balancing.labels import Target
from keras_augsynth.balancing.looks import validation_rows
from keras_augsynth.balancing.rows.added import Mixture
from keras_augsynth.balancing.trials.gate import Gate

COUNTS = np.array([160, 60, 30])
RNG = np.random.default_rng(0)
Y = RNG.permutation(np.repeat(np.arange(3), COUNTS))
X = RNG.normal(size=(250, 2)).astype("float32")
Y_VAL = np.repeat(np.arange(3), 20)
X_VAL = RNG.normal(size=(60, 2)).astype("float32")
WANTED = COUNTS < 160


class Some:
    """Stands for a source; its rows are zeros."""

    def draw(self, labels, seed):
        usable = tf.ones_like(labels, "bool")
        return tf.zeros((len(labels), 2)), usable, usable


class Judge:
    """Stands for a model whose outputs are probabilities: the right ones for real rows, `made` for rows of zeros."""

    def __init__(self, made=(0.05, 0.9, 0.05)):
        self.made, self.asked = np.array(made), []

    def predict(self, x, batch_size, verbose):
        self.asked.append(len(x))
        real = {row.tobytes(): label for row, label in zip(np.concatenate([X, X_VAL]), [*Y, *Y_VAL], strict=True)}
        right = lambda row: 0.05 + 0.85 * np.eye(3)[real[row.tobytes()]]
        return np.array([right(row) if row.any() else self.made for row in x])


def gate(given=None, names=("a", "b"), wanted=WANTED, cost=1.0, model=None):
    """By the validation data that `fit` was given, or without any by a part of the arrays."""
    given = {"y": Y, "validation_data": (X_VAL, Y_VAL), **(given or {})}
    mixture = Mixture(
        "Owner",
        {name: Some() for name in names},
        3,
        None,
        lambda name, error: mixture.sources.update({name: None}),
        None,
    )
    outputs = SimpleNamespace(of_arrays=lambda outputs: outputs)
    result = Gate("Owner", model or Judge(), mixture, outputs, 1.0, cost, 1)
    validation = validation_rows("Owner", given, Target("Owner", None), 3, np.shape(given["y"])[1:])
    if validation is None:
        result.hold_out(X, Y, 0.25, late=given.get("late", False))
    else:
        result.judge_by(validation, wanted)
    return result


def planned(the_gate, calls=200, done=10, may=WANTED):
    the_gate.plan(calls, done, 40.0, may)
    return the_gate


def carried_out(the_gate, calls=200):
    ran = [the_gate.step(number, next, iter([number])) for number in range(10, calls)]
    assert ran == list(range(10, calls))
    return the_gate


class Files(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        rows = slice(index * 15, index * 15 + 15)
        return X_VAL[rows], Y_VAL[rows]


BATCHES = tf.data.Dataset.from_tensor_slices((X_VAL, Y_VAL)).batch(25)
ONE_HOT = np.eye(3, dtype="float32")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"validation_data": BATCHES},
        {"validation_data": BATCHES.repeat(), "validation_steps": 4},
        {"validation_data": Files()},
        {"validation_data": (X_VAL, Y_VAL, np.ones(60))},
        {"validation_data": (X_VAL, Y_VAL[:, None].astype("float32"))},
        {"validation_data": (X_VAL, ONE_HOT[Y_VAL]), "y": ONE_HOT[Y]},
        {"validation_data": None},
        {"validation_data": None, "y": ONE_HOT[Y]},
    ],
    ids=["arrays", "data set", "steps", "PyDataset", "weights", "column", "one-hot", "held out", "held out, one-hot"],
)
def test_validation_data_of_any_kind(given):
    the_gate = gate(given)
    assert the_gate.waits
    planned(the_gate)
    assert not the_gate.waits and the_gate.open
    carried_out(the_gate)
    assert the_gate.cost["rows"] > 0 and the_gate.verdict


def test_three_looks_decide():
    """At a tenth, three twentieths and a fifth; by one prediction each, for all sources and the validation rows."""
    model = Judge()
    the_gate = carried_out(planned(gate(model=model)))
    assert model.asked == [60 + 2 * 2 * 100] * 3
    assert the_gate.cost["rows"] == 3 * 460 and the_gate.cost["of"] == 8000
    np.testing.assert_allclose(the_gate._mixture.parts[1], 0.0)
    assert the_gate.lines[1]["misfits"] < 0.5 < the_gate.lines[2]["misfits"]
    assert set(the_gate.lines) == {1, 2} and not the_gate.shares[:, 0].any()


def test_a_model_that_does_not_know_the_classes_is_not_asked():
    """Every look is taken, none counts, and nothing is generated."""

    class Ignorant(Judge):
        def predict(self, x, batch_size, verbose):
            self.asked.append(len(x))
            return np.full((len(x), 3), 1 / 3)

    the_gate = carried_out(planned(gate(model=Ignorant())))
    assert len(the_gate._model.asked) == 9 and not the_gate.open
    assert the_gate.notes == ["the model does not tell the classes apart, so it cannot judge generated rows"]


def test_a_source_that_raises_in_a_look_is_left():
    """As in a step: the training goes on with the others."""

    class Broken(Some):
        def draw(self, labels, seed):
            raise RuntimeError("no more")

    the_gate = planned(gate())
    the_gate._mixture.sources["a"] = Broken()
    carried_out(the_gate)
    assert the_gate._mixture.sources["a"] is None
    assert {line["synthesizer"] for line in the_gate.lines.values()} == {"b"}


def test_a_source_that_has_failed_is_not_asked():
    the_gate = planned(gate())
    the_gate._mixture.sources["a"] = None
    carried_out(the_gate)
    assert {line["synthesizer"] for line in the_gate.lines.values()} == {"b"}
    the_gate = planned(gate(names=("a",)))
    the_gate._mixture.sources["a"] = None
    assert not carried_out(the_gate).open and the_gate.notes == []


def test_a_part_of_arrays_is_held_out():
    """Of each class, until the gate is closed; it may not come as generated rows either."""
    the_gate = gate({"validation_data": None})
    kept = np.asarray(the_gate.kept(X, Y))
    np.testing.assert_array_equal(np.bincount(Y[~kept]), [40, 15, 8])
    np.testing.assert_array_equal(the_gate._mixture.withheld(X, Y), ~kept)
    the_gate.end()
    assert np.all(the_gate.kept(X, Y))
    assert gate().kept(X, Y) is None  # with validation data


def test_validation_labels_in_another_form_are_refused():
    with pytest.raises(ValueError, match="`validation_data` must have labels in the form of the training data's"):
        gate({"validation_data": (X_VAL, ONE_HOT[Y_VAL])})


def test_a_lacking_class_is_warned_of():
    with pytest.warns(UserWarning, match="validation data lack class 2, so the other classes decide there"):
        the_gate = gate({"validation_data": (X_VAL[Y_VAL < 2], Y_VAL[Y_VAL < 2])})
    carried_out(planned(the_gate))
    assert the_gate.lines[2]["validation"] == 0 and np.isnan(the_gate.lines[2]["real"])
    assert the_gate.lines[2]["misfits"] == pytest.approx(the_gate.lines[1]["misfits"])


def test_rows_that_an_earlier_training_may_have_learned_judge_nothing():
    late = {"validation_data": None, "late": True}
    the_gate = planned(gate(late))
    note = "an earlier training may have learned the held-out rows, so no rows are generated"
    assert not the_gate.open and the_gate.notes == [note]
    again = gate(late)
    again.restore(gate().state())  # of that training, in which they were held out, too
    assert planned(again).open


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"calls": 1, "done": 1}, "the training is too short to look at generated rows, so none are used"),
        ({"may": np.zeros(3, "bool")}, "no class may get generated rows"),
    ],
)
def test_without_looks_nothing_is_generated(options, note):
    the_gate = planned(gate(), **options)
    assert not the_gate.open and not the_gate.waits and the_gate.notes == [note]
    assert the_gate.cost["rows"] == 0 and not the_gate.shares.any()
    blind = gate()
    blind._validation = blind._validation.only(np.zeros(0, int))
    blind.plan(200, 10, 40.0, WANTED)
    assert blind.notes == ["there are no validation rows to judge by, so no rows are generated"]
    ended = gate()
    ended.end()
    assert ended.notes == ["the training ended before generated rows were looked at, so none were used"]


def test_its_state_is_kept():
    first, second = carried_out(planned(gate())), gate()
    state = json.loads(json.dumps(first.state()))
    second.restore(state)
    assert second.state() == state and not second.waits
    np.testing.assert_array_equal(second.shares, first.shares)
