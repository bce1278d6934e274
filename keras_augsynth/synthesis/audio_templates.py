"""`AudioTemplateSynthesizer`: recorded events in front of backgrounds."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_augsynth.core.checks import check_pair, wrong
from keras_augsynth.ops import waves
from keras_augsynth.ops.compiled import shared
from keras_augsynth.synthesis.fitted import check_numbers
from keras_augsynth.synthesis.members import Members, pick
from keras_augsynth.synthesis.on_backgrounds import OnBackgrounds
from keras_augsynth.synthesis.seeds import random_for
from keras_augsynth.synthesis.stored import Stored

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class AudioTemplateSynthesizer(OnBackgrounds):
    """Places a recorded event of the class asked for somewhere in a background, at a signal-to-noise ratio.

    Event, background, time and ratio are drawn anew for each sample. The background keeps its level; the event gets
    the level that the ratio says, and its own where the background is silent.

    Args:
        templates: a dictionary from each class number to its events: a list of recordings `(time,)` of any lengths, or
            an array `(events, time)`; floats from -1 to 1 or PCM.
        backgrounds: recordings `(B, time)` or `(B, time, channels)`; None takes the recordings that `fit` is given.
        snr_db: (low, high), how far the event stands above the background beside it, in decibels.
        place: (low, high) from 0 to 1: where in the background the event begins, from as early to as late as it is
            heard to its end. An event that is longer than the background is cut.

    Raises:
        TypeError: for templates of another form.
        ValueError: for recordings that are empty or not finite.

    Example:

    >>> beep = np.sin(0.3 * np.arange(400)) * np.hanning(400)
    >>> street = np.random.default_rng(0).normal(0.0, 0.1, (5, 8000))
    >>> synthesizer = AudioTemplateSynthesizer({1: [beep]}, street, snr_db=(0.0, 20.0))
    >>> made = synthesizer.compose([1, 1, 1], seed=3)
    >>> made["audio"].shape, made["starts"].shape
    (TensorShape([3, 8000]), TensorShape([3]))

    Reference:
        Salamon, MacConnell, Cartwright, Li, Bello: Scaper: a library for soundscape synthesis and augmentation. WASPAA
        2017.
    """

    key, noun = "audio", "recordings"

    def __init__(
        self,
        templates: Mapping[int, Sequence[np.ndarray] | np.ndarray],
        backgrounds: Any = None,
        *,
        snr_db: Sequence[float] = (0.0, 20.0),
        place: Sequence[float] = (0.0, 1.0),
    ):
        self._checked_classes(templates)
        self.snr_db = check_pair(self, snr_db, "snr_db", -100.0, 200.0)
        self.place = check_pair(self, place, "place", 0.0, 1.0)
        events = [(label, self._checked_event(event)) for label, given in templates.items() for event in given]
        if not events:
            raise wrong(self, "templates", "hold at least one event", templates)
        steps = np.array([len(event) for _, event in events])
        library = np.stack([np.pad(event, (0, steps.max() - len(event))) for _, event in events])
        self._keep(library, Members(np.array([label for label, _ in events])))
        self._steps = tf.Variable(steps.astype("int32"), trainable=False)
        self._set_backgrounds(backgrounds)

    def _checked_event(self, event: Any) -> np.ndarray:
        event = np.asarray(waves.from_pcm(ops.convert_to_tensor(event)), "float32")
        if event.ndim != 1 or not event.size or not np.isfinite(event).all():
            raise wrong(self, "templates", "hold finite recordings (time,)", event)
        return event

    def _checked_backgrounds(self, backgrounds: Any) -> np.ndarray:
        backgrounds = np.asarray(backgrounds)
        if backgrounds.ndim not in (2, 3) or not backgrounds.size:
            raise wrong(self, "backgrounds", "be recordings (B, time) or (B, time, channels)", backgrounds.shape)
        return check_numbers(self, backgrounds, np.zeros(len(backgrounds), int))[0]

    def compose(self, labels: Tensor, seed: int | Tensor | None = None) -> dict[str, Tensor]:
        """Recordings, and when the event is heard in them.

        Args:
            labels: integers `(N,)`, classes that have templates.
            seed: integer or scalar tensor; None for other samples each time.

        Returns:
            "audio" as from `sample`; "starts" and "ends", int32 `(N,)`, the first sample of the event and the one
            behind it; "snr_db" float32 `(N,)`; "labels" `(N,)`.
        """
        labels = self._checked_labels(labels)
        seed, _ = random_for(seed, 1)
        tables = {"library": self._library, "steps": self._steps, "backgrounds": self._backgrounds}
        tables = {**self._members.tables, **{name: ops.convert_to_tensor(table) for name, table in tables.items()}}
        return {**shared(_composed)(tables, labels, seed, self.snr_db, self.place), "labels": labels}

    def get_config(self) -> dict[str, Any]:
        return {"snr_db": self.snr_db, "place": self.place}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """One with a silent event of class 0, until `restore` brings its own."""
        return cls({0: np.zeros((1, 1), "float32")}, **config)

    def state(self) -> dict[str, np.ndarray]:
        arrays = {"library": self._library, "steps": self._steps, "backgrounds": self._backgrounds}
        return {**{name: array.numpy() for name, array in arrays.items()}, "classes": self._members.labels}

    def layout(self) -> dict[str, Stored]:
        events = {"library": Stored("f", ("rows", "time")), "steps": Stored("i", ("rows",), 0)}
        return {**events, "backgrounds": Stored("biuf", ("recordings", "*")), "classes": Stored("iu", ("rows",), 0)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        self._keep(state["library"], Members(state["classes"]))
        self._steps = tf.Variable(state["steps"].astype("int32"), trainable=False)
        self._set_backgrounds(state["backgrounds"])


def _composed(tables: dict[str, Tensor], labels: Tensor, seed: Tensor, snr_db: Any, place: Any) -> dict[str, Tensor]:
    """ "audio", "starts", "ends" and "snr_db"."""
    _, rng = random_for(seed, ops.shape(labels)[0])
    event = pick(tables, labels, rng)
    backgrounds = tables["backgrounds"]
    chosen = waves.from_pcm(ops.take(backgrounds, rng.integers(0, ops.shape(backgrounds)[0]), axis=0))
    chosen = ops.cast(chosen, "float32")
    behind = chosen[:, None] if len(chosen.shape) == 2 else ops.moveaxis(chosen, 2, 1)  # `(N, C, T)`
    time = behind.shape[2]
    steps = ops.minimum(ops.take(tables["steps"], event), time)
    room = ops.cast(time - steps, "float32")
    start = ops.cast(ops.minimum(ops.floor(rng.uniform(*place) * (room + 1.0)), room), "int32")
    source = ops.arange(time, dtype="int32") - start[:, None]
    heard = ops.logical_and(source >= 0, source < steps[:, None])
    events = ops.take(tables["library"], event, axis=0)[:, None]
    moved = ops.where(heard[:, None], waves.taken(events, ops.where(heard, source, 0)), 0.0)
    ratio = rng.uniform(*snr_db)
    beside = ops.where(heard[:, None], behind, 0.0)
    silent = ops.equal(waves.peak(beside), 0.0)
    scaled = waves.noise_at(beside, moved, -ratio, heard[:, None])
    mixed = behind + ops.where(silent, moved, scaled)
    audio = mixed[:, 0] if len(chosen.shape) == 2 else ops.moveaxis(mixed, 1, 2)
    dtype = ops.dtype(backgrounds)
    audio = waves.to_pcm(audio, dtype) if "int" in dtype else ops.cast(audio, dtype)
    return {"audio": audio, "starts": start, "ends": start + steps, "snr_db": ratio}
