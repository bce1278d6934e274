from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_range
from keras_augsynth.core.families.intensity_3d import Intensity3D
from keras_augsynth.ops.rows import per_sample


class RandomHistogramShift3D(Intensity3D):
    """Gives each volume another contrast: its values go through a random rising curve, straight between its points.

    The lowest and the highest value stay.

    Args:
        scale: how unequal the slopes of the pieces are: the standard deviation of their logarithm, from 0 (nothing
            changes) to 5. A pair (low, high) draws one for each volume.
        points: of the curve, ends included, 3 or more.
        **kwargs: as in `Intensity3D`.

    Input shape:
        `(depth, height, width, channels)` or `(batch, depth, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a scale outside [0, 5] or fewer than 3 points.

    Example:

    >>> RandomHistogramShift3D(seed=1)(np.zeros((2, 8, 16, 16, 1), "int16")).shape
    TensorShape([2, 8, 16, 16, 1])
    """

    def __init__(self, scale: float | tuple[float, float] = (0.2, 0.8), points: int = 10, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = check_range(self, scale, "scale", 0.0, 5.0)
        self.points = check_integer(self, points, "points", 3, 64)

    def draw(self, rng, view) -> Params:
        slopes = rng.normal(0.0, rng.uniform(*self.scale), (self.points - 1,))
        steps = ops.softmax(ops.cast(slopes, "float64"), axis=-1)
        return {"steps": ops.cast(steps, "float32")}

    def apply(self, x, params) -> Tensor:
        low, span = self.limits_of(x)
        pieces = self.points - 1
        place, height = (x - low) / span * pieces, 0.0
        for piece in range(pieces):
            height = height + per_sample(params["steps"][:, piece], x) * ops.clip(place - piece, 0.0, 1.0)
        return low + span * height

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": 1.5 * strength}
