"""Trials are carried out on a model of one weight, by which it tells all labels better or worse."""

import itertools
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from scipy import special

from keras_augsynth.balancing.trials.schedule import Plan
from keras_augsynth.balancing.trials.trials import Trials
from keras_augsynth.balancing.trials.verdict import Arm

DRIFTS = {None: 0.01, Arm("a", 0.25): 0.5, Arm("a", 0.5): 1.0, Arm("b", 0.25): -0.5, Arm("b", 0.5): 0.1}
LABELS = np.arange(40) % 2


class Toy:
    steps_per_execution = 1

    def __init__(self):
        self.weight, self.steps, self.rows = (keras.Variable(0.0) for _ in range(3))
        self.trainable_variables = self.variables = [self.weight]
        self.optimizer, self.metrics_variables = SimpleNamespace(variables=[self.steps]), []
        self.arm, self.ran = None, []

    def run(self, iterator):
        batches = list(itertools.islice(iterator, self.steps_per_execution))
        if not batches:
            raise StopIteration
        self.weight.assign_add(DRIFTS[self.arm])
        self.steps.assign_add(1.0)
        self.rows.assign_add(7.0)
        self.ran.append((self.arm, batches, float(self.steps)))
        return {"loss": float(self.steps)}

    def predict(self, x, batch_size, verbose):
        right = special.expit(float(self.weight))
        return np.where(x[:, None] == [0, 1], right, 1.0 - right)


def trials(the_plan, arms, model):
    use = lambda arm: setattr(model, "arm", arm)
    return Trials(model, the_plan, arms, LABELS, LABELS, lambda outputs: outputs, use, [model.rows])


def carried_out(the_plan, calls=20, arms=tuple(DRIFTS)[1:], steps=1):
    model = Toy()
    model.steps_per_execution = steps
    the_trials, data = trials(the_plan, list(arms), model), iter(range(calls * steps))
    logs = [the_trials(number, lambda batches: model.run(iter(batches)), data) for number in range(calls)]
    assert the_trials.over
    return the_trials, model, logs


PLAN = Plan((4, 8, 12), 3, 40)


def test_trials_leave_no_trace():
    _, model, logs = carried_out(PLAN)
    assert float(model.weight) == pytest.approx(20 * DRIFTS[None])
    assert float(model.steps) == 20.0 and float(model.rows) == 140.0 and model.arm is None
    assert [log["loss"] for log in logs] == list(range(1, 21))
    assert [batch for arm, batch, _ in model.ran if arm is None] == [[number] for number in range(20)]


@pytest.mark.parametrize("steps", [1, 3])
def test_every_branch_goes_through_the_batches_of_the_training_from_its_state(steps):
    _, model, _ = carried_out(PLAN, steps=steps)
    own = [(batches, done) for arm, batches, done in model.ran if arm is None]
    for arm in DRIFTS:
        branch = [(batches, done) for of, batches, done in model.ran if of == arm]
        rounds = {None: 0, Arm("a", 0.5): 3, Arm("a", 0.25): 2}.get(arm, 1)
        assert arm is None or branch == [one for start in PLAN.starts[:rounds] for one in own[start : start + 3]]


def test_the_worse_half_is_dropped_after_each_round():
    the_trials, _, _ = carried_out(PLAN)
    rounds = {arm: len(outcome.changes) for arm, outcome in the_trials.outcomes.items()}
    assert rounds == dict(zip(tuple(DRIFTS)[1:], (2, 3, 1, 1), strict=True))
    # The two rounds by which it was chosen are not among what it is judged by.
    assert the_trials.best.arm == Arm("a", 0.5) and len(the_trials.best.changes) == len(the_trials.best.recalls) == 1
    alone, _, _ = carried_out(PLAN, arms=[Arm("b", 0.25)])
    assert alone.best.arm == Arm("b", 0.25) and len(alone.best.changes) == 3


@pytest.mark.parametrize(("calls", "averaged"), [(3, [3]), (4, [3, 4]), (1, [1])])
def test_changes_of_the_loss_by_the_mean_weights_of_the_second_half(calls, averaged):
    arm, start = Arm("b", 0.25), 4
    the_trials, _, _ = carried_out(Plan((start,), calls, 40), arms=[arm])
    losses = [
        -np.log(special.expit(np.mean([start * DRIFTS[None] + step * DRIFTS[of] for step in averaged])))
        for of in (None, arm)
    ]
    np.testing.assert_allclose(the_trials.best.changes[0], losses[1] - losses[0], rtol=1e-5)
    np.testing.assert_array_equal(the_trials.best.recalls[0], [[1, 1], [0, 0]])
    np.testing.assert_array_equal(the_trials.recall, [1, 1])


def test_the_end_of_the_data_is_the_end_of_an_epoch():
    model = Toy()
    the_trials, data = trials(Plan((0, 5), 3, 40), [Arm("a", 0.5)], model), iter(range(2))
    run = lambda batches: model.run(iter(batches))
    the_trials(0, run, data), the_trials(1, run, data)
    with pytest.raises(StopIteration):
        the_trials(2, run, data)
    the_trials(2, run, iter([2]))  # the next epoch
    assert len(the_trials.outcomes[Arm("a", 0.5)].changes) == 1
