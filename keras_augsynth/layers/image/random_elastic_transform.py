from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Geometric, Params, Tensor
from keras_augsynth.core.checks import check_factor
from keras_augsynth.ops import fields

_CELLS = 8  # of the control grid along each side


class RandomElasticTransform(Geometric):
    """Bends each image as if it were drawn on rubber.

    A smooth random displacement field, a cubic spline over 8 x 8 cells, moves image, masks, boxes and points
    alike. No point moves so far that the image folds over.

    Args:
        factor: chance that an image is changed, from 0 to 1, or the pair that it is drawn from; a number f
            means (0, f), as in Keras.
        scale: strength of the distortion, from 0 to 1, drawn for each image from the pair (low, high); a number
            s means (0, s). At 1 points move by some 3 % of the longer side.
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
        **kwargs: Any,
    ):
        super().__init__(fill_mode=fill_mode, interpolation=interpolation, fill_value=fill_value, **kwargs)
        self.factor = check_factor(self, factor, low=0.0)
        self.scale = check_factor(self, scale, "scale", low=0.0)
        self.value_range = value_range

    def draw(self, rng, shape) -> Params:
        chosen = rng.bernoulli(rng.uniform(*self.factor))
        scale = ops.where(chosen, rng.uniform(*self.scale), 0.0)
        points = _CELLS + fields.BORDER
        control = rng.uniform(-1.0, 1.0, shape=(points, points, 2))
        return {"control": control * ops.reshape(scale, (-1, 1, 1, 1))}

    def bend(self, params, size, points) -> list[Tensor]:
        height, width = (ops.cast(length, "float32") for length in size)
        # A spline's slope is at most the difference of neighbouring control points: 2/3 of a cell at most.
        reach = ops.stack([width, height]) / (3.0 * _CELLS)
        moved = fields.at(params["control"] * reach, size, points)
        return [ops.cast(t, "float32") + shift for t, shift in zip(points.xy, moved, strict=True)]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"scale": (strength, strength)}
