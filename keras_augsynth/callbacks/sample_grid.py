"""`SampleGrid`: what a synthesizer makes of the same noise, epoch by epoch."""

import os
import tempfile
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_augsynth.callbacks.summaries import summary_writer
from keras_augsynth.core.checks import check_integer, check_value_range, wrong
from keras_augsynth.core.files import beside
from keras_augsynth.ops.grid import png, tile
from keras_augsynth.ops.neighbors import neighbors
from keras_augsynth.synthesis.synthesizer import Synthesizer, check_source


class SampleGrid(keras.callbacks.Callback):
    """Writes a labelled picture of samples, a row for each class and always from the same noise, after every epoch.

    A picture that cannot be made or written, because a disk is full, say, draws a warning, and training goes on.

    Args:
        directory: where `epoch_0001.png` and the following go; it is made.
        labels: classes, one row each; None: all that the synthesizer knows. An unconditional synthesizer has
            a single block of rows.
        columns: samples per class.
        real: real samples `(N, ...)`, of which the nearest to each sample (by its pixels) stands below it, in a row
            "real": copies show at once.
        every: epochs between two pictures.
        zoom: side of the square that a pixel of a sample is shown as, in pixels; None: so that a sample is at least 64
            pixels wide.
        value_range: what is shown as black and as white; None: the synthesizer's own, or (-1, 1).
        synthesizer: None: the model in training.
        seed: of the noise.
        log_dir: also writes the pictures for TensorBoard there; needs the extra `tuner`.

    Raises:
        ValueError: for a directory that cannot be written, when training begins.

    Example:

    >>> history = gan.fit(x, y, epochs=1, verbose=0, callbacks=[SampleGrid("pictures")])
    """

    def __init__(
        self,
        directory: str,
        *,
        labels: Sequence[int] | None = None,
        columns: int = 8,
        real: Any = None,
        every: int = 1,
        zoom: int | None = None,
        value_range: Sequence[float] | None = None,
        synthesizer: Synthesizer | None = None,
        seed: int = 0,
        log_dir: str | None = None,
    ):
        super().__init__()
        self.directory = os.fspath(directory)
        self.labels = labels
        self.columns = check_integer(self, columns, "columns", 1)
        self.real = None if real is None else np.asarray(real)
        self.every = check_integer(self, every, "every", 1)
        self.zoom = None if zoom is None else check_integer(self, zoom, "zoom", 1)
        self.value_range = None if value_range is None else check_value_range(self, value_range)
        self.synthesizer = synthesizer
        self.seed = check_integer(self, seed, "seed", 0)
        self.log_dir = log_dir
        self._writer = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        check_source(self, self._source())
        try:
            os.makedirs(self.directory, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.directory):  # a folder that is there may be read-only
                pass
        except OSError as error:
            raise wrong(
                self, "directory", f"be a folder that can be written ({error.strerror})", self.directory
            ) from error
        if self.log_dir is not None and self._writer is None:
            self._writer = summary_writer(self, self.log_dir)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if (epoch + 1) % self.every:
            return
        path = os.path.join(self.directory, f"epoch_{epoch + 1:04d}.png")
        try:
            picture = self.picture(f"epoch {epoch + 1}")
            with beside(path) as part:
                part.write_bytes(png(picture))
            if self._writer is not None:
                with self._writer.as_default():
                    tf.summary.image("samples", picture[None], step=epoch + 1)
                    self._writer.flush()
        except Exception as error:  # whatever it is, a training is worth more than a picture
            reason = getattr(error, "strerror", None) or error
            warnings.warn(f'SampleGrid: "{path}" was not written ({reason}). Training goes on.', stacklevel=2)

    def picture(self, title: str = "") -> np.ndarray:
        """The samples of this moment, uint8 `(height, width, 1 or 3)`.

        Args:
            title: above them, such as "epoch 3"; digits, spaces and the letters of "class", "real" and "epoch".
        """
        source = self._source()
        classes = getattr(source, "num_classes", None)
        value_range = self.value_range or getattr(source, "value_range", None) or (-1.0, 1.0)
        if classes is None:
            samples, names = source.sample(n=self.columns**2, seed=self.seed), [""] * self.columns
        else:
            labels = np.arange(classes) if self.labels is None else np.asarray(self.labels)
            samples = source.sample(np.repeat(labels, self.columns), seed=self.seed)
            names = [f"class {label}" for label in labels]
        samples = np.asarray(samples)
        if samples.ndim != 4:
            raise wrong(self, "synthesizer", "make images (N, height, width, channels)", samples.shape)
        if self.real is not None:
            rows = lambda images: images.reshape(len(images), -1).astype("float64")
            nearest = self.real[neighbors(rows(samples), rows(self.real))[1][:, 0]]
            lines = [images.reshape(-1, self.columns, *samples.shape[1:]) for images in (samples, nearest)]
            samples = np.concatenate(lines, axis=1).reshape(-1, *samples.shape[1:])
            names = [name for label in names for name in (label, "real")]
        zoom = self.zoom or -(-_WIDE // samples.shape[2])
        return tile(
            samples, self.columns, value_range, zoom=zoom, labels=names, group=1 + (self.real is not None), title=title
        )

    def _source(self) -> Any:
        return self.model if self.synthesizer is None else self.synthesizer


_WIDE = 64
"""Pixels that a sample is wide at least, unless `zoom` says otherwise."""
