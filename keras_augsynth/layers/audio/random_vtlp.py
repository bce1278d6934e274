from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_range
from keras_augsynth.core.families.sound import Sound, check_window
from keras_augsynth.ops.frames import with_other_tract


class RandomVTLP(Sound):
    """Lets each recording be spoken by a larger or a smaller person: its resonances move, its pitch stays.

    Vocal tract length perturbation, by linear prediction. On spectrograms see `RandomFrequencyWarp`, which moves the
    pitch, too.

    Args:
        factor: how many times as high the resonances become, from 0.5 to 2; 1 changes nothing. A pair (low, high)
            draws it for each recording.
        window: length of the windows in samples, a multiple of 4 from 16 to 65536; 32 to 64 ms suit speech.
        **kwargs: as in `Augmentation`. A `sample_rate` must be given, to the layer or to the Pipeline around it.

    Input shape:
        `(time,)`, `(batch, time)` or `(batch, time, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor or a window out of its range; in a call, without a sample rate.

    Example:

    >>> RandomVTLP((0.9, 1.1), sample_rate=16000, seed=1)(np.ones((4, 16000), "float32")).shape
    TensorShape([4, 16000])

    Reference:
        Jaitly, Hinton: Vocal tract length perturbation (VTLP) improves speech recognition. ICML workshop, 2013.
    """

    def __init__(self, factor: float | tuple[float, float] = (0.9, 1.1), window: int = 1024, **kwargs: Any):
        super().__init__(**kwargs)
        self.factor = check_range(self, factor, "factor", 0.5, 2.0)
        self.window = check_window(self, window)

    def draw(self, rng, view) -> Params:
        return {"factor": rng.log_uniform(*self.factor)}

    def apply(self, x, params) -> Tensor:
        return with_other_tract(x, params["factor"], self.hertz, self.window)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"factor": (1.0 / (1.0 + 0.4 * strength), 1.0 + 0.4 * strength), "window": 256, "sample_rate": 16000}
