import math
from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_range, check_value_range
from keras_augsynth.ops import color, filters


class RandomDefocus(Augmentation):
    """Blurs each image as a lens out of focus does: every point becomes a disk.

    Args:
        radius: of the disk in pixels, 0 (no blur) to 15; need not be whole. A pair (low, high) draws one for each
            image.
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a radius outside [0, 15].

    Example:

    >>> RandomDefocus((1, 4), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    def __init__(
        self,
        radius: float | tuple[float, float] = (1, 3),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.radius = check_range(self, radius, "radius", 0.0, 15.0)
        self.value_range = check_value_range(self, value_range)

    @property
    def reach(self) -> int:
        return 2 * math.ceil(self.radius[1] - 0.5) + 1

    reads = None

    def draw(self, rng, shape) -> Params:
        return {"radius": rng.uniform(*self.radius)}

    def apply(self, x, params) -> Tensor:
        return color.clip(x, filters.correlate(x, filters.disk(params["radius"], self.reach)), self.value_range)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"radius": (0.2 + 1.8 * strength, 0.4 + 4.6 * strength)}
