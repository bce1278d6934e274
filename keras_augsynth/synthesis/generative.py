"""What the trained sources of samples have in common: data in, samples out, seeds, one file that holds it all."""

import random as python_random
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core import ranges
from keras_augsynth.core.checks import check_integer, check_seed, check_value_range, wrong
from keras_augsynth.ops.compiled import has_gpu
from keras_augsynth.synthesis.batches import batches, in_blocks
from keras_augsynth.synthesis.interruption import with_interruption
from keras_augsynth.synthesis.saving import SavedWhole
from keras_augsynth.synthesis.seeds import mixed, normal
from keras_augsynth.synthesis.synthesizer import check_labels
from keras_augsynth.synthesis.training_data import check_batch, check_data, check_first, check_fit_arguments

Tensor = Any

_BLOCK = 256
"""Samples that are made at a time: what one call needs of memory beside its result."""


class GenerativeModel(SavedWhole):
    """Base of the models that are trained to turn noise into samples.

    Beside its arguments' names a subclass says which network turns noise into samples (`_maker`), how it does
    (`_generate`), and what it is trained by: `_loss_values`, or a `train_step` of its own.

    Args:
        sample_shape: of one sample.
        noise_size: numbers of noise that a sample is made from.
        own_range: lowest and highest value that the networks can make.
        metrics: names of the means that are logged.
        num_classes: None for an unconditional model.
        value_range: lowest and highest value of the data, which the networks' [-1, 1] stands for; None if the
            networks make the data's own values.
        seed: integer; None for a random one.
        **kwargs: `name` and `dtype`.
    """

    _maker: str  # the network that makes samples
    _batches_per_step = 1

    def __init__(
        self,
        *,
        sample_shape: Sequence[int],
        noise_size: int,
        own_range: tuple[float, float],
        metrics: Sequence[str],
        num_classes: int | None,
        value_range: Sequence[float] | None,
        seed: int | None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.num_classes = None if num_classes is None else check_integer(self, num_classes, "num_classes", 1)
        self.value_range = None if value_range is None else check_value_range(self, value_range)
        seed = check_seed(self, seed)
        self.seed = python_random.randint(1, 10**9) if seed is None else seed
        self._sample_shape, self._noise_size = tuple(sample_shape), noise_size
        self._data_range = own_range if self.value_range is None else self.value_range
        self._looks_at_values = True
        self._trackers = {name: keras.metrics.Mean(name=name) for name in metrics}
        counter = {"initializer": "zeros", "trainable": False, "aggregation": "only_first_replica"}
        self._steps = self.add_weight(name="steps", shape=(), dtype="int64", **counter)
        if self.num_classes is not None:
            self._seen = self.add_weight(name="seen_classes", shape=(self.num_classes,), dtype="int32", **counter)
        # Columns of rows have units of their own: `adapt` finds out what is 0 and 1 to the networks.
        self._adapts = len(self._sample_shape) == 1 and not np.any(np.isfinite(self._data_range))
        if self._adapts:
            column = {"shape": self._sample_shape, "dtype": "float32", "trainable": False}
            self._center = self.add_weight(name="center", initializer="zeros", **column)
            self._spread = self.add_weight(name="spread", initializer="ones", **column)
        graph = tf.function(self._made, reduce_retracing=True, autograph=False)
        # A plain function around the graph: Keras holds it without tracking it as the model's state.
        self._made_in_graph = lambda *args, **options: graph(*args, **options)
        self.built = True

    # Training.

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer | None = "default",
        *,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Configures training.

        Args:
            optimizer: "default" is Adam with rate 1e-3.
            run_eagerly: as in `keras.Model.compile`.
            steps_per_execution: as in `keras.Model.compile`.
            jit_compile: whether XLA compiles the step; "auto": on a GPU only, since on a CPU it is slower.
        """
        if jit_compile == "auto":
            jit_compile = has_gpu()
        super().compile(
            optimizer=None if optimizer is None else self._ready(optimizer, self, "adam"),
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=False,  # `_ready` has seen to it
        )

    def _default_optimizer(self) -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(1e-3)

    def _ready(
        self, optimizer: str | keras.optimizers.Optimizer, network: keras.Model, name: str
    ) -> keras.optimizers.Optimizer:
        """An optimizer that can train `network`, its variables built, so that a file can be read into them."""
        is_default = isinstance(optimizer, str) and optimizer == "default"
        optimizer = self._default_optimizer() if is_default else keras.optimizers.get(optimizer)
        if is_default:
            optimizer.name = name  # a GAN has two, and callbacks log learning rates by name
        # Keras wraps only `self.optimizer`; without scaling, float16 gradients of any network would vanish.
        if network.dtype_policy.name == "mixed_float16" and not hasattr(optimizer, "inner_optimizer"):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(network.trainable_variables)
        return optimizer

    def fit(self, x: Any = None, y: Any = None, batch_size: int = 64, **kwargs: Any) -> keras.callbacks.History:
        """Trains. Arrays are drawn so that every class comes up equally often; a data set is taken as it comes.

        With a `keras.callbacks.BackupAndRestore` a training that was killed goes on from its last whole epoch, bit
        for bit, and warns if it was cut off in the middle of one.

        Args:
            x: array `(N, ...)`, or a data set of batches, whose first one is looked at if it can be begun again. For
                rows without a `value_range`, `adapt` is called with an array before the first step.
            y: integer labels `(N,)` if the model is conditional. One that does not exist ends the training, also late
                in a data set.
            batch_size: samples in a step; for a GAN, in each step of its discriminator.
            **kwargs: as in `keras.Model.fit`, `epochs` first of all; but there are no weights of samples or classes,
                and no `validation_split`. Metrics of `validation_data` are those of the networks without training.

        Raises:
            ValueError: for samples of another shape or outside of the model's range, numbers that are not finite,
                labels that are missing or do not exist. A warning says so if the data hardly fill `value_range`.
        """
        check_fit_arguments(self, kwargs)
        kwargs = {"shuffle": False, **kwargs}  # the order is `batches`' or the data set's own
        kwargs["callbacks"] = with_interruption(kwargs.get("callbacks"))
        held_out = keras.utils.unpack_x_y_sample_weight(kwargs.get("validation_data"))
        if hasattr(held_out[0], "shape"):
            self._checked(*held_out[:2])
        if y is None and not hasattr(x, "shape"):
            check_first(self, x, self._checked)
            return super().fit(x, **kwargs)
        check_integer(self, batch_size, "batch_size", 1)
        x, y = self._checked(x, y)
        if self._adapts and not int(self._steps) and self._as_made():
            self.adapt(x)
        rows = batch_size * self._batches_per_step
        data = batches(x, y, rows, self.seed, self._steps)
        return super().fit(data, **{"steps_per_epoch": -(-len(x) // rows), **kwargs})

    def adapt(self, x: Any) -> None:
        """Finds the mean and the standard deviation of each column, which become 0 and 1 to the networks.

        `fit` does so with arrays; before a `fit` with a data set, it is to be called. Both are saved with the model.

        Args:
            x: rows `(N, d)`. A column that is constant is constant in samples, too.

        Raises:
            ValueError: for samples of another shape, or a model whose values have a range.
        """
        if not self._adapts:
            raise wrong(self, "adapt", "be called for rows without a range only", f"values in {self._data_range}")
        x, _ = self._checked(x, np.zeros(len(x), "int64"))
        self._center.assign(x.mean(axis=0, dtype="float64"))
        self._spread.assign(x.std(axis=0, dtype="float64"))

    def _checked(self, x: Any, y: Any = None) -> tuple[np.ndarray, np.ndarray | None]:
        x, y = check_data(self, x, y, self._sample_shape, self._data_range)
        self._look_at(x)
        return x, y

    def _look_at(self, x: np.ndarray) -> None:
        """Warns, once, of values that are plainly in another unit than `value_range`."""
        if self._looks_at_values and self.value_range is not None:
            ranges.look_at_array(self, x, self.value_range, stacklevel=5)
        self._looks_at_values = False

    def _unpacked(self, data: Any) -> tuple[Tensor, list[Tensor]]:
        """A batch as the networks take it: samples in their range, and a list of the labels, if there are any."""
        samples, labels = check_batch(self, *keras.utils.unpack_x_y_sample_weight(data))
        return self._to_networks(samples), [] if labels is None else [labels]

    def train_step(self, data: Any) -> dict[str, Tensor]:
        samples, labels = self._unpacked(data)
        variables = self.trainable_variables
        with tf.GradientTape() as tape:
            values = self._loss_values(samples, labels, training=True)
            # Optimizers add up what the replicas find.
            loss = values["loss"] / tf.distribute.get_strategy().num_replicas_in_sync
            scaled = self.optimizer.scale_loss(loss)
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, variables), variables, strict=True))
        with tf.control_dependencies([loss]):  # not before the data set has read which step this is
            self._after_step(values)
            self._count_step(labels)
        return self._logged(values)

    def _count_step(self, labels: list[Tensor]) -> None:
        self._steps.assign_add(1)
        if labels:
            now = ops.max(ops.one_hot(labels[0], self.num_classes, dtype="int32"), axis=0)
            self._seen.assign(ops.maximum(ops.convert_to_tensor(self._seen), now))

    def test_step(self, data: Any) -> dict[str, Tensor]:
        return self._logged(self._loss_values(*self._unpacked(data), training=False))

    def _loss_values(self, samples: Tensor, labels: list[Tensor], training: bool) -> dict[str, Tensor]:
        """The "loss" that is made smaller, and whatever else is logged or needed by `_after_step`."""
        raise NotImplementedError

    def _after_step(self, values: dict[str, Tensor]) -> None:
        """What follows the weights: averages."""

    def _logged(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        for name, tracker in self._trackers.items():
            tracker.update_state(values[name])
        return self.get_metrics_result()

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self._trackers.values())

    def _step_seed(self, *draw: int) -> Tensor:
        """A seed for a draw of this training step, which is another one in each replica."""
        context = tf.distribute.get_replica_context()
        replica = ops.cast(context.replica_id_in_sync_group if context else 0, "int64")
        return mixed(self.seed, ops.convert_to_tensor(self._steps), replica, *draw)

    # Sampling.

    def sample(self, labels: Any = None, *, n: int | None = None, seed: int | Tensor | None = None) -> Tensor:
        """New samples.

        Args:
            labels: integers `(N,)` for a conditional model.
            n: how many, for an unconditional one.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            float32 `(N, ...)` in the data's range. Row i depends on the seed, the label and i alone.

        Raises:
            ValueError: for labels where there are no classes, or none where there are; outside of a graph, for classes
                that had no samples in `fit`.
        """
        return self._sampled(labels, n, seed)

    def _sampled(self, labels: Any, n: int | None, seed: int | Tensor | None, **options: Any) -> Tensor:
        """What `sample` returns; options reach `_generate`."""
        if self.num_classes is None:
            if labels is not None or n is None:
                raise wrong(self, "n", "be given, and `labels` not: the networks are unconditional", n)
            count, labels = check_integer(self, n, "n", 0) if not tf.is_tensor(n) else n, []
        elif labels is None or n is not None:
            raise wrong(self, "labels", "be given, and `n` not: the networks are conditional", labels)
        else:
            labels = [self._checked_labels(labels)]
            count = ops.shape(labels[0])[0]
        eager = tf.executing_eagerly()
        if eager and not int(tf.convert_to_tensor(self._steps.value)) and self._as_made():
            message = f"{type(self).__name__}: sampled before any training: `fit` comes first."
            warnings.warn(message, UserWarning, stacklevel=3)
        noise = normal(seed, count, self._noise_size)
        return (self._made_in_graph if eager else self._made)(noise, labels, **options)

    def _checked_labels(self, labels: Any) -> Tensor:
        labels = check_labels(self, labels, self.num_classes)
        if tf.executing_eagerly():
            known = np.flatnonzero(self._seen)
            if len(known) and not np.isin(labels, known).all():
                raise wrong(self, "labels", f"be classes that had samples in `fit`, {known}", np.unique(labels))
        return labels

    def _as_made(self) -> bool:
        """Whether the network is as its initializers leave it, biases and all; a trained one may be handed in."""
        weights = getattr(self, self._maker).weights
        return all(np.ptp(weight) == 0 for weight in weights if len(weight.shape) == 1)

    def _made(self, noise: Tensor, labels: list[Tensor], **options: Any) -> Tensor:
        """Samples for rows of noise, block after block: memory is that of the result and of one block's layers."""

        def make(noise: Tensor, labels: list[Tensor]) -> Tensor:
            samples = ops.cast(self._generate(noise, labels, **options), "float32")
            return self._to_data(ops.reshape(samples, (-1, *self._sample_shape)))

        return in_blocks(make, noise, labels, self._sample_shape, _BLOCK)

    def _generate(self, noise: Tensor, labels: list[Tensor], **options: Any) -> Tensor:
        """Samples in the networks' range from noise `(N, noise_size)` and labels (an empty list without classes)."""
        raise NotImplementedError

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Samples for labels `(N,)`; without classes, as many samples as there are rows in `inputs`."""
        if self.num_classes is None:
            return self._sampled(None, ops.convert_to_tensor(ops.shape(inputs)[0]), None)
        return self._sampled(inputs, None, None)

    @staticmethod
    def _inputs(*first: Tensor, labels: list[Tensor]) -> Any:
        """What a functional model of one or more inputs takes."""
        inputs = [*first, *labels]
        return inputs if len(inputs) > 1 else inputs[0]

    def _to_networks(self, x: Tensor) -> Tensor:
        x = ops.cast(x, "float32")
        if self._adapts:
            return (x - self._center) / ops.where(self._spread > 0.0, self._spread, 1.0)
        if self.value_range is None:
            return x
        low, high = self.value_range
        return (x - low) * (2.0 / (high - low)) - 1.0

    def _to_data(self, x: Tensor) -> Tensor:
        if self._adapts:
            return x * self._spread + self._center
        if self.value_range is None:
            return x
        low, high = self.value_range
        return ops.clip((x + 1.0) * ((high - low) / 2.0) + low, low, high)
