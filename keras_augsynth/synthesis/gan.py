"""A generative adversarial network as a Keras model."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_augsynth.core import ranges
from keras_augsynth.core.checks import check_choice, check_integer, check_number, wrong
from keras_augsynth.synthesis.adversarial_training import AdversarialTraining
from keras_augsynth.synthesis.losses import LOSSES, PAIRED, wasserstein
from keras_augsynth.synthesis.networks import BothOptimizers, averaged, check_network, range_of
from keras_augsynth.synthesis.rejection import by_logits, redrawn
from keras_augsynth.synthesis.seeds import mixed, normal, random_for

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class GAN(AdversarialTraining):
    """Trains a generator against a discriminator, and samples from the generator's moving average.

    One `.keras` file holds everything: both networks, both optimizers, the average, the counters of every
    random draw. Training goes on from it bit for bit.

    `fit` logs both losses; `d_real` and `d_fake`, the discriminator's mean logits of real and of generated samples; and
    `d_sign`, the mean sign of the logits of real samples (for a relativistic loss, of the difference between real and
    generated ones), which comes near 1 when the discriminator overfits.

    Args:
        generator: a model from noise `(N, latent_dim)`, or from `[noise, label]`, to samples.
        discriminator: a model from samples, or `[sample, label]`, to logits `(N, 1)`.
        latent_dim: size of the noise; None reads it from the generator's first input.
        num_classes: None for an unconditional pair of networks.
        augment: a layer that real and generated samples pass before they are judged, such as `DiffAugment()`; always,
            or as often as `callbacks.AdaptiveAugment` finds needed.
        ema: decay of the average per step, from 0 (no averaging) to below 1; it is smaller in the first steps.
        value_range: lowest and highest value of the data, which the generator's [-1, 1] stands for; None if the
            generator makes the data's own values, or, of rows, columns that `adapt` standardizes.
        seed: integer; the same seed gives the same training.
        **kwargs: `name` and `dtype`.

    Raises:
        ValueError: for networks that do not fit each other.

    Example:

    >>> gan = GAN(*dcgan((8, 8, 3), num_classes=3, width=4), num_classes=3, value_range=(0, 255))
    >>> gan.compile()
    >>> history = gan.fit(x, y, epochs=1, verbose=0)
    >>> gan.sample([2, 2, 0], seed=1).shape
    TensorShape([3, 8, 8, 3])

    Reference:
        Goodfellow et al.: Generative adversarial nets. NeurIPS 2014. Huang et al.: The GAN is dead; long live the
        GAN! A modern baseline GAN. NeurIPS 2024.
    """

    _parts = ("generator", "discriminator", "augment")
    _arguments = ("latent_dim", "ema")
    _maker = "average"
    _compile_arguments = (
        *("g_optimizer", "d_optimizer", "loss", "r1", "r2", "gradient_penalty", "lecam", "n_critic"),
        *("transition_steps", "run_eagerly", "steps_per_execution", "jit_compile"),
    )

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        latent_dim: int | None = None,
        num_classes: int | None = None,
        augment: keras.layers.Layer | None = None,
        ema: float = 0.999,
        value_range: Sequence[float] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        check_network("GAN", generator, "generator", ["noise"], num_classes)
        check_network("GAN", discriminator, "discriminator", ["sample"], num_classes)
        if generator.output_shape[1:] != discriminator.inputs[0].shape[1:]:
            made, judged = generator.output_shape, discriminator.inputs[0].shape
            raise wrong("GAN", "discriminator", f"take what the generator makes, {made}", judged)
        last = discriminator.layers[-1]
        if getattr(last, "activation", None) is keras.activations.sigmoid:
            raise wrong("GAN", "discriminator", "end in logits, without a sigmoid: the loss has it", last.name)
        if augment is not None and not isinstance(augment, keras.layers.Layer):
            raise wrong("GAN", "augment", "be a layer, such as DiffAugment()", augment, TypeError)
        latent_dim = generator.inputs[0].shape[-1] if latent_dim is None else latent_dim
        super().__init__(
            sample_shape=generator.output_shape[1:],
            noise_size=check_integer("GAN", latent_dim, "latent_dim", 1),
            own_range=range_of(generator),
            metrics=("d_loss", "g_loss", "d_real", "d_fake", "d_sign"),
            num_classes=num_classes,
            value_range=value_range,
            seed=seed,
            **kwargs,
        )
        self.latent_dim, self.ema = latent_dim, check_number(self, ema, "ema", 0.0, 1.0 - 1e-9)
        self.generator, self.discriminator, self.augment = generator, discriminator, augment
        self.average = averaged(generator)
        # How often samples are augmented; and how fast that moves per sample, towards which sign of the logits and
        # up to where, which `callbacks.AdaptiveAugment` sets.
        self.augment_chance = self._state("augment_chance", "ones")
        self.adaptation = self._state("adaptation", "zeros", (3,))
        self._usual = self._state("usual_logits", "zeros", (2,), "mean")

    def _state(
        self, name: str, initializer: str, shape: tuple[int, ...] = (), aggregation: str = "only_first_replica"
    ) -> keras.Variable:
        options = {"initializer": initializer, "trainable": False, "aggregation": aggregation, "dtype": "float32"}
        return self.add_weight(name=name, shape=shape, **options)

    def compile(
        self,
        g_optimizer: str | keras.optimizers.Optimizer = "default",
        d_optimizer: str | keras.optimizers.Optimizer = "default",
        loss: str = "relativistic",
        *,
        r1: float | None = None,
        r2: float | None = None,
        gradient_penalty: float | None = None,
        lecam: float = 0.0,
        n_critic: int = 1,
        transition_steps: Sequence[int] | None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Configures training.

        Args:
            g_optimizer: the generator's; "default" is Adam with rate 1e-3, beta_1 0 and beta_2 0.99, which
                suits small images and short trainings.
            d_optimizer: the discriminator's.
            loss: "relativistic", "non_saturating", "least_squares", "hinge" or "wasserstein".
            r1: weight of the squared gradient at real samples; None is 0.3 for the relativistic loss and 0 otherwise.
            r2: the same at generated samples.
            gradient_penalty: weight of the gradient's distance from norm 1 between real and generated samples; None is
                10 for the Wasserstein loss and 0 otherwise.
            lecam: weight of the LeCam penalty, for discriminators without gradient penalty and few samples; 0.3, say.
            n_critic: steps of the discriminator for each of the generator, every one on its own part of the batch.
            transition_steps: (first, last) step between which the networks' `LabelGate` layers open; None: they are.
            run_eagerly: as in `keras.Model.compile`.
            steps_per_execution: as in `keras.Model.compile`.
            jit_compile: whether XLA compiles the step; "auto": on a GPU only, since on a CPU it is slower.

        Raises:
            ValueError: for an unknown loss, or a weight that is negative.
        """
        super().compile(
            optimizer=None, run_eagerly=run_eagerly, steps_per_execution=steps_per_execution, jit_compile=jit_compile
        )
        self.loss = check_choice(self, loss, "loss", tuple(LOSSES))
        self._loss = LOSSES[loss]
        usual = 0.3 if self._loss in PAIRED else 0.0
        weight = lambda value, name, usual: usual if value is None else check_number(self, value, name, 0.0)
        self.r1, self.r2 = weight(r1, "r1", usual), weight(r2, "r2", usual)
        usual = 10.0 if self._loss is wasserstein else 0.0
        self.gradient_penalty = weight(gradient_penalty, "gradient_penalty", usual)
        self.lecam = weight(lecam, "lecam", 0.0)
        self.n_critic = self._batches_per_step = check_integer(self, n_critic, "n_critic", 1)
        self.transition_steps = None if transition_steps is None else self._check_transition(transition_steps)
        if transition_steps is None:
            self._open_gates(1.0)
        exact = self.r1 + self.r2 + self.gradient_penalty and self.discriminator.compute_dtype == "float16"
        self._discriminate = (
            self._in_float32() if exact else lambda *args, **kwargs: self.discriminator(*args, **kwargs)
        )
        self.g_optimizer = self._ready(g_optimizer, self.generator, "generator")
        self.d_optimizer = self._ready(d_optimizer, self.discriminator, "discriminator")
        self.optimizer = BothOptimizers(self.g_optimizer, self.d_optimizer)

    def _default_optimizer(self) -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99)

    def _check_transition(self, steps: Sequence[int]) -> tuple[int, int]:
        if not self._gates():
            raise wrong(self, "transition_steps", "be None: the networks have no LabelGate layers", steps)
        first, last = (check_integer(self, step, "transition_steps", 0) for step in steps)
        if first >= last:
            raise wrong(self, "transition_steps", "be (first, last) with first < last", steps)
        return first, last

    def _in_float32(self) -> Callable:
        """The discriminator with the same variables, but computing in float32: float16 penalties would vanish."""
        exact = lambda layer: type(layer).from_config({**layer.get_config(), "dtype": "float32"})
        twin = keras.models.clone_model(self.discriminator, clone_function=exact)

        def discriminate(inputs: Any, training: bool) -> Tensor:
            values = lambda variables: [variable.value for variable in variables]
            states = values(self.discriminator.trainable_variables), values(self.discriminator.non_trainable_variables)
            return twin.stateless_call(*states, inputs, training=training)[0]

        return discriminate

    def _loss_values(self, samples: Tensor, labels: list[Tensor], training: bool) -> dict[str, Tensor]:
        """What the networks as they are make of samples that are held out: losses without augmentation or penalty."""
        fake = self.generator(
            self._inputs(normal(self._step_seed(), ops.shape(samples)[0], self.latent_dim), labels=labels),
            training=training,
        )
        judge = lambda x: ops.cast(self.discriminator(self._inputs(x, labels=labels), training=training), "float32")
        real, made = judge(ops.cast(samples, fake.dtype)), judge(fake)
        d_loss, g_loss = self._loss(real, made)
        return {"d_loss": d_loss, "g_loss": g_loss, "d_real": real, "d_fake": made, "d_sign": self._sign(real, made)}

    def _look_at(self, x: np.ndarray) -> None:
        super()._look_at(x)
        if hasattr(self.augment, "looks_at_values"):
            seen = (-1.0, 1.0) if self.value_range is not None else (float(x.min()), float(x.max()))
            ranges.look_at(self.augment, seen, stacklevel=5)

    def sample(
        self,
        labels: Any = None,
        *,
        n: int | None = None,
        seed: int | Tensor | None = None,
        truncation: float | None = None,
        accept: str | Callable | None = None,
    ) -> Tensor:
        """New samples from the averaged generator.

        Args:
            labels: integers `(N,)` for a conditional GAN.
            n: how many, for an unconditional one.
            seed: integer or scalar tensor; None for other samples each time.
            truncation: furthest that noise lies from 0, in standard deviations; small: more usual samples.
            accept: which samples are kept, the others being drawn again up to 16 times: a function of (samples,
                labels or None) to booleans `(N,)`, or "discriminator" for rejection by its logits (Azadi et al.:
                Discriminator rejection sampling. ICLR 2019), which keeps about half.

        Returns:
            float32 `(N, ...)` in the data's range.

        Raises:
            ValueError: for labels where there are no classes, or none where there are.
        """
        if truncation is not None:
            check_number(self, truncation, "truncation", 1e-3)
        if accept is None:
            return self._sampled(labels, n, seed, truncation=truncation)
        test = self._accept(accept)
        labels = [] if labels is None else [ops.cast(ops.convert_to_tensor(labels), "int32")]
        draw = lambda seed: self._sampled(labels[0] if labels else None, n, seed, truncation=truncation)
        return redrawn(draw, lambda samples, seed: test(samples, labels, seed), random_for(seed, 1)[0], self.seed)

    def _generate(self, noise: Tensor, labels: list[Tensor], truncation: float | None = None) -> Tensor:
        if truncation is not None:  # normal numbers, each at the same quantile of the truncated distribution
            within = math.erf(truncation / math.sqrt(2.0))
            noise = math.sqrt(2.0) * ops.erfinv(within * ops.erf(noise / math.sqrt(2.0)))
        return self.average(self._inputs(noise, labels=labels), training=False)

    def _accept(self, accept: str | Callable) -> Callable[[Tensor, list[Tensor], Tensor], Tensor]:
        """(samples, labels, seed) -> which are kept, booleans `(N,)`."""
        if callable(accept):
            return lambda samples, labels, seed: ops.reshape(
                ops.cast(accept(samples, labels[0] if labels else None), "bool"), (-1,)
            )
        check_choice(self, accept, "accept", ("discriminator",))
        labels = [] if self.num_classes is None else [ops.arange(256, dtype="int32") % self.num_classes]
        noise = normal(ops.cast(self.seed % 2**31, "int64"), 256, self.latent_dim)
        keep = by_logits(self._logits(self._made(noise, labels), labels))
        return lambda samples, labels, seed: keep(self._logits(samples, labels), mixed(self.seed, seed))

    def _logits(self, samples: Tensor, labels: list[Tensor]) -> Tensor:
        """The discriminator's, of samples in the data's range: float32 `(N,)`."""
        # TensorFlow's convolutions on a CPU get the shape of an empty batch wrong: there is one row more.
        one_more = lambda t: ops.pad(t, [(0, 1), *((0, 0) for _ in t.shape[1:])])
        inputs = self._inputs(one_more(self._to_networks(samples)), labels=[one_more(row) for row in labels])
        return ops.reshape(ops.cast(self.discriminator(inputs, training=False), "float32"), (-1,))[:-1]
