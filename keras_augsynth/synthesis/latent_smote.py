"""`LatentSMOTE`: SMOTE between the codes of an autoencoder."""

import itertools
import math
import random as python_random
from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
from keras import layers, ops

from keras_augsynth.core import ranges
from keras_augsynth.core.checks import check_integer, check_number, check_seed, check_value_range, wrong
from keras_augsynth.ops.casting import to_dtype
from keras_augsynth.synthesis.batches import batches
from keras_augsynth.synthesis.fitted import FittedSynthesizer, check_numbers
from keras_augsynth.synthesis.smote import SMOTE
from keras_augsynth.synthesis.stored import Stored
from keras_augsynth.synthesis.training_data import check_inside

Tensor = Any
Networks = tuple[keras.Model, keras.Model]

_SCALE = ("center", "scale", "low", "high")


@keras.saving.register_keras_serializable(package="keras_augsynth")
class LatentSMOTE(FittedSynthesizer):
    """Goes some way from the code of a sample towards the code of a neighbour in its class, and decodes what is there.

    The autoencoder is trained in `fit` on batches in which every class comes up equally often. What has few rows
    follows the rules of `SMOTE`. Samples keep inside the data's range: `value_range`, or else, for each
    channel (the last axis), the lowest and highest value that was seen.

    Args:
        autoencoder: a pair of models (encoder, decoder), from samples to codes and back, which is trained as it is
            given; None makes one, of convolutions for samples with 1 to 3 sides and channels, of dense layers
            for rows.
        latent_dim: size of the code of an autoencoder that is made, at least 1.
        k_neighbors: how many nearest neighbours are drawn from, at least 1.
        value_range: lowest and highest value that the data can take, which is [-1, 1] to the networks; None: the
            networks get each channel less its mean, divided by its standard deviation.
        seed: integer; the same seed gives the same training.

    Raises:
        ValueError: for networks that do not fit each other; in `fit`, for NaN, infinity, and data outside the range.

    Example:

    >>> smote = LatentSMOTE(latent_dim=2, k_neighbors=3, seed=1).fit(x, y, epochs=1, verbose=0)
    >>> smote.sample([2, 2, 0], seed=1).shape
    TensorShape([3, 8, 8, 3])

    Reference:
        Dablain, Krawczyk, Chawla: DeepSMOTE: fusing deep learning and SMOTE for imbalanced data. IEEE Transactions
        on Neural Networks and Learning Systems 34, 2023.
    """

    def __init__(
        self,
        autoencoder: Networks | None = None,
        *,
        latent_dim: int = 32,
        k_neighbors: int = 5,
        value_range: Sequence[float] | None = None,
        seed: int | None = None,
    ):
        if autoencoder is not None:
            self._check_networks(autoencoder)
        self.autoencoder = autoencoder
        self.latent_dim = check_integer(self, latent_dim, "latent_dim", 1)
        self.k_neighbors = check_integer(self, k_neighbors, "k_neighbors", 1)
        self.value_range = None if value_range is None else check_value_range(self, value_range)
        seed = check_seed(self, seed)
        self.seed = python_random.randint(1, 10**9) if seed is None else seed
        self._networks = autoencoder

    def _check_networks(self, autoencoder: Any) -> None:
        if not isinstance(autoencoder, (tuple, list)) or len(autoencoder) != 2:
            raise wrong(self, "autoencoder", "be a pair (encoder, decoder), or None", autoencoder, TypeError)
        for network in autoencoder:
            if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
                raise wrong(self, "autoencoder", "be two keras.Models with known inputs", network, TypeError)
        encoder, decoder = autoencoder
        for first, second in ((encoder, decoder), (decoder, encoder)):
            if first.output_shape[1:] != second.input_shape[1:]:
                shapes = (first.output_shape, second.input_shape)
                raise wrong(self, "autoencoder", "have networks each of which takes what the other makes", shapes)

    def fit(
        self,
        x: Any,
        y: Any,
        epochs: int = 20,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        verbose: str | int = "auto",
        **kwargs: Any,
    ) -> Self:
        """Trains the autoencoder, and finds the codes of all samples.

        Args:
            x: array `(N, ...)` of finite numbers.
            y: integer labels `(N,)`.
            epochs: passes over as many samples as there are; 0 for an autoencoder that has been trained.
            batch_size: samples in a step.
            learning_rate: of Adam.
            verbose: as in `keras.Model.fit`: 0 is silent; otherwise there is a line for each epoch, and one for the
                codes, with a bar unless it is 2.
            **kwargs: as in `keras.Model.fit`, such as `callbacks`.
        """
        x, y = check_numbers(self, x, y)
        check_integer(self, epochs, "epochs", 0)
        check_integer(self, batch_size, "batch_size", 1)
        check_number(self, learning_rate, "learning_rate", 0.0)
        networks = self.autoencoder or autoencoder(x.shape[1:], self.latent_dim, self.seed)
        if networks[0].input_shape[1:] != x.shape[1:]:
            raise wrong(self, "x", f"be samples of shape {networks[0].input_shape[1:]}", x.shape)
        self._keep(networks, self._scale_of(x), x[:0])
        encoder, decoder = networks
        if epochs:
            model = keras.Model(encoder.input, decoder(encoder.output))
            model.compile(keras.optimizers.Adam(learning_rate), "mse", jit_compile=False)
            data = batches(x, y, batch_size, self.seed, keras.Variable(0, dtype="int64", trainable=False))
            data = data.map(lambda real, _: (self._to_networks(real),) * 2)
            steps = math.ceil(len(x) / batch_size)
            model.fit(data, epochs=epochs, steps_per_epoch=steps, **{"verbose": verbose, "shuffle": False, **kwargs})
        self._smote = SMOTE(self.k_neighbors).fit(self._codes(encoder, x, verbose), y)
        self.num_classes, self.class_counts = self._smote.num_classes, self._smote.class_counts
        return self

    def _codes(self, encoder: keras.Model, x: np.ndarray, verbose: str | int) -> np.ndarray:
        parts = range(0, len(x), 256)
        verbose = 1 if verbose == "auto" else int(verbose)
        bar, codes = keras.utils.Progbar(len(parts), verbose=verbose, unit_name="part of the codes"), []
        for number, start in enumerate(parts, 1):
            codes.append(encoder(self._to_networks(x[start : start + 256]), training=False))
            bar.update(number)
        return np.concatenate(codes)

    def _scale_of(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """What of each channel becomes 0 and 1 to the networks, and the limits of the samples."""
        axes = tuple(range(x.ndim - 1))
        if self.value_range is None:
            spread = x.std(axis=axes, dtype="float64")
            values = (x.mean(axis=axes, dtype="float64"), np.where(spread > 0, spread, 1.0), x.min(axes), x.max(axes))
        else:
            low, high = self.value_range
            check_inside(self, x, self.value_range)
            ranges.look_at_array(self, x, self.value_range, stacklevel=4)
            values = ((low + high) / 2.0, (high - low) / 2.0, low, high)
        return {name: np.array(value, "float32") for name, value in zip(_SCALE, values, strict=True)}

    def _keep(self, networks: Networks, scale: dict[str, np.ndarray], none: np.ndarray) -> None:
        self._networks, self._scale, self._none = networks, scale, none

    def _to_networks(self, x: Tensor) -> Tensor:
        return (ops.cast(x, "float32") - self._scale["center"]) / self._scale["scale"]

    def sample(self, labels: Tensor, seed: int | Tensor | None = None) -> Tensor:
        """Decoded samples.

        Args:
            labels: integers `(N,)`, classes that were in the data.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            `(N, ...)`, in the dtype of the data; whole numbers are rounded.
        """
        labels = self._checked_labels(labels)
        codes = self._smote.sample(labels, seed)
        # TensorFlow's convolutions on a CPU get the shape of an empty batch wrong: there is always one row.
        count = ops.shape(labels)[0]
        spare = ops.maximum(1 - count, 0)
        codes = ops.pad(codes, [(0, spare), *[(0, 0)] * (len(codes.shape) - 1)])
        samples = ops.cast(self._networks[1](codes, training=False), "float32")[:count]
        samples = samples * self._scale["scale"] + self._scale["center"]
        return to_dtype(ops.clip(samples, self._scale["low"], self._scale["high"]), self._none.dtype.name)

    def get_config(self) -> dict[str, Any]:
        own = ("latent_dim", "k_neighbors", "value_range", "seed")
        networks = self._networks and [keras.saving.serialize_keras_object(network) for network in self._networks]
        return {"autoencoder": networks, **{name: getattr(self, name) for name in own}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        networks = config["autoencoder"]
        networks = networks and tuple(keras.saving.deserialize_keras_object(network) for network in networks)
        return cls(**{**config, "autoencoder": networks})

    def state(self) -> dict[str, np.ndarray]:
        weights = [weight for network in self._networks for weight in network.get_weights()]
        return {
            **{f"weight_{k}": weight for k, weight in enumerate(weights)},
            **{f"scale_{name}": value for name, value in self._scale.items()},
            **{f"smote_{name}": value for name, value in self._smote.state().items()},
            "none": self._none,
        }

    def layout(self) -> dict[str, Stored]:
        weights = [weight for network in self._networks for weight in network.weights]
        scale = {f"scale_{name}": Stored("f", ("*",)) for name in _SCALE}
        return {
            **{f"weight_{k}": Stored("f", tuple(weight.shape)) for k, weight in enumerate(weights)},
            **{f"smote_{name}": stored for name, stored in SMOTE(self.k_neighbors).layout().items()},
            **scale,
            "none": Stored("biuf", (0, *self._networks[0].input_shape[1:])),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        weights = (state[f"weight_{k}"] for k in itertools.count())
        for network in self._networks:
            network.set_weights(list(itertools.islice(weights, len(network.weights))))
        self._keep(self._networks, {name: state[f"scale_{name}"] for name in _SCALE}, state["none"])
        self._smote = SMOTE(self.k_neighbors)
        self._smote.restore({name.removeprefix("smote_"): state[name] for name in state if name.startswith("smote_")})
        self.num_classes, self.class_counts = self._smote.num_classes, self._smote.class_counts


def autoencoder(shape: Sequence[int], latent_dim: int, seed: int) -> Networks:
    """A pair (encoder, decoder): strided convolutions where there are 1 to 3 sides, dense layers for the rest.

    Args:
        shape: of one sample.
        latent_dim: size of the code.
        seed: of the first weights.
    """
    seeds = itertools.count(seed % 2**31)
    drawn = lambda: {"kernel_initializer": keras.initializers.GlorotUniform(next(seeds))}
    rank, shape = len(shape) - 1, tuple(shape)
    x = h = keras.Input(shape, name="sample")
    code = keras.Input((latent_dim,), name="code")
    if rank not in (1, 2, 3):
        for units in (256, 128):
            h = layers.LeakyReLU(0.2)(layers.Dense(units, **drawn())(layers.Flatten()(h)))
        g = code
        for units in (128, 256):
            g = layers.LeakyReLU(0.2)(layers.Dense(units, **drawn())(g))
        sample = layers.Reshape(shape)(layers.Dense(math.prod(shape), **drawn())(g))
    else:
        kind = lambda name: getattr(layers, name.format(rank))
        widths = [32 * 2**level for level in range(max(0, min(3, int(math.log2(max(*shape[:-1], 4) / 4)))))]
        for width in widths:
            h = kind("Conv{}D")(width, 4, strides=2, padding="same", **drawn())(h)
            h = layers.LeakyReLU(0.2)(h)
        start = tuple(-(-side // 2 ** len(widths)) for side in shape[:-1])
        g = layers.Dense(math.prod(start) * 64, **drawn())(code)
        g = layers.LeakyReLU(0.2)(layers.Reshape((*start, 64))(g))
        for width in reversed(widths):
            g = kind("Conv{}DTranspose")(width, 4, strides=2, padding="same", **drawn())(g)
            g = layers.LeakyReLU(0.2)(g)
        g = kind("Conv{}D")(shape[-1], 3, padding="same", **drawn())(g)
        # Sides that halving does not divide came out larger.
        surplus = [(0, start_side * 2 ** len(widths) - side) for start_side, side in zip(start, shape, strict=False)]
        sample = kind("Cropping{}D")(surplus[0] if rank == 1 else tuple(surplus))(g)
    latent = layers.Dense(latent_dim, **drawn())(layers.Flatten()(h))
    return keras.Model(x, latent, name="encoder"), keras.Model(code, sample, name="decoder")
