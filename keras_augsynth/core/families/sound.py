"""`Sound`: layers that change recordings."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keras import ops

from keras_augsynth.core import recordings
from keras_augsynth.core.arrivals import Arrival
from keras_augsynth.core.augmentation import Augmentation
from keras_augsynth.core.batch import Batch
from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.core.draws import Params, Step, View
from keras_augsynth.core.families.stage import Drawn, Stage
from keras_augsynth.core.magnitudes import current_view, limits
from keras_augsynth.core.modalities import AUDIO
from keras_augsynth.core.notices import Advice
from keras_augsynth.core.passes import Notes
from keras_augsynth.ops import waves
from keras_augsynth.ops.random import Random

Tensor = Any


class SoundStage(Stage):
    """Sound comes in as floats from -1 to 1: whole numbers are PCM and are scaled by their range."""

    def acting(self, active: bool) -> list[Step]:
        return self.steps  # inference is to see the same scale as training

    def __call__(self, batch: Batch, drawn: Drawn | None, notes: Notes) -> Batch:
        does_something = drawn is not None or super().acting(False)
        change = super().__call__
        return as_floats(lambda batch, notes: change(batch, drawn, notes) if does_something else batch, batch, notes)


def as_floats(change: Callable[[Batch, Notes], Batch], batch: Batch, notes: Notes) -> Batch:
    """`change` of a batch of sound as floats from -1 to 1; PCM where the result is to be whole numbers."""
    batch = batch.with_changes(x=waves.from_pcm(batch.x))
    if notes.dtype is None or "int" not in notes.dtype:
        return change(batch, notes)
    batch = change(batch, replace(notes, dtype="float32"))
    return batch.with_changes(x=waves.to_pcm(batch.x, notes.dtype))


class Sound(Augmentation, listed=False):
    """An augmentation of recordings, floats from -1 to 1 or whole numbers (PCM), which are scaled to that.

    What lies beyond "lengths" stays as it is and is not counted. What is not finite stays as it is, too, and counts as
    silence. A subclass whose result is not in time with what came in sets `keeps_time = False` and sees to both
    itself. `apply` is given the recordings as `(N, channels, time)`.

    Args:
        **kwargs: as in `Augmentation`; with an integer `dtype` the result is PCM.
    """

    modalities = (AUDIO,)
    stage = SoundStage
    keeps_time = True
    knows_full_scale = False  # whether the result depends on where -1 and 1 are

    @property
    def moves_contents(self) -> bool:  # type: ignore[override]
        return not self.keeps_time

    def applied(self, x: Tensor, params: Params) -> Tensor:
        return self.by_channel(x, lambda x: self.apply(x, params))

    def doubts(self, arrival: Arrival) -> Advice:
        texts = [*recordings.full_scale(arrival, self.knows_full_scale), *recordings.lengths(arrival, "samples")]
        units = [*recordings.unit_of_rate(arrival), *recordings.durations(arrival)]
        return [*recordings.form_of_sounds(arrival), *units, *texts]

    def by_channel(self, x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        """`change` of recordings as `(N, channels, time)`: where it keeps time, of what is finite and valid."""
        mono = len(x.shape) == 2
        changed = self._in_time(x[:, None] if mono else ops.moveaxis(x, 2, 1), change)
        return changed[:, 0] if mono else ops.moveaxis(changed, 1, 2)

    def _in_time(self, x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        if not self.keeps_time:
            return change(x)
        kept = ops.isfinite(x)
        if current_view().lengths is not None:
            kept = ops.logical_and(kept, self.valid(x))
        return ops.where(kept, change(ops.where(kept, x, 0.0)), x)

    def steps_of(self, x: Tensor) -> Tensor:
        """How many valid samples each recording has: int32 `(N,)`."""
        n, _, time = ops.shape(x)
        given = current_view().lengths
        if given is None:
            return ops.broadcast_to(ops.cast(time, "int32"), (n,))
        return ops.clip(ops.cast(given, "int32"), 0, ops.cast(time, "int32"))

    def valid(self, x: Tensor) -> Tensor:
        """bool `(N, 1, T)`: which samples of `x` `(N, C, T)` are valid."""
        return waves.before(self.steps_of(x), ops.shape(x)[2])

    def capped(
        self, rng: Random, magnitude: tuple[Any, Any], view: View, longest: float = 1.0, count: int = 0
    ) -> Tensor:
        """Durations in seconds `(N,)`, or `(N, count)`, at most the part `longest` of the recordings."""
        most = ops.cast(view.size[0], "float32") * (longest / self.hertz)
        low, high = (ops.minimum(ops.cast(end, "float32"), most) for end in magnitude)
        return rng.uniform(low, high, (count,) if count else ())

    @property
    def hertz(self) -> float:
        """The sample rate."""
        view = current_view()
        rate = self.sample_rate if view is None else view.sample_rate
        if rate is None:
            raise wrong(self, "sample_rate", "be given, to the layer or to the Pipeline around it", rate)
        return rate

    def check_below_nyquist(self, *names: str) -> None:
        """Refuses frequencies that the recordings cannot have, as soon as the sample rate is known."""
        if current_view() is None and self.sample_rate is None:
            return
        rate = self.hertz
        for name in names:
            value = self.magnitudes()[name]
            if limits(value)[1] >= rate / 2.0:
                raise wrong(self, name, f"stay below half of the sample rate, {rate / 2.0:g} Hz", value)


def check_window(owner: Any, window: Any) -> int:
    """A window's length that can be divided into four."""
    if check_integer(owner, window, "window", 16, 65536) % 4:
        raise wrong(owner, "window", "be a multiple of 4", window)
    return int(window)
