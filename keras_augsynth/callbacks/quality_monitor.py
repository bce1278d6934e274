"""`QualityMonitor`: how good the samples are, epoch by epoch."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth import metrics
from keras_augsynth.callbacks.summaries import summary_writer
from keras_augsynth.core.checks import check_integer
from keras_augsynth.synthesis.synthesizer import Synthesizer, check_source

_NAMES = ("kid", "density", "coverage", "diversity")


class QualityMonitor(keras.callbacks.Callback):
    """Compares samples with held-out real ones every few epochs, and writes the results into the logs.

    Logged are "kid", "density", "coverage" and "diversity" in one feature space, for samples of as many rows and the
    same classes as the real ones. They are NaN in epochs without a measurement, and for what is not testable with so
    few rows, so that there is a number for each epoch.

    Args:
        x: real samples `(N, ...)`, best such that were not trained on; a few hundred to a few thousand.
        y: their integer labels `(N,)`; None for an unconditional synthesizer.
        every: epochs between two measurements, which take seconds.
        features: a `metrics.FeatureExtractor`; None: the 64 principal components of `x`.
        synthesizer: None: the model in training.
        seed: of the samples: the same noise each time.
        log_dir: writes the values for TensorBoard there, too; needs the extra `tuner`.

    Raises:
        ValueError: for fewer than 10 real samples.

    Example:

    >>> monitor = QualityMonitor(x, y, every=5)
    >>> history = gan.fit(x, y, epochs=5, verbose=0, callbacks=[monitor])
    >>> "kid" in history.history and "coverage" in history.history
    True
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        *,
        every: int = 1,
        features: metrics.FeatureExtractor | None = None,
        synthesizer: Synthesizer | None = None,
        seed: int = 0,
        log_dir: str | None = None,
    ):
        super().__init__()
        self.every = check_integer(self, every, "every", 1)
        self.seed = check_integer(self, seed, "seed", 0)
        self.synthesizer, self.log_dir, self._writer = synthesizer, log_dir, None
        x = np.asarray(x)
        check_integer(self, len(x), "x", 10)
        self._labels = None if y is None else np.asarray(y).reshape(-1)
        self.features = (features or metrics.FeatureExtractor.pca()).fit(x)
        self._real, self._count = self.features(x), len(x)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        check_source(self, self._source())
        if self.log_dir is not None and self._writer is None:
            self._writer = summary_writer(self, self.log_dir)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        due = (epoch + 1) % self.every == 0
        values = self.measure() if due else {}
        if logs is not None:
            logs.update({name: values.get(name, logs.get(name, math.nan)) for name in _NAMES})
        if self._writer is not None and due:
            with self._writer.as_default():
                for name, value in values.items():
                    tf.summary.scalar(name, value, step=epoch + 1)
                self._writer.flush()

    def measure(self) -> dict[str, float]:
        """The values of this moment; none where samples are not finite."""
        source = self._source()
        if self._labels is None:
            samples = source.sample(n=self._count, seed=self.seed)
        else:
            samples = source.sample(self._labels, seed=self.seed)
        samples = np.asarray(samples)
        if not np.all(np.isfinite(samples)):
            return {}
        real, fake, name = self._real, self.features(samples), self.features.name
        results = {
            "kid": metrics.kernel_distance(real, fake, subset_size=self._count, features=name),
            **{key: metrics.prdc(real, fake, features=name)[key] for key in ("density", "coverage")},
            "diversity": metrics.diversity(real, fake, features=name),
        }
        return {key: float(result) for key, result in results.items() if result.testable}

    def _source(self) -> Any:
        return self.model if self.synthesizer is None else self.synthesizer
