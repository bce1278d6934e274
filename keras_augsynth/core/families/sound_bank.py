"""`SoundBank`: layers that use recordings, of noise or of rooms."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.checks import wrong
from keras_augsynth.core.families.bank import Bank
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.ops.waves import from_pcm

Tensor = Any
_READ = "recordings, not names of files: read them, by tf.audio.decode_wav for instance"


class SoundBank(Bank, Sound, listed=False):
    """An augmentation of recordings by others, which it keeps.

    Args:
        source: an array `(recordings, time)` or a list of recordings of any lengths; they are kept in the layer's
            configuration, so give a few. `adapt` learns more of them. They have the recordings' sample rate.
        **kwargs: as in `Sound`.
    """

    examples = "source"
    needs_examples = False
    named_sources: tuple[str, ...] = ()  # strings that `source` may be, for what is no bank

    def __init__(self, source: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.source = source
        self._steps: Any = None
        is_named = isinstance(source, str) and source in self.named_sources
        if source is not None and not is_named:
            self._learn([source] if isinstance(source, (str, os.PathLike)) else source)

    def adapt(self, recordings: Any) -> None:
        """Learns recordings: an array, a list, or a dataset of recordings or batches, saved with the layer's weights.

        Args:
            recordings: each `(time,)`, or batches `(N, time)`.
        """
        if self.source is not None:
            raise wrong(self, "source", "be None for `adapt`", self.source)
        self._learn(recordings)

    def _learn(self, recordings: Any) -> None:
        if not hasattr(recordings, "__iter__"):
            raise wrong(self, "source", "be recordings: an array, a list or a dataset", recordings, TypeError)
        found = list(self._checked(recordings))
        if not found:
            raise wrong(self, "source", "have at least one recording", recordings)
        longest = max(map(len, found))
        self.fill(np.stack([np.pad(each, (0, longest - len(each))) for each in found]))
        self._steps.assign([len(each) for each in found])

    def _checked(self, recordings: Any) -> Iterator[np.ndarray]:
        for part in recordings:
            if isinstance(part, (str, bytes, os.PathLike)):
                named = "".join(f'"{name}", or ' for name in self.named_sources)
                raise wrong(self, "source", f"be {named}{_READ}", part, TypeError)
            part = np.asarray(from_pcm(ops.convert_to_tensor(part[0] if isinstance(part, tuple) else part)))
            if part.ndim not in (1, 2) or not part.size:
                raise wrong(self, "source", "be recordings (time,) or batches (N, time)", part.shape)
            if not np.isfinite(part).all():
                raise wrong(self, "source", "be finite", part)
            for recording in part if part.ndim == 2 else [part]:
                yield self.summarize(recording.astype("float32"))

    def summarize(self, recording: np.ndarray) -> np.ndarray:
        """What is kept of a recording `(time,)`."""
        return recording

    def make_bank(self, shape: tuple[int, ...]) -> None:
        super().make_bank(shape)
        self._steps = self.bank_weight("steps", shape[:1], "int32")

    def chosen(self, choice: Tensor) -> tuple[Tensor, Tensor]:
        """(recordings `(N, 1, L)`, how long they are, int32 `(N,)`)."""
        return self.entries(choice)[:, None], ops.take(self._steps.value, choice, axis=0)
