"""Promises of synthesizers, metrics, tuning and export that are broken on purpose: the test of each notices."""

import inspect

import keras
import pytest
import tensorflow as tf
import test_export
import test_tuning
from keras import ops
from metrics import test_quality
from synthesis import (
    test_flow_matching,
    test_gan,
    test_generative,
    test_spectral_normalization,
    test_vae,
)

from keras_augsynth import export, metrics, synthesis, tuning
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.synthesis import adversarial_training, flow_matching, gan, generative, penalties, vae

pytestmark = pytest.mark.full  # tests of the tests

FAULTS = {}


def noticed_by(test, *arguments, marks=()):
    """Registers a fault, a function of `monkeypatch`; the test is called with these arguments, and with fixtures."""

    def register(plant):
        FAULTS[plant.__name__] = pytest.param(plant, test, arguments, id=plant.__name__, marks=marks)
        return plant

    return register


# Export.


@noticed_by(test_export.test_augment_shows_what_the_body_would_see)
def keras_preprocessing_is_left_out_of_augment(patch):
    ours = lambda model: [layer for layer in model.layers if isinstance(layer, Augmentation)]
    patch.setattr(export, "_front", lambda model: keras.Sequential([model.inputs[0], *ours(model)]))


# GAN.


@noticed_by(test_gan.test_penalty_is_the_squared_gradient)
def r1_and_r2_are_dropped(patch):
    patch.setattr(penalties, "squared_norms", lambda gradient: ops.zeros(len(gradient)))


@noticed_by(test_gan.test_label_gates_open_between_the_steps)
def label_gates_stay_shut(patch):
    patch.setattr(
        synthesis.GAN, "_open_gates", lambda self, openness: [gate.openness.assign(0.0) for gate in self._gates()]
    )


@noticed_by(test_gan.test_shut_label_gates_hide_the_label)
def label_gates_are_not_in_the_way(patch):
    patch.setattr(synthesis.LabelGate, "call", lambda self, inputs: inputs)


@noticed_by(test_gan.test_average_follows_the_generator)
def the_average_stays_where_it_began(patch):
    patch.setattr(adversarial_training, "update_average", lambda *args: None)


@noticed_by(test_gan.test_lecam_remembers_the_usual_logits)
def the_usual_logits_are_those_of_the_beginning(patch):
    patch.setattr(synthesis.GAN, "_usually", lambda self, real, fake: (0.0, 0.0))


@noticed_by(test_gan.test_discriminator_takes_n_critic_steps)
def n_critic_is_dropped_in_the_step(patch):
    original = synthesis.GAN.train_step

    def step(self, data):
        self.n_critic = 1
        return original(self, data)

    patch.setattr(synthesis.GAN, "train_step", step)


@noticed_by(test_gan.test_a_batch_is_one_of_the_discriminators)
def n_critic_is_dropped_in_fit(patch):
    patch.setattr(synthesis.GAN, "_batches_per_step", property(lambda self: 1, lambda self, value: None), raising=False)


@noticed_by(test_gan.test_augmentation_comes_up_as_often_as_it_shall)
def augmentation_always_comes_up(patch):
    patch.setattr(synthesis.GAN, "_augmented", lambda self, samples, seed: self.augment(samples, training=True))


@noticed_by(test_gan.test_truncation_keeps_to_the_usual)
def truncation_clips(patch):
    def generate(self, noise, labels, truncation=None):
        return self.average(self._inputs(ops.clip(noise, -truncation, truncation), labels=labels), training=False)

    patch.setattr(synthesis.GAN, "_generate", generate)


@noticed_by(test_gan.test_accept_draws_again_what_it_refuses)
def nothing_is_drawn_again(patch):
    patch.setattr(gan, "redrawn", lambda draw, test, seed, other_seed: draw(seed))


@noticed_by(test_gan.test_float16_penalties_are_computed_in_float32)
def penalties_are_computed_in_float16(patch):
    patch.setattr(
        synthesis.GAN, "_in_float32", lambda self: lambda *args, **kwargs: self.discriminator(*args, **kwargs)
    )


@noticed_by(test_gan.test_what_was_compiled_comes_back, {"loss": "hinge", "lecam": 0.1})
def what_was_compiled_is_not_saved(patch):
    patch.setattr(synthesis.GAN, "compile_from_config", lambda self, config: self.compile())


# What trained models share.


@noticed_by(test_generative.test_classes_come_up_equally_often)
def classes_come_up_as_often_as_they_are(patch):
    def shuffled(x, y, batch_size, seed, step):
        return tf.data.Dataset.from_tensor_slices((x, y)).shuffle(40, seed).repeat().batch(batch_size)

    patch.setattr(generative, "batches", shuffled)


