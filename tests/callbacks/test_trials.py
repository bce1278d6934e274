import itertools
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from scipy import special

from keras_augsynth.callbacks.trials import Plan, Trials, affordable, branches_of, plan
from keras_augsynth.callbacks.verdict import Arm


@pytest.mark.parametrize(("arms", "rounds", "expected"), [(1, 4, 4), (2, 3, 4), (3, 3, 5), (4, 3, 7), (8, 2, 12)])
def test_branches(arms, rounds, expected):
    assert branches_of(arms, rounds) == expected
    left, total = list(range(arms)), 0
    for _ in range(rounds):
        total += len(left)
        left = left[: max(len(left) // 2, 1)]
    assert total == expected


GRID = list(
    itertools.product((10, 100, 333, 5000), (0.0, 0.05, 0.12, 1.0), (1, 2, 4, 9), (1.0, 64.0), (0, 1, 50, 10**5))
)


def test_plans_keep_to_budget_and_window():
    """Between a fifth and a half of the training."""
    for calls, share, arms, rows, validation in GRID:
        found = plan(calls, share, arms, rows, validation)
        if found is None:
            continue
        assert found.cost(arms, rows) <= share * calls
        assert found.calls >= 3 and 2 <= len(found.starts) <= 4 and 0 <= found.rows <= validation
        assert found.starts[0] >= int(0.2 * calls) and found.starts[-1] + found.calls <= 0.5 * calls
        assert all(later - sooner >= found.calls for sooner, later in itertools.pairwise(found.starts))


def test_long_trainings_begin_with_trials_at_a_fifth_and_use_the_time_up_to_a_half():
    found = plan(10**4, 0.1, 1, 64.0, 500)
    assert found.starts == (2000, 2750, 3500, 4250)


def test_there_are_plans():
    assert plan(10**4, 0.12, 4, 64.0, 500) is not None
    found = [plan(*arguments) for arguments in GRID]
    assert 0.2 < sum(one is not None for one in found) / len(GRID) < 0.8


def test_cost():
    # Rounds of 2 arms, 1 and 1: 4 branches of 5 calls. 4 + 3 looks, each 1 step and .45 * 128 / 64 more.
    assert Plan((20, 30, 40), 5, 128).cost(2, 64.0) == pytest.approx(4 * 5 + 7 * (1 + 0.45 * 2))


@pytest.mark.parametrize("calls", [0, 1, 5, 20])
def test_a_tiny_training_has_no_trials(calls):
    assert plan(calls, 0.12, 1, 32.0, 100) is None


def test_a_training_is_long_enough_from_some_length_on():
    none = [plan(calls, 0.12, 2, 64.0, 1000) is None for calls in range(10, 2000, 10)]
    assert none == sorted(none, reverse=True) and none[0] and not none[-1]


def test_steps_without_rows_have_no_trials():
    assert plan(1000, 0.12, 1, 0.0, 100) is None


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (9, [("a", 0.25), ("b", 0.25), ("a", 0.5), ("b", 0.5)]),
        (4, [("a", 0.25), ("b", 0.25), ("a", 0.5), ("b", 0.5)]),
        (3, [("a", 0.25), ("b", 0.25)]),
        (2, [("a", 0.25), ("b", 0.25)]),
        (1, [("a", 0.25)]),
        (0, None),
    ],
)
def test_fewer_arms_in_a_short_training(most, expected):
    """First all, then each synthesizer at the smallest share, then one."""
    found = affordable(["a", "b"], [0.25, 0.5], lambda arms: f"plan of {arms}" if arms <= most else None)
    assert found == (expected and ([Arm(*arm) for arm in expected], f"plan of {len(expected)}"))


# They are carried out on a model of one weight, by which it tells all labels better or worse.

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
