"""`GeneratorCheckpoint`: the generator of every few epochs, and the best one."""

import json
import os
import pathlib
import warnings
from collections.abc import Callable
from typing import Any

import keras

from keras_augsynth.core.checks import check_choice, check_integer, wrong
from keras_augsynth.core.files import beside


class GeneratorCheckpoint(keras.callbacks.Callback):
    """Writes a GAN's averaged generator as a plain Keras model, every few epochs and whenever it is the best so far.

    The best is told by a measure of quality in the logs, such as those of `QualityMonitor`, which may come before or
    after it among the callbacks. A GAN's losses say nothing about its samples, so they are refused. A file is written
    beside and moved into place. If it cannot be written, because a disk is full, say, training goes on with a warning,
    and the last good file stays. The best value stands beside the best file, as ".json": a training that goes on from
    a later epoch than the first goes on from it.

    Args:
        path: ends in ".keras"; `{epoch}` is replaced, as in "generator_{epoch:04d}.keras", and "best" stands for
            it in the name of the best. Without it the file is written anew each time.
        every: epochs between two files.
        monitor: a name in the logs, or None to keep no best.
        mode: "min" if a small value is good, or "max".

    Raises:
        ValueError: for a path that is no `.keras` file, or a loss to be monitored.
        TypeError: in training, for a model that has no averaged generator.

    Example:

    >>> keep = GeneratorCheckpoint("generators/{epoch:04d}.keras", every=5)
    >>> history = gan.fit(x, y, epochs=1, verbose=0, callbacks=[keep])
    """

    def __init__(self, path: str | os.PathLike, every: int = 1, monitor: str | None = None, mode: str = "min"):
        super().__init__()
        self.path = os.fspath(path)
        if not self.path.endswith(".keras"):
            raise wrong(self, "path", 'end in ".keras"', self.path)
        try:
            self.path.format(epoch=1)
        except (KeyError, IndexError, ValueError) as error:
            raise wrong(self, "path", "hold no other field than {epoch}, as in {epoch:04d}", self.path) from error
        if "{" in os.path.dirname(self.path):
            raise wrong(self, "path", "have {epoch} in the file's name, not in a folder's", self.path)
        self.every = check_integer(self, every, "every", 1)
        if monitor is not None and "loss" in monitor:
            raise wrong(self, "monitor", "be a measure of quality: a GAN's loss says nothing about samples", monitor)
        self.monitor = monitor
        self.mode = check_choice(self, mode, "mode", ("min", "max"))
        self.best: float | None = None
        self._logs: dict[str, Any] = {}
        self._begun = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if not isinstance(getattr(self.model, "average", None), keras.Model):
            raise wrong(self, "model", "be a GAN: this one has no averaged generator", self.model, TypeError)
        self._logs, self._begun = {}, False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._keep_the_best()
        if not self._begun and epoch and self.monitor is not None and self.best is None:
            self.best = self._recalled()
        self._begun = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if (epoch + 1) % self.every == 0:
            self._write(self.path.format(epoch=epoch + 1))
        self._logs = {} if logs is None else logs
        self._keep_the_best()

    def _keep_the_best(self) -> None:
        """Looks at the epoch's value once: now, or before the next epoch if a later callback logs it."""
        value = self._logs.get(self.monitor)
        if value is None:
            return
        self._logs = {}
        # NaN is not better than anything.
        if value == value and (self.best is None or (value < self.best if self.mode == "min" else value > self.best)):
            self.best = float(value)
            self._write(self._best_path())
            self._write_value()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._keep_the_best()
        if self.monitor is not None and self.best is None:
            warnings.warn(f'GeneratorCheckpoint: no epoch logged "{self.monitor}", so there is no best.', stacklevel=2)

    def _best_path(self) -> str:
        folder, name = os.path.split(self.path)
        start, brace, rest = name.partition("{")
        stem = start + "best" + rest.partition("}")[2] if brace else f"{name.removesuffix('.keras')}_best.keras"
        return os.path.join(folder, stem)

    def _value_path(self) -> pathlib.Path:
        return pathlib.Path(self._best_path()).with_suffix(".json")

    def _recalled(self) -> float | None:
        """The best value of the training that goes on."""
        path = self._value_path()
        try:
            return float(json.loads(path.read_bytes())[self.monitor]) if path.exists() else None
        except (OSError, ValueError, TypeError, KeyError) as error:
            message = f'"{path}" cannot be read ({error!r}), so the best is found anew'
            warnings.warn(f"GeneratorCheckpoint: {message}.", stacklevel=2)
            return None

    def _write_value(self) -> None:
        path = self._value_path()
        self._written(path, lambda part: part.write_text(json.dumps({self.monitor: self.best})))

    def _write(self, path: str) -> None:
        self._written(path, self.model.average.save)

    def _written(self, path: str | os.PathLike, write: Callable[[pathlib.Path], Any]) -> None:
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with beside(path) as part:
                write(part)
        except OSError as error:
            reason = error.strerror or error
            warnings.warn(f'GeneratorCheckpoint: "{path}" was not written ({reason}). Training goes on.', stacklevel=2)
