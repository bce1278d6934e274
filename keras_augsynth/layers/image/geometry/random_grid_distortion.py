from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_integer
from keras_augsynth.core.families.geometric import Geometric


class RandomGridDistortion(Geometric):
    """Stretches some columns and rows of a grid over each image and squeezes the others.

    Args:
        num_steps: cells of the grid along each side, at least 2.
        distort_limit: by how much a cell is stretched or squeezed before all are fitted to the image, above -1
            and at most 1; a number d means (-d, d).
        fill_mode: "reflect", "constant", "nearest" or "wrap"; see `Geometric`. It matters only to neighbours in
            a Pipeline: the layer itself never looks beyond the border.
        interpolation: "bilinear" or "nearest".
        fill_value: the value beyond the border in mode "constant".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for fewer than 2 steps, or a limit outside (-1, 1].

    Example:

    >>> RandomGridDistortion(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        `GridDistortion` of Albumentations, normalized.
    """

    bends = True

    def __init__(
        self,
        num_steps: int = 5,
        distort_limit: float | tuple[float, float] = 0.3,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(fill_mode=fill_mode, interpolation=interpolation, fill_value=fill_value, **kwargs)
        self.num_steps = check_integer(self, num_steps, "num_steps", 2, 64)
        self.distort_limit = check_factor(self, distort_limit, "distort_limit", above=-1.0)

    def draw(self, rng, view) -> Params:
        widths = 1.0 + rng.uniform(*self.distort_limit, shape=(2, self.num_steps))
        return {"widths": widths / ops.sum(widths, axis=-1, keepdims=True)}

    def bend(self, params, size, points) -> list[Tensor]:
        return [
            self._stretch(ops.cast(t, "float32"), params["widths"][:, axis], ops.cast(length, "float32"))
            for axis, (t, length) in enumerate(zip(points.xy, reversed(size), strict=True))
        ]

    def _stretch(self, t: Tensor, widths: Tensor, length: Tensor) -> Tensor:
        """Piecewise linear: every cell of the output, all equally wide, shows one of the input's `widths`."""
        cells = (t / length + 0.5) * self.num_steps
        place = 0.0
        for k in range(self.num_steps):
            low = float("-inf") if k == 0 else 0.0  # the outer cells go on beyond the border
            high = float("inf") if k == self.num_steps - 1 else 1.0
            place = place + ops.clip(cells - k, low, high) * widths[:, k : k + 1]
        return (place - 0.5) * length

    def unbend(self, params, size, xy) -> list[Tensor]:
        return [
            self._squeeze(t, ops.cast(params["widths"][:, axis], t.dtype), ops.cast(length, t.dtype))
            for axis, (t, length) in enumerate(zip(xy, reversed(size), strict=True))
        ]

    def _squeeze(self, t: Tensor, widths: Tensor, length: Tensor) -> Tensor:
        """The way back of `_stretch`."""
        place, edge, cells = t / length + 0.5, 0.0, 0.0
        for k in range(self.num_steps):
            low = float("-inf") if k == 0 else 0.0
            high = float("inf") if k == self.num_steps - 1 else 1.0
            cells = cells + ops.clip((place - edge) / widths[:, k : k + 1], low, high)
            edge = edge + widths[:, k : k + 1]
        return (cells / self.num_steps - 0.5) * length

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"distort_limit": 0.8 * strength}
