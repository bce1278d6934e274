from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_choice, check_pair, wrong
from keras_augsynth.core.modalities import IMAGE, VIDEO, VOLUME

WINDOWS = {
    "abdomen": (-150.0, 250.0),
    "angiography": (0.0, 600.0),
    "bone": (-500.0, 1300.0),
    "brain": (0.0, 80.0),
    "liver": (-45.0, 105.0),
    "lung": (-1350.0, 150.0),
    "mediastinum": (-125.0, 225.0),
    "soft_tissue": (-150.0, 250.0),
    "spine": (-75.0, 175.0),
    "stroke": (20.0, 60.0),
    "subdural": (-50.0, 150.0),
    "temporal_bone": (-800.0, 2000.0),
}
"""Lowest and highest value shown, in Hounsfield units: level -+ width / 2 of the usual windows."""


class IntensityWindow(Augmentation):
    """Stretches a window of the values to a range of its own and clips the rest, in training and in inference.

    Values are Hounsfield units: those of a DICOM file are first multiplied by its slope and added to its intercept, for
    instance by `Rescaling(slope, intercept)`.

    Args:
        window: the name of a usual one ("abdomen", "angiography", "bone", "brain", "liver", "lung", "mediastinum",
            "soft_tissue", "spine", "stroke", "subdural", "temporal_bone"), or a pair (lowest, highest value).
        output_range: what these become.
        **kwargs: `name` and `dtype`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`, or images.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an unknown name, or a window of width 0.

    Example:

    >>> IntensityWindow("lung")(np.reshape([-3000, -1350, -600, 150, 3000], (1, 1, 5, 1))).numpy().ravel().tolist()
    [0.0, 0.0, 0.5, 1.0, 1.0]

    Reference:
        Murphy et al.: Windowing (CT). Radiopaedia.org, reference article.
    """

    modalities = (VOLUME, IMAGE, VIDEO)

    def __init__(
        self,
        window: str | Sequence[float] = "soft_tissue",
        output_range: Sequence[float] = (0.0, 1.0),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.window = window
        self._ends = WINDOWS[check_choice(self, window, "window", tuple(WINDOWS))] if isinstance(window, str) else None
        if self._ends is None:
            self.window = self._ends = check_pair(self, window, "window")
        if self._ends[0] == self._ends[1]:
            raise wrong(self, "window", "have two different ends", window)
        self.output_range = check_pair(self, output_range, "output_range")

    def inference_params(self, view) -> Params:
        return {}

    def apply(self, x, params) -> Tensor:
        (low, high), (first, last) = self._ends, self.output_range
        return first + (ops.clip(x, low, high) - low) * ((last - first) / (high - low))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"window": (-5.0, 5.0 + strength)}
