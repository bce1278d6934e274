"""What the validated strategy asks before its trials, without a training."""

import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_augsynth.balancing.trials.gate import Gate

COUNTS = np.array([160, 60, 30])
RNG = np.random.default_rng(0)
Y = RNG.permutation(np.repeat(np.arange(3), COUNTS))
X = RNG.normal(size=(250, 2)).astype("float32")
Y_VAL = np.repeat(np.arange(3), 20)
X_VAL = RNG.normal(size=(60, 2)).astype("float32")
WANTED = COUNTS < 160


def gate(given=None, labels=Y, names=("a", "b"), candidates=(0.25, 0.5), wanted=WANTED, cost=1.0):
    given = {"x": X, "y": Y, "validation_data": (X_VAL, Y_VAL), **(given or {})}
    parts = tf.Variable(np.zeros((len(names), 3), "float32"))
    mixture = SimpleNamespace(parts=parts, sources=dict.fromkeys(names, "alive"), withheld=None)
    result = Gate("Owner", SimpleNamespace(), mixture, SimpleNamespace(of_arrays=None), candidates, cost, 1)
    result.judge_by(given, labels, 0.25, wanted)
    return result


def planned(the_gate, calls=200, done=10, may=WANTED):
    the_gate.plan(calls, done, 40.0, COUNTS, may, [])
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
def test_trials_are_planned_for_validation_data_of_any_kind(given):
    the_gate = gate(given)
    assert the_gate.waits and the_gate.cost == {}
    planned(the_gate)
    assert not the_gate.waits and the_gate.open
    assert 0 < the_gate.cost["steps"] <= the_gate.cost["of"] == 200


def test_trials_cost_as_much_as_they_may():
    costs = [planned(gate(cost=cost), calls=1000).cost["steps"] for cost in (0.1, 0.2, 0.4)]
    assert 50 < costs[0] <= 100 < costs[1] <= 200 < costs[2] <= 400


def test_a_part_of_arrays_is_held_out():
    """Of each class, until the gate is closed; it may not come as generated rows either."""
    the_gate = gate({"validation_data": None})
    kept = np.asarray(the_gate.kept(X, Y))
    np.testing.assert_array_equal(np.bincount(Y[~kept]), [40, 15, 8])
    np.testing.assert_array_equal(the_gate._mixture.withheld(X, Y), ~kept)
    the_gate.end()
    assert np.all(the_gate.kept(X, Y))
    assert gate().kept(X, Y) is None  # with validation data


def test_streams_need_validation_data():
    with pytest.raises(ValueError, match="`validation_data`: only arrays can be split"):
        gate({"validation_data": None}, labels=None)


def test_validation_labels_in_another_form_are_refused():
    with pytest.raises(ValueError, match="`validation_data` must have labels in the form of the training data's"):
        gate({"validation_data": (X_VAL, ONE_HOT[Y_VAL])})


def test_a_lacking_class_is_warned_of():
    with pytest.warns(UserWarning, match="validation data lack class 2, so no rows are generated there"):
        the_gate = gate({"validation_data": (X_VAL[Y_VAL < 2], Y_VAL[Y_VAL < 2])})
    planned(the_gate)
    assert [the_gate.why_not(label) for label in range(3)] == ["", "", "fewer than 5 validation rows"]


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"calls": 5, "done": 1}, "the training is too short for trials, so no rows are generated"),
        ({"done": 101}, "the training went on behind the trials, so no rows are generated"),
        ({"may": np.zeros(3, "bool")}, "no class can be judged, so no rows are generated"),
    ],
)
def test_without_trials_nothing_is_generated(options, note):
    the_gate = planned(gate(), **options)
    assert not the_gate.open and not the_gate.waits and the_gate.notes == [note]
    assert the_gate.cost == {} and not the_gate.shares.any()


@pytest.mark.parametrize("options", [{"names": ()}, {"candidates": ()}])
def test_nothing_to_try(options):
    the_gate = planned(gate(**options))
    assert not the_gate.open and the_gate.notes == []


def test_an_early_end_says_so():
    the_gate = planned(gate())
    the_gate.end()
    assert not the_gate.open
    assert the_gate.notes == ["the training ended before the trials, so no rows were generated"]
    the_gate.end()
    assert len(the_gate.notes) == 1


def test_state_goes_through_json():
    first, second = planned(gate()), gate({"validation_data": None})
    first.shares[1] = [0.0, 0.25, 0.5]
    first.verdict = "they helped"
    first.lines = {2: {"synthesizer": "b", "kept": 0.5}}
    first.end()
    second.restore(json.loads(json.dumps(first.state())))
    assert second.state() == first.state()
    assert second.open and not second.waits
    assert np.all(second.kept(X, Y))  # what was held out is trained on
