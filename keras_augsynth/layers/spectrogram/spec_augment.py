from dataclasses import dataclass
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_choice
from keras_augsynth.core.families.spectral import Masking
from keras_augsynth.layers.spectrogram.random_time_warp import drawn_warp, warped
from keras_augsynth.ops.spectrograms import spans


@dataclass(frozen=True)
class Policy:
    """A row of the paper's table 1."""

    warp: int
    frequency_width: int
    frequency_masks: int
    time_width: int
    max_part: float
    time_masks: int


POLICIES = {
    "LB": Policy(80, 27, 1, 100, 1.0, 1),
    "LD": Policy(80, 27, 2, 100, 1.0, 2),
    "SM": Policy(40, 15, 2, 70, 0.2, 2),
    "SS": Policy(40, 27, 2, 70, 0.2, 2),
}


class SpecAugment(Masking):
    """Warps each spectrogram in time, then fills bands of frequencies and stretches of time.

    Args:
        policy: of the paper: "LB" (LibriSpeech basic), "LD" (LibriSpeech double), "SM" (Switchboard mild) or "SS"
            (Switchboard strong). They are meant for 80 mel frequencies and 100 frames per second. Other strengths:
            `RandomTimeWarp`, `RandomFrequencyMask` and `RandomSpectrogramTimeMask` in a Pipeline.
        fill_value: what is filled in: a number, or "mean" for the spectrogram's mean; with features of mean 0 they
            are the same.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(time, frequency)`, `(batch, time, frequency)` or `(batch, time, frequency, channels)`.

    Output shape:
        As the input's. Frames beyond "lengths" stay as they are and are not counted.

    Raises:
        ValueError: for another policy.

    Example:

    >>> SpecAugment("LD", seed=1)(np.ones((4, 300, 80), "float32")).shape
    TensorShape([4, 300, 80])

    Reference:
        Park et al.: SpecAugment: a simple data augmentation method for automatic speech recognition. Interspeech
        2019; the warp with straight lines.
    """

    def __init__(self, policy: str = "LB", fill_value: float | str = 0.0, **kwargs: Any):
        super().__init__(fill_value=fill_value, **kwargs)
        self.policy = check_choice(self, policy, "policy", list(POLICIES))

    def draw(self, rng, view) -> Params:
        policy = POLICIES[self.policy]
        params = drawn_warp(rng, policy.warp)
        for name, width, masks in (
            ("frequency", policy.frequency_width, policy.frequency_masks),
            ("time", policy.time_width, policy.time_masks),
        ):
            params[f"{name}_width"] = ops.floor(rng.uniform(0.0, width + 1.0, (masks,)))
            params[f"{name}_place"] = rng.uniform(shape=(masks,))
        return params

    def apply(self, x, params) -> Tensor:
        frames, (time, bins) = self.frames_of(x), ops.shape(x)[1:3]
        x = warped(x, params, frames)
        frames = frames[:, None]
        longest = ops.floor(POLICIES[self.policy].max_part * frames)
        in_time = spans(ops.minimum(params["time_width"], longest), params["time_place"], frames, time)
        total = ops.cast(bins, "float32")
        in_frequency = spans(params["frequency_width"], params["frequency_place"], total, bins)
        return self.filled(x, ops.logical_or(in_time[:, :, None, None], in_frequency[:, None, :, None]))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"policy": "SM" if strength < 0.5 else "SS"}
