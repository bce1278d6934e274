"""A generative adversarial network as a Keras model."""

import random as python_random
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import (
    check_choice,
    check_integer,
    check_number,
    check_seed,
    check_value_range,
    wrong,
)
from keras_augsynth.synthesis.batches import batches
from keras_augsynth.synthesis.losses import LOSSES, PAIRED
from keras_augsynth.synthesis.seeds import normal, random_for
from keras_augsynth.synthesis.synthesizer import check_labels, check_samples

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class GAN(keras.Model):
    """Trains a generator against a discriminator, and samples from the generator's moving average.

    One `.keras` file holds everything: both networks, both optimizers, the average, the counters of every
    random draw. Training goes on from it bit for bit.

    Args:
        generator: a model from noise `(N, latent_dim)`, or from `[noise, label]`, to samples.
        discriminator: a model from samples, or `[sample, label]`, to logits `(N, 1)`.
        latent_dim: size of the noise; None reads it from the generator's first input.
        num_classes: None for an unconditional pair of networks.
        augment: a layer that real and generated samples pass before they are judged, such as `DiffAugment()`.
        ema: decay of the average per step, from 0 (no averaging) to below 1; it is smaller in the first steps.
        value_range: lowest and highest value of the data, which the generator's [-1, 1] stands for; None if the
            generator makes the data's own values.
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
        super().__init__(**kwargs)
        for name, network in (("generator", generator), ("discriminator", discriminator)):
            if not isinstance(network, keras.Model):
                raise wrong(self, name, "be a keras.Model", network, TypeError)
            if len(network.inputs) != (1 if num_classes is None else 2):
                inputs = "one input" if num_classes is None else "two inputs, the second for labels"
                raise wrong(self, name, f"have {inputs} (num_classes={num_classes})", len(network.inputs))
        if generator.output_shape[1:] != discriminator.inputs[0].shape[1:]:
            made, judged = generator.output_shape, discriminator.inputs[0].shape
            raise wrong(self, "discriminator", f"take what the generator makes, {made}", judged)
        last = discriminator.layers[-1]
        if getattr(last, "activation", None) is keras.activations.sigmoid:
            raise wrong(self, "discriminator", "end in logits, without a sigmoid: the loss has it", last.name)
        self.latent_dim = generator.inputs[0].shape[-1] if latent_dim is None else latent_dim
        check_integer(self, self.latent_dim, "latent_dim", 1)
        self.num_classes = None if num_classes is None else check_integer(self, num_classes, "num_classes", 1)
        self.ema = check_number(self, ema, "ema", 0.0, 1.0 - 1e-9)
        self.value_range = None if value_range is None else check_value_range(self, value_range)
        if augment is not None and not isinstance(augment, keras.layers.Layer):
            raise wrong(self, "augment", "be a layer, such as DiffAugment()", augment, TypeError)
        seed = check_seed(self, seed)
        self.seed = python_random.randint(1, 10**9) if seed is None else seed
        self.generator, self.discriminator, self.augment = generator, discriminator, augment
        self.average = keras.models.clone_model(generator)
        self.average.set_weights(generator.get_weights())
        self.average.trainable = False
        self._steps = self.add_weight(
            name="steps",
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )
        self._trackers = {name: keras.metrics.Mean(name=name) for name in ("d_loss", "g_loss", "d_real", "d_fake")}
        self.built = True

    def compile(
        self,
        g_optimizer: str | keras.optimizers.Optimizer = "default",
        d_optimizer: str | keras.optimizers.Optimizer = "default",
        loss: str = "relativistic",
        *,
        r1: float | None = None,
        r2: float | None = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Configures training.

        Args:
            g_optimizer: the generator's; "default" is Adam with rate 1e-3, beta_1 0 and beta_2 0.99, which
                suits small images and short trainings.
            d_optimizer: the discriminator's.
            loss: "relativistic" or "non_saturating".
            r1: weight of the squared gradient at real samples; None is 0.3 for the relativistic loss and 0 otherwise.
            r2: the same at generated samples.
            run_eagerly: as in `keras.Model.compile`.
            steps_per_execution: as in `keras.Model.compile`.
            jit_compile: as in `keras.Model.compile`.
        """
        super().compile(
            optimizer=None, run_eagerly=run_eagerly, steps_per_execution=steps_per_execution, jit_compile=jit_compile
        )
        self.loss = check_choice(self, loss, "loss", tuple(LOSSES))
        self._loss = LOSSES[loss]
        usual = 0.3 if self._loss in PAIRED else 0.0
        self.r1, self.r2 = (
            usual if weight is None else check_number(self, weight, name, 0.0)
            for name, weight in (("r1", r1), ("r2", r2))
        )
        self.g_optimizer = self._optimizer(g_optimizer, self.generator)
        self.d_optimizer = self._optimizer(d_optimizer, self.discriminator)

    def _optimizer(
        self, optimizer: str | keras.optimizers.Optimizer, network: keras.Model
    ) -> keras.optimizers.Optimizer:
        if optimizer == "default":
            optimizer = keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99)
        optimizer = keras.optimizers.get(optimizer)
        # Keras wraps only `self.optimizer`; without scaling, float16 gradients of both networks would vanish.
        if network.dtype_policy.name == "mixed_float16" and not hasattr(optimizer, "inner_optimizer"):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(network.trainable_variables)
        return optimizer

    def fit(self, x: Any = None, y: Any = None, batch_size: int = 64, **kwargs: Any) -> keras.callbacks.History:
        """Trains. Arrays are drawn so that every class comes up equally often; a data set is taken as it comes.

        Args:
            x: array `(N, ...)`, or a data set of batches.
            y: integer labels `(N,)` if the networks are conditional.
            batch_size: real samples in a step; as many are generated.
            **kwargs: as in `keras.Model.fit`, `epochs` first of all.
        """
        kwargs = {"shuffle": False, **kwargs}  # the order is `batches`' or the data set's own
        if y is None and not hasattr(x, "shape"):
            return super().fit(x, **kwargs)
        check_integer(self, batch_size, "batch_size", 1)
        if self.num_classes is None:
            x, y = np.asarray(x), None
        elif y is None:
            raise wrong(self, "y", f"be given: the networks are conditional (num_classes={self.num_classes})", y)
        else:
            x, y = check_samples(self, x, y)
            if y.max() >= self.num_classes:
                raise wrong(self, "y", f"be below num_classes={self.num_classes}", int(y.max()))
        self._check_data(x)
        data = batches(x, y, batch_size, self.seed, self._steps)
        return super().fit(data, **{"steps_per_epoch": -(-len(x) // batch_size), **kwargs})

    def _check_data(self, x: np.ndarray) -> None:
        if x.shape[1:] != self.generator.output_shape[1:]:
            raise wrong(self, "x", f"be samples of shape {self.generator.output_shape[1:]}", x.shape)
        ends_in_tanh = getattr(self.generator.layers[-1], "activation", None) is keras.activations.tanh
        low, high = self.value_range or ((-1.0, 1.0) if ends_in_tanh else (-np.inf, np.inf))
        if len(x) and not low <= x.min() <= x.max() <= high:
            reason = f"lie in [{low:g}, {high:g}] (give the GAN another `value_range` or scale the data)"
            raise wrong(self, "x", reason, f"values from {x.min():g} to {x.max():g}")

    def train_step(self, data: Any) -> dict[str, Tensor]:
        real, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        real = self._to_networks(real)
        labels = [] if self.num_classes is None else [ops.reshape(ops.cast(labels, "int32"), (-1,))]
        count = ops.shape(real)[0]
        seed = 2 * ops.convert_to_tensor(self._steps)
        fake = self.generator(self._inputs(self._noise(seed, count), labels), training=True)
        with tf.GradientTape() as tape:
            real_logits, fake_logits, penalty = self._judge_with_penalty(real, fake, labels)
            d_loss = self._loss(real_logits, fake_logits)[0] + penalty
            scaled = self.d_optimizer.scale_loss(d_loss)
        self._update(self.d_optimizer, tape, scaled, self.discriminator)
        with tf.GradientTape() as tape:
            fake = self.generator(self._inputs(self._noise(seed + 1, count), labels), training=True)
            g_loss = self._loss(*self._judge(real if self._loss in PAIRED else None, fake, labels))[1]
            scaled = self.g_optimizer.scale_loss(g_loss)
        self._update(self.g_optimizer, tape, scaled, self.generator)
        with tf.control_dependencies([d_loss]):  # not before the data set has read which step this is
            self._update_average()
        values = {"d_loss": d_loss, "g_loss": g_loss, "d_real": real_logits, "d_fake": fake_logits}
        for name, tracker in self._trackers.items():
            tracker.update_state(values[name])
        return self.get_metrics_result()

    def _noise(self, seed: Tensor, count: Tensor) -> Tensor:
        context = tf.distribute.get_replica_context()
        replica = ops.cast(context.replica_id_in_sync_group if context else 0, "int64")
        return normal((seed * 1024 + replica) * 2**32 + self.seed % 2**32, count, self.latent_dim)

    def _judge(self, real: Tensor | None, fake: Tensor, labels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Logits of real and generated samples, from one pass through augmentation and discriminator."""
        samples = [fake] if real is None else [ops.cast(real, fake.dtype), fake]
        labels = [ops.concatenate(labels * len(samples))] if labels else []
        both = ops.concatenate(samples)
        both = both if self.augment is None else self.augment(both, training=True)
        logits = ops.cast(self.discriminator(self._inputs(both, labels), training=True), "float32")
        return (logits, logits) if real is None else tuple(ops.split(logits, 2))

    def _judge_with_penalty(self, real: Tensor, fake: Tensor, labels: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """The logits, and r1/2 and r2/2 times the squared gradients with respect to the unaugmented samples."""
        weighted = [(samples, weight) for samples, weight in ((real, self.r1), (fake, self.r2)) if weight]
        with tf.GradientTape() as tape:
            tape.watch([samples for samples, _ in weighted])
            real_logits, fake_logits = self._judge(real, fake, labels)
            total = ops.sum(real_logits) + ops.sum(fake_logits)
        penalty = 0.0
        gradients = tape.gradient(total, [samples for samples, _ in weighted])
        for gradient, (_, weight) in zip(gradients, weighted, strict=True):
            squares = ops.square(ops.cast(gradient, "float32"))
            penalty += weight / 2 * ops.mean(ops.sum(squares, axis=tuple(range(1, len(squares.shape)))))
        return real_logits, fake_logits, penalty

    def _update(self, optimizer: Any, tape: tf.GradientTape, loss: Tensor, network: keras.Model) -> None:
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    def _update_average(self) -> None:
        """Weights move towards the generator's; what is not trained (batch statistics) is copied."""
        step = ops.cast(self._steps, "float32")
        decay = ops.minimum(self.ema, (1.0 + step) / (10.0 + step))
        trained = {id(weight) for weight in self.generator.trainable_weights}
        for mean, weight in zip(self.average.weights, self.generator.weights, strict=True):
            moving = id(weight) in trained
            mean.assign(mean + (1.0 - decay) * (weight - mean) if moving else weight)
        self._steps.assign_add(1)

    def sample(self, labels: Any = None, *, n: int | None = None, seed: int | Tensor | None = None) -> Tensor:
        """New samples from the averaged generator.

        Args:
            labels: integers `(N,)` for a conditional GAN.
            n: how many, for an unconditional one.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            float32 `(N, ...)` in the data's range.

        Raises:
            ValueError: for labels where there are no classes, or none where there are.
        """
        if self.num_classes is None:
            if labels is not None or n is None:
                raise wrong(self, "n", "be given, and `labels` not: the networks are unconditional", n)
            count, labels = n, []
        elif labels is None:
            raise wrong(self, "labels", "be given: the networks are conditional", labels)
        else:
            labels = [check_labels(self, labels, self.num_classes)]
            count = ops.shape(labels[0])[0]
        seed, _ = random_for(seed, 1)
        # TensorFlow's convolutions on a CPU get the shape of an empty batch wrong: there is always one row.
        rows = ops.maximum(count, 1)
        labels = [ops.pad(row, [(0, rows - count)]) for row in labels]
        samples = self.average(self._inputs(normal(seed, rows, self.latent_dim), labels), training=False)[:count]
        return self._to_data(ops.cast(samples, "float32"))

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Samples for labels `(N,)`; without classes, as many samples as there are rows in `inputs`."""
        return self.sample(n=ops.shape(inputs)[0]) if self.num_classes is None else self.sample(inputs)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self._trackers.values())

    @staticmethod
    def _inputs(first: Tensor, labels: list[Tensor]) -> Any:
        return [first, *labels] if labels else first

    def _to_networks(self, x: Tensor) -> Tensor:
        x = ops.cast(x, "float32")
        if self.value_range is None:
            return x
        low, high = self.value_range
        return (x - low) * (2.0 / (high - low)) - 1.0

    def _to_data(self, x: Tensor) -> Tensor:
        if self.value_range is None:
            return x
        low, high = self.value_range
        return (x + 1.0) * ((high - low) / 2.0) + low

    def get_config(self) -> dict[str, Any]:
        own = ("latent_dim", "num_classes", "ema", "value_range", "seed")
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in _PARTS}
        return {**super().get_config(), **parts, **{name: getattr(self, name) for name in own}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> "GAN":
        restore = lambda part: keras.saving.deserialize_keras_object(part, custom_objects)
        return cls(**{name: restore(value) if name in _PARTS else value for name, value in config.items()})

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        optimizers = ("g_optimizer", "d_optimizer")
        return {
            **{name: keras.saving.serialize_keras_object(getattr(self, name)) for name in optimizers},
            **{
                name: getattr(self, name)
                for name in ("loss", "r1", "r2", "run_eagerly", "steps_per_execution", "jit_compile")
            },
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))


_PARTS = ("generator", "discriminator", "augment")
