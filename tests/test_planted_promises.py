"""Promises of the README are held by tests that notice when they are broken: each fault fails its test."""

import inspect

import pytest
from balancing import test_callback, test_logs, test_memory, test_options, test_sample_weights
from balancing.trials import test_fidelity, test_schedule, test_validated, test_verdict
from callbacks import test_gan_callbacks

from keras_augsynth import synthesis
from keras_augsynth.balancing import injection, run
from keras_augsynth.balancing.injection import Injection
from keras_augsynth.balancing.run import Run
from keras_augsynth.balancing.trials import fidelity, schedule, verdict
from keras_augsynth.callbacks import GANHealth, GeneratorCheckpoint, SyntheticBalancer

pytestmark = pytest.mark.full  # tests of the tests


def after(patch, owner, name, change):
    """Lets `change(self, before)` follow a method; `before` are the attributes that it found."""
    method = getattr(owner, name)

    def changed(self, *args, **kwargs):
        before = dict(vars(self))
        result = method(self, *args, **kwargs)
        change(self, before)
        return result

    patch.setattr(owner, name, changed)


# Of the balancer.


def labels_are_mixed_and_rows_are_not(patch):
    mixed = Run.mixed
    patch.setattr(Run, "mixed", lambda self, x, y: (x, mixed(self, x, y)[1]))


def rows_are_mixed_and_labels_are_not(patch):
    mixed = Run.mixed
    patch.setattr(Run, "mixed", lambda self, x, y: (mixed(self, x, y)[0], y))


def settings_are(patch, **values):
    after(patch, SyntheticBalancer, "__init__", lambda self, before: vars(self.settings).update(values))


def anneal_is_dropped(patch):
    settings_are(patch, anneal=0.0)


def the_schedule_is_a_constant_of_the_step(patch):
    begin, rows = Run.begin_epoch, Run.rows

    def remembered(self, *args):
        begin(self, *args)
        self.now = float(self.factor)

    def constant(self, x, y, weight):
        variable, self.factor = self.factor, self.now
        result = rows(self, x, y, weight)
        self.factor = variable
        return result

    patch.setattr(Run, "begin_epoch", remembered)
    patch.setattr(Run, "rows", constant)


def sample_weights_are_dropped(patch):
    patch.setattr(Injection, "_weights", lambda self, count, weight, more: None)


def sample_weights_are_dropped_in_metrics(patch):
    def unweighted(self, *args, **kwargs):
        self._real.weight = None
        return update(self, *args, **kwargs)

    update = Injection._update
    patch.setattr(Injection, "_update", unweighted)


def generated_rows_weigh_as_much_as_real_ones(patch):
    settings_are(patch, loss_weight=1.0)


def the_loss_is_not_adjusted(patch):
    patch.setattr(Run, "_adjusts", lambda self: False)


def added_rows_are_not_augmented(patch):
    patch.setattr(Run, "_augmented", lambda self, rows: rows)


def looking_costs_more_than_usual(patch):
    patch.setitem(SyntheticBalancer.__init__.__kwdefaults__, "trial_cost", 0.5)


def looks_may_begin_at_once(patch):
    patch.setattr(schedule, "FIRST", 0)


def looks_may_go_on_to_the_end(patch):
    patch.setattr(schedule, "LAST", 20)


def a_source_of_bad_rows_is_used(patch):
    patch.setattr(verdict, "NONE_BELOW", 0.0)


def a_class_of_few_rows_is_judged_by_them_alone(patch):
    patch.setattr(fidelity, "_OTHERS", 0.0)


def rows_need_not_differ(patch):
    patch.setattr(fidelity, "_diversity", lambda *arguments: 1.0)


def repeated_rows_weigh_alike(patch):
    patch.setattr(Run, "_weights", lambda self, added: run.ops.ones_like(added.labels, "float32"))


def metrics_see_added_rows(patch):
    patch.setattr(Injection, "_real_rows", lambda self, part: part)


def held_out_rows_weigh_where_a_batch_holds_nothing_else(patch):
    patch.setattr(injection, "without", lambda x, y, weight, kept: (x, y, run.ops.ones_like(kept, "float32")))


def graphs_are_kept(patch):
    patch.setattr(Injection, "forget", lambda self: None)


def the_end_of_the_data_draws(patch):
    patch.setattr(run.tf, "control_dependencies", lambda inputs: run.tf.name_scope("none"))


# Of the callbacks of a GAN.


def the_good_state_is_that_of_the_beginning(patch):
    after(patch, GANHealth, "on_epoch_end", lambda self, before: setattr(self, "_good", before["_good"]))


def optimizers_are_left_as_they_are(patch):
    patch.setattr(GANHealth, "_variables", lambda self: self.model.variables)


def the_smallest_is_always_the_best(patch):
    after(patch, GeneratorCheckpoint, "__init__", lambda self, before: setattr(self, "mode", "min"))


def the_chance_never_moves(patch):
    patch.setattr(synthesis.GAN, "_adapt", lambda self, sign, count: None)


