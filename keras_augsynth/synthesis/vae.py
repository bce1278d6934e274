"""A variational autoencoder as a source of samples."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_augsynth.core.checks import check_flag, check_integer, check_number, wrong
from keras_augsynth.synthesis.architectures.vae_networks import vae_conv, vae_mlp
from keras_augsynth.synthesis.generative import GenerativeModel
from keras_augsynth.synthesis.networks import check_network, range_of
from keras_augsynth.synthesis.seeds import normal

Tensor = Any

_LEAST_VARIANCE = 1e-4


@keras.saving.register_keras_serializable(package="keras_augsynth")
class VAE(GenerativeModel):
    """Learns to describe samples by a few numbers, and draws such numbers to make new ones: quick, steady, blurry.

    A sample is normal around what the decoder makes, with one variance for all its numbers that follows the
    decoder's error, so that nothing has to be set between sharpness and `beta`. Each class has a prior of its own,
    a normal distribution that is learned: otherwise the latent numbers, which tell the class as well as the label
    does, would turn samples of one class into those of another.

    Args:
        shape: of one sample; `vae_mlp(shape, num_classes)` is taken for rows, `vae_conv(shape, num_classes)`
            otherwise.
        num_classes: None for an unconditional model.
        encoder: instead of `shape`, a model from `sample` or `[sample, label]` to the mean and the logarithm of the
            variance of the latent numbers, two times `(N, latent_dim)`.
        decoder: a model from `(N, latent_dim)` or `[latent, label]` to samples.
        beta: weight of the divergence between what the encoder says and the prior that samples are drawn from, at
            least 0. 1 trains the bound itself.
        warm_up: steps in which `beta` grows from 0, which keeps the decoder listening to the latent numbers.
        observation_noise: whether samples are drawn around the decoder's, as the model has it, and are not the
            decoder's own; None is True for rows and False otherwise, where it would show as grain.
        value_range: lowest and highest value of the data, which the networks' [-1, 1] stands for; None if the
            decoder makes the data's own values, or, of rows, columns that `adapt` standardizes.
        seed: integer; the same seed gives the same training.
        **kwargs: `name` and `dtype`.

    Raises:
        ValueError: for networks that do not fit each other, or both a shape and networks.

    Example:

    >>> vae = VAE((8, 8, 3), num_classes=3, value_range=(0, 255))
    >>> vae.compile()
    >>> history = vae.fit(x, y, epochs=1, verbose=0)
    >>> sorted(history.history)
    ['elbo', 'error', 'kl', 'loss']
    >>> vae.sample([2, 2, 0], seed=1).shape
    TensorShape([3, 8, 8, 3])

    `elbo` is the lower bound of the logarithm of the density, in nats per sample of the data as the networks take
    them; `kl` its part that costs, in nats; `error` the mean square of what the decoder misses.

    Reference:
        Kingma, Welling: Auto-encoding variational Bayes. ICLR 2014. Sohn, Lee, Yan: Learning structured output
        representation using deep conditional generative models. NeurIPS 2015. Rybkin, Daniilidis, Levine: Simple
        and effective VAE training with calibrated decoders. ICML 2021.
    """

    _parts = ("encoder", "decoder")
    _arguments = ("beta", "warm_up", "observation_noise")
    _maker = "decoder"

    def __init__(
        self,
        shape: Sequence[int] | None = None,
        num_classes: int | None = None,
        *,
        encoder: keras.Model | None = None,
        decoder: keras.Model | None = None,
        beta: float = 1.0,
        warm_up: int = 0,
        observation_noise: bool | None = None,
        value_range: Sequence[float] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        networks = {"encoder": encoder, "decoder": decoder}
        if shape is None:
            missing = [name for name, network in networks.items() if network is None]
            if missing:
                raise wrong("VAE", missing[0], "be given, with the other network, or else `shape`", None)
        elif encoder is not None or decoder is not None:
            raise wrong("VAE", "shape", "not be given beside networks", shape)
        else:
            rows = isinstance(shape, Sequence) and len(shape) == 1
            encoder, decoder = (vae_mlp if rows else vae_conv)(shape, num_classes)
        check_network("VAE", encoder, "encoder", ["sample"], num_classes)
        check_network("VAE", decoder, "decoder", ["latent"], num_classes)
        sample_shape, latent = tuple(decoder.output_shape[1:]), tuple(decoder.inputs[0].shape[1:])
        if encoder.inputs[0].shape[1:] != sample_shape:
            raise wrong("VAE", "encoder", f"take what the decoder makes, {sample_shape}", encoder.inputs[0].shape[1:])
        described = [tuple(output.shape[1:]) for output in encoder.outputs]
        if len(latent) != 1 or described != [latent, latent]:
            raise wrong("VAE", "encoder", f"make a mean and a log-variance of the decoder's shape {latent}", described)
        if observation_noise is None:
            observation_noise = len(sample_shape) == 1
        check_flag("VAE", observation_noise, "observation_noise")
        super().__init__(
            sample_shape=sample_shape,
            noise_size=latent[0] + observation_noise * math.prod(sample_shape),
            own_range=range_of(decoder),
            metrics=("loss", "elbo", "kl", "error"),
            num_classes=num_classes,
            value_range=value_range,
            seed=seed,
            **kwargs,
        )
        self.beta = check_number(self, beta, "beta", 0.0)
        self.warm_up = check_integer(self, warm_up, "warm_up", 0)
        self.observation_noise = observation_noise
        self.encoder, self.decoder = encoder, decoder
        self._latent_dim = latent[0]
        # Mean and logarithm of the variance of each class's prior; without classes it is the standard normal one.
        if num_classes is not None:
            options = {"shape": (num_classes, latent[0]), "dtype": "float32", "initializer": "zeros"}
            self._prior = [self.add_weight(name=f"prior_{name}", **options) for name in ("mean", "log_variance")]
        self._variance = self.add_weight(
            name="variance", shape=(), dtype="float32", initializer="ones", trainable=False, aggregation="mean"
        )

    def _loss_values(self, samples: Tensor, labels: list[Tensor], training: bool) -> dict[str, Tensor]:
        described = self.encoder(self._inputs(samples, labels=labels), training=training)
        mean, log_variance = (ops.cast(part, "float32") for part in described)
        log_variance = ops.clip(log_variance, -20.0, 20.0)  # the exponential stays finite
        noise = normal(self._step_seed(), ops.shape(samples)[0], self._latent_dim)
        latent = mean + ops.exp(log_variance / 2) * noise
        made = ops.cast(self.decoder(self._inputs(latent, labels=labels), training=training), "float32")

        error = ops.mean(ops.square(samples - made))
        variance = ops.convert_to_tensor(self._variance)
        size = math.prod(self._sample_shape)
        log_likelihood = -size / 2 * (error / variance + ops.log(2 * math.pi * variance))
        usual_mean, usual = self._prior_of(labels)
        apart = (ops.exp(log_variance) + ops.square(mean - usual_mean)) * ops.exp(-usual)
        kl = ops.mean(ops.sum(apart - 1.0 + usual - log_variance, axis=-1)) / 2
        step = ops.cast(self._steps, "float32")
        beta = self.beta * ops.minimum(1.0, step / self.warm_up) if self.warm_up and training else self.beta
        return {"loss": beta * kl - log_likelihood, "elbo": log_likelihood - kl, "kl": kl, "error": error}

    def _prior_of(self, labels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of the latent numbers that samples of a class are made from."""
        if not labels:
            return 0.0, 0.0
        mean, log_variance = (ops.take(table, labels[0], axis=0) for table in self._prior)
        return mean, ops.clip(log_variance, -20.0, 20.0)

    def _after_step(self, values: dict[str, Tensor]) -> None:
        step = ops.cast(self._steps, "float32")
        share = 1.0 - ops.minimum(0.99, (1.0 + step) / (10.0 + step))
        variance = ops.convert_to_tensor(self._variance)
        self._variance.assign(ops.maximum(variance + share * (values["error"] - variance), _LEAST_VARIANCE))

    def _generate(self, noise: Tensor, labels: list[Tensor]) -> Tensor:
        latent, observed = noise[:, : self._latent_dim], noise[:, self._latent_dim :]
        mean, log_variance = self._prior_of(labels)
        latent = mean + ops.exp(ops.convert_to_tensor(log_variance) / 2) * latent
        made = self.decoder(self._inputs(latent, labels=labels), training=False)
        if not self.observation_noise:
            return made
        return ops.cast(made, "float32") + ops.sqrt(self._variance) * ops.reshape(observed, ops.shape(made))
