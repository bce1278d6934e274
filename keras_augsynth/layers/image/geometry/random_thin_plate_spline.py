from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer, check_range
from keras_augsynth.core.families.geometric import Geometric


class RandomThinPlateSpline(Geometric):
    """Bends each image like a thin metal sheet that is pushed at the points of a grid.

    Args:
        scale: standard deviation of the pushes, as a fraction of the sides, from 0 to 0.2; a pair is a range
            to draw it from for each image.
        num_control_points: along each side, from 2 to 8.
        fill_mode: "reflect", "constant", "nearest" or "wrap"; see `Geometric`.
        interpolation: "bilinear" or "nearest".
        fill_value: the value beyond the border in mode "constant".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a scale or a number of points outside its range.

    Example:

    >>> RandomThinPlateSpline(0.05, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Bookstein: Principal warps: thin-plate splines and the decomposition of deformations. PAMI 1989.
    """

    bends = True

    def __init__(
        self,
        scale: float | tuple[float, float] = 0.05,
        num_control_points: int = 4,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(fill_mode=fill_mode, interpolation=interpolation, fill_value=fill_value, **kwargs)
        self.scale = check_range(self, scale, "scale", 0.0, 0.2)
        self.num_control_points = check_integer(self, num_control_points, "num_control_points", 2, 8)

    def draw(self, rng, view) -> Params:
        pushes = rng.normal(shape=(self.num_control_points**2, 2))
        return {"pushes": pushes * ops.reshape(rng.uniform(*self.scale), (-1, 1, 1))}

    def bend(self, params, size, points) -> list[Tensor]:
        x, y = (ops.cast(t, "float32") for t in points.xy)
        height, width = (ops.cast(length, "float32") for length in size)
        places, solve = _spline(self.num_control_points)
        # Not a matrix product, whose last bit depends on the size of the batch; (N, points + 3, 2).
        weights = ops.cast(ops.sum(solve * ops.cast(params["pushes"][:, None], "float64"), axis=2), "float32")
        across, down = x / width, y / height
        basis = [_kernel((across - px) ** 2 + (down - py) ** 2) for px, py in places]
        basis += [ops.ones_like(across), across, down]
        shift = lambda k: sum(part * weights[:, i, k : k + 1] for i, part in enumerate(basis))
        return [x + width * shift(0), y + height * shift(1)]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": 0.06 * strength}


def _spline(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The control points in the unit square, from its center, and what each push gives to each weight."""
    line = (np.arange(count) / (count - 1) - 0.5).astype("float64")
    places = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    n = len(places)
    square = ((places[:, None] - places) ** 2).sum(-1)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = np.where(square > 0, square * np.log(np.maximum(square, 1e-30)), 0.0)
    system[:n, n:] = np.concatenate([np.ones((n, 1)), places], axis=1)
    system[n:, :n] = system[:n, n:].T
    return places.astype("float32"), np.linalg.inv(system)[:, :n, None]


def _kernel(square: Tensor) -> Tensor:
    """r² log r², and 0 at 0."""
    return square * ops.log(ops.maximum(square, 1e-30))
