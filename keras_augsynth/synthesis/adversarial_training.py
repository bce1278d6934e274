"""A step of a GAN's training: of the discriminator, several times perhaps, and of the generator."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_augsynth.core import keras_internals
from keras_augsynth.synthesis import penalties
from keras_augsynth.synthesis.generative import GenerativeModel
from keras_augsynth.synthesis.label_gate import LabelGate
from keras_augsynth.synthesis.losses import PAIRED
from keras_augsynth.synthesis.networks import update_average
from keras_augsynth.synthesis.rejection import per_row
from keras_augsynth.synthesis.seeds import mixed, normal, random_for
from keras_augsynth.synthesis.spectral_normalization import power_step

Tensor = Any

_LECAM_DECAY = 0.99


class AdversarialTraining(GenerativeModel):
    """Trains a `generator` against a `discriminator`; `GAN` says what they are and how they are set."""

    def train_step(self, data: Any) -> dict[str, Tensor]:
        real, labels = self._unpacked(data)
        seed = (self.n_critic + 1) * ops.convert_to_tensor(self._steps)
        if self.transition_steps is not None:
            first, last = self.transition_steps
            self._open_gates(ops.clip((ops.cast(self._steps, "float32") - first) / (last - first), 0.0, 1.0))
        for k in range(self.n_critic):
            part = [self._part(rows, k) for rows in (real, *labels)]
            values = self._train_discriminator(part[0], part[1:], seed + k)
        values["g_loss"] = self._train_generator(part[0], part[1:], seed + self.n_critic)
        with tf.control_dependencies([values["d_loss"]]):  # not before the data set has read which step this is
            update_average(self.average, self.generator, self.ema, self._steps)
            self._count_step(labels)
        return self._logged(values)

    def _gates(self) -> list[LabelGate]:
        networks = (self.generator, self.discriminator)
        layers = (layer for network in networks for layer in keras_internals.flat_layers(network))
        return [layer for layer in layers if isinstance(layer, LabelGate)]

    def _sign(self, real: Tensor, fake: Tensor) -> Tensor:
        return ops.mean(ops.sign(real - fake if self._loss in PAIRED else real))  # logits of a pair have no zero

    def _part(self, rows: Tensor, k: int) -> Tensor:
        """The k-th of `n_critic` equal parts; of too few rows, some come up again."""
        if self.n_critic == 1:
            return rows
        count = ops.shape(rows)[0]
        size = ops.maximum(count // self.n_critic, 1)
        return ops.take(rows, (k * size + ops.arange(size)) % count, axis=0)

    def _train_discriminator(self, real: Tensor, labels: list[Tensor], seed: Tensor) -> dict[str, Tensor]:
        power_step(self.discriminator)
        fake = self._fake(labels, seed, ops.shape(real)[0])
        with tf.GradientTape() as tape:
            real_logits, fake_logits, penalty = self._judge_with_penalty(real, fake, labels, seed)
            if self.lecam:
                penalty += self.lecam * penalties.lecam(
                    real_logits, fake_logits, *self._usually(real_logits, fake_logits)
                )
            d_loss = self._loss(real_logits, fake_logits)[0] + penalty
            scaled = self.d_optimizer.scale_loss(self._of_replica(d_loss))
        self._update(self.d_optimizer, tape, scaled, self.discriminator)
        sign = self._sign(real_logits, fake_logits)
        self._adapt(sign, ops.shape(real)[0])
        return {"d_loss": d_loss, "d_real": real_logits, "d_fake": fake_logits, "d_sign": sign}

    def _train_generator(self, real: Tensor, labels: list[Tensor], seed: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            fake = self._fake(labels, seed, ops.shape(real)[0])
            g_loss = self._loss(*self._judge(real if self._loss in PAIRED else None, fake, labels, seed))[1]
            scaled = self.g_optimizer.scale_loss(self._of_replica(g_loss))
        self._update(self.g_optimizer, tape, scaled, self.generator)
        return g_loss

    def _open_gates(self, openness: float | Tensor) -> None:
        for gate in self._gates():
            gate.openness.assign(openness)

    def _usually(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Running means of both kinds' logits, this step's included."""
        now = ops.stop_gradient(ops.stack([ops.mean(real), ops.mean(fake)]))
        usual = self._usual + (1.0 - _LECAM_DECAY) * (now - self._usual)
        self._usual.assign(usual)
        steps = ops.cast(self._steps, "float32") + 1.0
        return tuple(ops.unstack(usual / (1.0 - _LECAM_DECAY**steps), 2))

    def _adapt(self, sign: Tensor, count: Tensor) -> None:
        """Augments more often when the discriminator knows its real samples too well, and less when it does not."""
        speed, target, most = ops.unstack(ops.convert_to_tensor(self.adaptation), 3)
        moved = self.augment_chance + speed * ops.cast(count, "float32") * ops.sign(sign - target)
        self.augment_chance.assign(ops.where(speed > 0.0, ops.clip(moved, 0.0, most), self.augment_chance))

    @staticmethod
    def _of_replica(loss: Tensor) -> Tensor:
        return loss / tf.distribute.get_strategy().num_replicas_in_sync  # optimizers add up what the replicas find

    def _fake(self, labels: list[Tensor], seed: Tensor, count: Tensor) -> Tensor:
        return self.generator(self._inputs(self._noise(seed, count), labels=labels), training=True)

    def _noise(self, seed: Tensor, count: Tensor) -> Tensor:
        return normal((seed * 1024 + self._replica()) * 2**32 + self.seed % 2**32, count, self.latent_dim)

    @staticmethod
    def _replica() -> Tensor:
        context = tf.distribute.get_replica_context()
        return ops.cast(context.replica_id_in_sync_group if context else 0, "int64")

    def _judge(
        self, real: Tensor | None, fake: Tensor, labels: list[Tensor], seed: Tensor, discriminate: Any = None
    ) -> tuple[Tensor, Tensor]:
        """Logits of real and generated samples, from one pass through augmentation and discriminator."""
        samples = [fake] if real is None else [ops.cast(real, fake.dtype), fake]
        labels = [ops.concatenate(labels * len(samples))] if labels else []
        both = self._augmented(ops.concatenate(samples), seed)
        discriminate = discriminate or self.discriminator
        logits = ops.cast(discriminate(self._inputs(both, labels=labels), training=True), "float32")
        return (logits, logits) if real is None else tuple(ops.split(logits, 2))

    def _augmented(self, samples: Tensor, seed: Tensor) -> Tensor:
        if self.augment is None:
            return samples
        _, rng = random_for(mixed(self.seed, seed, self._replica()), ops.shape(samples)[0])
        chosen = per_row(rng.bernoulli(self.augment_chance), samples)
        augmented = ops.cast(self.augment(samples, training=True), samples.dtype)
        return ops.where(chosen, augmented, samples)

    def _judge_with_penalty(
        self, real: Tensor, fake: Tensor, labels: list[Tensor], seed: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The logits, and the weighted penalties of gradients with respect to the unaugmented samples."""
        weighted = [(samples, weight) for samples, weight in ((real, self.r1), (fake, self.r2)) if weight]
        with tf.GradientTape() as tape:
            tape.watch([samples for samples, _ in weighted])
            real_logits, fake_logits = self._judge(real, fake, labels, seed, self._discriminate)
            total = ops.sum(real_logits) + ops.sum(fake_logits)
        penalty = 0.0
        gradients = tape.gradient(total, [samples for samples, _ in weighted])
        for gradient, (_, weight) in zip(gradients, weighted, strict=True):
            penalty += weight / 2 * ops.mean(penalties.squared_norms(gradient))
        if self.gradient_penalty:
            _, rng = random_for(mixed(self.seed, seed, self._replica() + 2**20), ops.shape(real)[0])
            judge = lambda samples: self._judge(None, samples, labels, seed, self._discriminate)[0]
            penalty += self.gradient_penalty * penalties.interpolated(judge, real, fake, rng.uniform())
        return real_logits, fake_logits, penalty

    def _update(self, optimizer: Any, tape: tf.GradientTape, loss: Tensor, network: keras.Model) -> None:
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