def the_chance_moves_by_steps_instead_of_samples(patch):
    adapt = synthesis.GAN._adapt
    patch.setattr(synthesis.GAN, "_adapt", lambda self, sign, count: adapt(self, sign, 1))


def chance(start, target, speed, end):
    return {"start": start, "target": target, "speed": speed, "end": end}


LONG = {"calls": 1000, "done": 1, "expected": tuple(range(100, 501, 50))}
FAULTS = {
    labels_are_mixed_and_rows_are_not: (test_options.test_mix_mixes_rows_and_labels_alike, {}),
    rows_are_mixed_and_labels_are_not: (test_options.test_mix_mixes_rows_and_labels_alike, {}),
    anneal_is_dropped: (test_options.test_anneal, {}),
    the_schedule_is_a_constant_of_the_step: (test_options.test_a_graph_does_the_same, {}),
    sample_weights_are_dropped: (test_callback.test_sample_weights, {}),
    sample_weights_are_dropped_in_metrics: (test_callback.test_sample_weights, {}),
    generated_rows_weigh_as_much_as_real_ones: (test_options.test_loss_weight, {"loss_weight": 0.5}),
    the_loss_is_not_adjusted: (
        test_options.test_logit_adjustment_in_the_loss,
        {"strategy": "validated", "adjustment": "auto", "adjusted": True},
    ),
    added_rows_are_not_augmented: (test_options.test_augment_changes_added_rows_only, {}),
    looking_costs_more_than_usual: (test_options.test_what_is_usual, {}),
    looks_may_begin_at_once: (test_schedule.test_looks_are_taken_from_a_tenth_to_half_of_a_training, LONG),
    looks_may_go_on_to_the_end: (test_schedule.test_looks_are_taken_from_a_tenth_to_half_of_a_training, LONG),
    a_source_of_bad_rows_is_used: (test_verdict.test_the_share_grows_with_quality, {}),
    a_class_of_few_rows_is_judged_by_them_alone: (
        test_fidelity.test_a_class_of_few_held_out_rows_leans_on_the_others,
        {},
    ),
    rows_need_not_differ: (test_fidelity.test_diversity_is_the_ratio_of_variances, {"scale": 0.0, "rows": 500}),
    repeated_rows_weigh_alike: (test_sample_weights.test_a_repeated_row_keeps_its_weight, {}),
    metrics_see_added_rows: (
        test_logs.test_metrics_of_any_step_are_those_of_the_real_rows,
        {"step": test_logs.OwnStep, "make": test_logs.eager},
    ),
    held_out_rows_weigh_where_a_batch_holds_nothing_else: (
        test_logs.test_held_out_rows_are_not_trained_on_in_batches_of_one,
        {},
    ),
    graphs_are_kept: (test_memory.test_a_training_leaves_no_graph_behind, {}),
    the_end_of_the_data_draws: (test_validated.test_data_of_unknown_length, {}),
    the_good_state_is_that_of_the_beginning: (
        test_gan_callbacks.TestGANHealth().test_not_a_number_brings_the_last_good_state_back,
        {"broken": 2},
    ),
    optimizers_are_left_as_they_are: (
        test_gan_callbacks.TestGANHealth().test_not_a_number_brings_the_last_good_state_back,
        {"broken": 2},
    ),
    the_smallest_is_always_the_best: (
        test_gan_callbacks.TestGeneratorCheckpoint().test_writes_generators_and_the_best,
        {"mode": "max", "values": [1.0, 3.0, 2.0, float("nan")]},
    ),
    the_chance_never_moves: (
        test_gan_callbacks.TestAdaptiveAugment().test_every_step_moves_the_chance,
        chance(0.35, -1.0, 600, 0.45),
    ),
    the_chance_moves_by_steps_instead_of_samples: (
        test_gan_callbacks.TestAdaptiveAugment().test_every_step_moves_the_chance,
        chance(0.35, -1.0, 600, 0.45),
    ),
}
SLOW = {
    held_out_rows_weigh_where_a_batch_holds_nothing_else,
    graphs_are_kept,
    the_end_of_the_data_draws,
    the_good_state_is_that_of_the_beginning,
    optimizers_are_left_as_they_are,
    the_smallest_is_always_the_best,
    the_schedule_is_a_constant_of_the_step,
}


@pytest.fixture
def gan():
    return test_gan_callbacks.built(augment=synthesis.DiffAugment(seed=1, jit=False), run_eagerly=True)


@pytest.mark.parametrize(
    "fault",
    [pytest.param(fault, marks=[pytest.mark.full] if fault in SLOW else []) for fault in FAULTS],
    ids=lambda fault: fault.__name__,
)
def test_fault_is_noticed(fault, request, monkeypatch):
    holds, given = FAULTS[fault]
    others = [name for name in inspect.signature(holds).parameters if name not in given]
    given = given | {name: request.getfixturevalue(name) for name in others}
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        holds(**given)
