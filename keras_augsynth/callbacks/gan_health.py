"""`GANHealth`: looks after a GAN in training."""

import math
import warnings
from typing import Any

import keras
import numpy as np

from keras_augsynth import metrics
from keras_augsynth.core.checks import check_integer, check_number, wrong


class GANHealth(keras.callbacks.Callback):
    """Notices a collapse, a discriminator that has won, and numbers that are not finite, and does something about it.

    - Not a number: the last good state of both networks, both optimizers and the average comes back, and training
      stops with a warning that says so.
    - Collapse: samples whose mean distance is below `least_diversity` of that between real ones. It is logged as
      "diversity", which is NaN in epochs without a look, and warned about once.
    - A discriminator that tells nearly all samples apart (`d_sign` above `most_sign`) teaches nothing. Warned once.

    Args:
        x: real samples `(N, ...)`, of which up to 256 are looked at.
        y: their integer labels `(N,)`; None for an unconditional GAN.
        every: epochs between two looks at samples; numbers that are not finite are looked for in every epoch.
        least_diversity: from 0 to 1.
        most_sign: from 0 to 1.
        features: a `metrics.FeatureExtractor`; None: the principal components of `x`.
        seed: of the samples.

    Raises:
        ValueError: for fewer than 10 real samples.

    Example:

    >>> history = gan.fit(x, y, epochs=1, verbose=0, callbacks=[GANHealth(x, y)])
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        *,
        every: int = 1,
        least_diversity: float = 0.3,
        most_sign: float = 0.98,
        features: metrics.FeatureExtractor | None = None,
        seed: int = 0,
    ):
        super().__init__()
        self.every = check_integer(self, every, "every", 1)
        self.least_diversity = check_number(self, least_diversity, "least_diversity", 0.0, 1.0)
        self.most_sign = check_number(self, most_sign, "most_sign", 0.0, 1.0)
        self.seed = check_integer(self, seed, "seed", 0)
        x = np.asarray(x)
        check_integer(self, len(x), "x", 10)
        chosen = np.random.default_rng(self.seed).permutation(len(x))[:256]
        self._labels = None if y is None else np.asarray(y).reshape(-1)[chosen]
        self.features = (features or metrics.FeatureExtractor.pca()).fit(x)
        self._real = self.features(x[chosen])
        self._good: list[np.ndarray] | None = None
        self._warned: set[str] = set()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if not (hasattr(self.model, "generator") and hasattr(self.model, "d_optimizer")):
            raise wrong(self, "model", "be a GAN that is compiled", self.model, TypeError)
        self._good, self._warned = self._state(), set()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        state = self._state()
        finite = all(np.all(np.isfinite(values)) for values in state if values.dtype.kind == "f")
        own = [(logs or {}).get(metric.name, 0.0) for metric in self.model.metrics]  # others may have gaps
        if not finite or not np.all(np.isfinite(own)):
            for variable, values in zip(self._variables(), self._good, strict=True):
                variable.assign(values)
            self.model.stop_training = True
            self._warn(
                "finite",
                f"numbers were not finite in epoch {epoch + 1}. The last good state is back, and training has stopped. "
                "Lower the learning rates, or raise r1 and r2.",
            )
            return
        self._good = state
        if logs is not None:
            logs.setdefault("diversity", math.nan)
        if (logs or {}).get("d_sign", 0.0) > self.most_sign:
            self._warn(
                "won",
                f"the discriminator tells {(1 + logs['d_sign']) / 2:.0%} of the samples apart in epoch {epoch + 1}, so "
                "it teaches nothing. Augment (DiffAugment, AdaptiveAugment), or raise r1 and r2.",
            )
        if (epoch + 1) % self.every:
            return
        result = self._diversity()
        if not result.testable:  # real samples that are all equal
            return
        diversity = float(result)
        if logs is not None:
            logs["diversity"] = diversity
        if diversity < self.least_diversity:
            self._warn(
                "collapse",
                f"samples are {diversity:.0%} as far apart as real ones in epoch {epoch + 1}: the generator has "
                "collapsed, or has not begun. Go back to an earlier file, raise r1 and r2, or give more data.",
            )

    def _diversity(self) -> metrics.Result:
        count = len(self._real)
        given = {"n": count} if self._labels is None else {"labels": self._labels}
        fake = self.features(np.asarray(self.model.sample(**given, seed=self.seed)))
        return metrics.diversity(self._real, fake, features=self.features.name)

    def _variables(self) -> list[Any]:
        model = self.model
        return [*model.variables, *model.g_optimizer.variables, *model.d_optimizer.variables]

    def _state(self) -> list[np.ndarray]:
        return [np.asarray(variable) for variable in self._variables()]

    def _warn(self, kind: str, message: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(f"GANHealth: {message}", stacklevel=3)
