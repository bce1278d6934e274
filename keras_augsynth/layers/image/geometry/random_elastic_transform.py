from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_range, check_value_range
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import fields

_CELLS = 8  # of the control grid along each side


class RandomElasticTransform(Geometric):
    """Bends each image as if it were drawn on rubber.

    A smooth random displacement field, a cubic spline over 8 x 8 cells, moves image, masks, boxes and points
    alike. No point moves so far that the image folds over.

    Args:
        factor: chance that an image is changed, from 0 to 1; a pair draws one for each image.
        scale: strength of the distortion, from 0 to 1, drawn for each image from the pair (low, high); a number
            s means (0, s). At 1 points move by up to 4 % of a side.
        interpolation: "bilinear" or "nearest".
        fill_mode: "reflect", "constant", "nearest" or "wrap"; see `Geometric`.
        fill_value: the value beyond the border in mode "constant".
        value_range: accepted for Keras's sake; interpolation never leaves it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor or scale outside [0, 1].

    Example:

    >>> RandomElasticTransform(scale=0.5, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Simard, Steinkraus, Platt: Best practices for convolutional neural networks applied to visual document
        analysis. ICDAR 2003; with a spline in place of blurred noise.
    """

    bends = True

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        scale: float | tuple[float, float] = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
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
        self.scale = check_factor(self, scale, "scale", low=0.0)
        self.value_range = check_value_range(self, value_range)

    def draw(self, rng, view) -> Params:
        chosen = rng.bernoulli(rng.uniform(*self.factor))
        return {
            "scale": ops.where(chosen, rng.uniform(*self.scale), 0.0),
            "x": rng.uniform(shape=(_CELLS, _CELLS)),
            "y": rng.uniform(shape=(_CELLS, _CELLS)),
        }

    def bend(self, params, size, points) -> list[Tensor]:
        shifts = fields.displacements([params["x"], params["y"]], size, points)
        # Neighbouring points of the grid differ by 2 at most, so nothing moves by more than 2/3 of its distance.
        reach = [ops.cast(length, "float32") / (3.0 * _CELLS) for length in reversed(size)]
        scale = ops.expand_dims(params["scale"], 1)
        moved = zip(points.xy, shifts, reach, strict=True)
        return [ops.cast(t, "float32") + scale * limit * shift for t, shift, limit in moved]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": (strength, strength)}
