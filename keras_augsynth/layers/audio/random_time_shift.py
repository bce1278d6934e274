import math
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_choice, check_factor
from keras_augsynth.core.families.sound import Sound
from keras_augsynth.ops.waves import taken


class RandomTimeShift(Sound):
    """Moves each recording forwards or backwards in time, by whole samples.

    Args:
        shift_seconds: how far, later if positive; in seconds. A number s means (-s, s).
        fill_mode: "constant" leaves silence behind; "wrap" puts what leaves at one end in at the other.
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's. What moves beyond the end is lost; "lengths" stay as they are.

    Raises:
        ValueError: for another fill mode; in a call, without a sample rate.

    Example:

    >>> RandomTimeShift((0.5, 0.5), sample_rate=4)(np.array([[1.0, 2.0, 3.0, 4.0]])).numpy().tolist()
    [[0.0, 0.0, 1.0, 2.0]]
    """

    keeps_time = False

    def __init__(
        self,
        shift_seconds: float | tuple[float, float] = 0.1,
        fill_mode: str = "constant",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.shift_seconds = check_factor(self, shift_seconds, "shift_seconds", -math.inf, math.inf)
        self.fill_mode = check_choice(self, fill_mode, "fill_mode", ("constant", "wrap"))

    def draw(self, rng, view) -> Params:
        return {"seconds": rng.uniform(*self.shift_seconds)}

    def apply(self, x, params) -> Tensor:
        time, steps = ops.arange(ops.shape(x)[2], dtype="int32"), self.steps_of(x)[:, None]
        shift = ops.clip(ops.round(params["seconds"] * self.hertz), -(2.0**30), 2.0**30)
        source = time - ops.cast(shift, "int32")[:, None]
        if self.fill_mode == "wrap":
            return taken(x, ops.where(time < steps, source % ops.maximum(steps, 1), time))
        there = ops.logical_and(source >= 0, source < steps)
        moved = ops.where(there[:, None], taken(x, ops.where(there, source, 0)), 0.0)
        return ops.where((time < steps)[:, None], moved, x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"shift_seconds": 0.5 * strength, "sample_rate": 16000, "fill_mode": "wrap"}
