from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_magnitude, check_range
from keras_augsynth.core.families.geometric import Geometric

# x, y of the corners, as fractions of the half sides.
_CORNERS = ((-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0))


class RandomPerspective(Geometric):
    """Shows each image as if it were seen from a random direction.

    Each corner moves inwards by a random part of the sides, on both axes.

    Args:
        factor: chance that an image is changed, from 0 to 1; a pair draws one for each image.
        scale: how far corners move, from 0 to 1, where 1 is half of a side.
        interpolation: "bilinear" or "nearest".
        fill_value: the value beyond the border.
        fill_mode: "constant", "reflect", "nearest" or "wrap"; see `Geometric`.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor or scale outside [0, 1].

    Example:

    >>> RandomPerspective(scale=0.5, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    bends = True

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        fill_mode: str = "constant",
        **kwargs: Any,
    ):
        super().__init__(
            fill_mode=fill_mode,
            interpolation=interpolation,
            fill_value=fill_value,
            seed=seed,
            data_format=data_format,
            **kwargs,
        )
        self.factor = check_range(self, factor, "factor", 0.0, 1.0)
        self.scale = check_magnitude(self, scale, "scale", 0.0, 1.0)

    def draw(self, rng, view) -> Params:
        inwards = rng.uniform(0.0, self.scale, shape=(4, 2))
        chosen = rng.bernoulli(rng.uniform(*self.factor))
        return {"inwards": ops.where(ops.reshape(chosen, (-1, 1, 1)), inwards, 0.0)}

    def bend(self, params, size, points) -> list[Tensor]:
        return _project(_homography(params["inwards"], size), points.xy)

    def unbend(self, params, size, xy) -> list[Tensor]:
        return _project(ops.linalg.inv(_homography(params["inwards"], size)), xy)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": 0.8 * strength}


def _homography(inwards: Tensor, size: Any) -> Tensor:
    """float64 `(N, 3, 3)`, output to input: the frame's corners come from where it was moved to in the output."""
    height, width = (ops.cast(length, "float64") for length in size)
    half = ops.stack([width / 2.0, height / 2.0])
    outer = ops.convert_to_tensor(_CORNERS, "float64") * half
    inner = outer * (1.0 - ops.cast(inwards, "float64") * 0.5)
    # The eight unknowns of a homography from four pairs: x' = (a x + b y + c) / (g x + h y + 1), likewise y'.
    rows, values = [], []
    for k in range(4):
        x, y = inner[:, k, 0], inner[:, k, 1]
        u, v = outer[k, 0] * ops.ones_like(x), outer[k, 1] * ops.ones_like(x)
        zero, one = ops.zeros_like(x), ops.ones_like(x)
        rows.append(ops.stack([x, y, one, zero, zero, zero, -u * x, -u * y], axis=-1))
        rows.append(ops.stack([zero, zero, zero, x, y, one, -v * x, -v * y], axis=-1))
        values += [u, v]
    solved = ops.solve(ops.stack(rows, axis=1), ops.expand_dims(ops.stack(values, axis=1), -1))[..., 0]
    return ops.reshape(ops.concatenate([solved, ops.ones_like(solved[:, :1])], axis=1), (-1, 3, 3))


def _project(matrix: Tensor, xy: list[Tensor]) -> list[Tensor]:
    x, y = xy
    entry = lambda i, j: ops.expand_dims(ops.cast(matrix[:, i, j], x.dtype), 1)
    u, v, w = (entry(i, 0) * x + entry(i, 1) * y + entry(i, 2) for i in range(3))
    return [u / w, v / w]