@noticed_by(test_generative.test_columns_of_rows_are_standardized, False)
def fit_does_not_adapt(patch):
    patch.setattr(generative.GenerativeModel, "adapt", lambda self, x: None)


@noticed_by(test_generative.test_columns_are_saved_and_a_loaded_model_goes_on_in_its_units)
def fit_always_adapts(patch):
    original = generative.GenerativeModel.fit

    def fit(self, x, *args, **kwargs):
        self.adapt(x)
        return original(self, x, *args, **kwargs)

    patch.setattr(generative.GenerativeModel, "fit", fit)


@noticed_by(test_generative.test_the_seed_decides_the_steps, "vae")
def steps_draw_the_same_whatever_the_seed(patch):
    patch.setattr(vae, "normal", lambda seed, count, size: tf.random.stateless_normal((count, size), (1, 2)))


# VAE and flow.


@noticed_by(test_vae.test_warm_up_lets_beta_grow_from_nothing)
def beta_is_there_from_the_start(patch):
    original = synthesis.VAE._loss_values
    patch.setattr(
        synthesis.VAE,
        "_loss_values",
        lambda self, *args, training: {
            name: value if name != "loss" else self.beta * parts["kl"] - (parts["elbo"] + parts["kl"])
            for parts in [original(self, *args, training=training)]
            for name, value in parts.items()
        },
    )


@noticed_by(test_vae.test_classes_have_priors_of_their_own)
def samples_are_drawn_from_one_prior(patch):
    patch.setattr(synthesis.VAE, "_prior_of", lambda self, labels: (0.0, 0.0))


@noticed_by(test_vae.test_variance_follows_the_error)
def the_variance_is_the_last_error(patch):
    patch.setattr(synthesis.VAE, "_after_step", lambda self, values: self._variance.assign(values["error"]))


@noticed_by(test_vae.test_observation_noise_has_the_decoders_error)
def observation_noise_has_a_variance_of_one(patch):
    original = synthesis.VAE._generate

    def generate(self, noise, labels):
        self._variance.assign(1.0)
        return original(self, noise, labels)

    patch.setattr(synthesis.VAE, "_generate", generate)


@noticed_by(test_flow_matching.test_solvers_have_their_order)
def heun_is_euler(patch):
    original = synthesis.FlowMatching._generate

    def generate(self, noise, labels):
        self.solver = "euler"
        return original(self, noise, labels)

    patch.setattr(synthesis.FlowMatching, "_generate", generate)


@noticed_by(test_flow_matching.test_samples_come_from_the_average)
def samples_come_from_the_network_in_training(patch):
    original = synthesis.FlowMatching._generate

    def generate(self, noise, labels):
        self.average.set_weights(self.network.get_weights()) if tf.executing_eagerly() else None
        return original(self, noise, labels)

    patch.setattr(synthesis.FlowMatching, "_generate", generate)
    patch.setattr(flow_matching, "averaged", lambda network: network)


# Smaller things.


@noticed_by(test_spectral_normalization.test_gradient_passes_through_the_norm, "Dense")
def the_norm_has_no_gradient(patch):
    original = synthesis.SpectralNormalization._matrix
    patch.setattr(
        synthesis.SpectralNormalization, "_matrix", lambda self, kernel: ops.stop_gradient(original(self, kernel))
    )


@noticed_by(test_quality.test_each_test_of_memorization_counts, "MIA auc", 0.5, 1)
def an_attack_that_succeeds_is_no_alarm(patch):
    original = metrics.QualityReport.memorized

    def memorized(self, label):
        self.table[label].pop("MIA auc", None)
        return original(self, label)

    patch.setattr(metrics.QualityReport, "memorized", memorized)


@noticed_by(test_tuning.test_space_says_which_layers_how_often_and_how_strong)
def every_layer_is_as_strong_as_it_gets(patch):
    for name in tuning.IMAGE_LAYERS:
        cls = getattr(test_tuning.layers, name)
        patch.setattr(cls, "at_strength", classmethod(lambda cls, amount, original=cls.at_strength: original(1.0)))


@pytest.mark.parametrize(("plant", "test", "arguments"), FAULTS.values())
def test_broken_promise_is_noticed(plant, test, arguments, monkeypatch, request):
    given = inspect.signature(test).parameters
    names = [name for name in given if name in ("tmp_path", "rng")]
    fixtures = {name: request.getfixturevalue(name) for name in names}
    values = dict(zip([name for name in given if name not in fixtures], arguments, strict=True))
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        test(**values, **fixtures)
