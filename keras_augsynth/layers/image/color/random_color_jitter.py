from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_contrast, check_factor, check_magnitude, wrong
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import color, matrices
from keras_augsynth.ops.color_arguments import hue_angle, saturation_multiple

_Range = float | tuple[float, float] | None


class RandomColorJitter(Color):
    """Changes brightness, contrast, saturation and hue of each image, in this order, in one pass.

    Each of the four can be written in two ways, of which one may be used: as Keras does (`*_factor`), or as a
    plain strength, where 0 changes nothing.

    Args:
        value_range: lowest and highest value of a pixel; results are clipped to it.
        brightness_factor: as `factor` of `RandomBrightness`.
        contrast_factor: as `factor` of `RandomContrast`.
        saturation_factor: as `factor` of `RandomSaturation`, where 0.5 changes nothing.
        hue_factor: as `factor` of `RandomHue`, where 1 is half a turn.
        brightness: strength b from 0 to 1; shifts by (-b, b) of the value range.
        contrast: strength c from 0 to 1; multiplies the distance from the mean by (1 - c, 1 + c).
        saturation: strength s from 0 to 1; multiplies the distance from gray by (1 - s, 1 + s).
        hue: strength h from 0 to 0.5; turns by (-h, h) of the color circle.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 3 channels; images with one channel
        have no saturation and hue to change.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a value outside its range, both ways of writing at once, or a number of channels
            other than 1 and 3.

    Example:

    >>> RandomColorJitter(brightness=0.2, hue=0.1, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    needs_range = True

    def __init__(
        self,
        value_range: Sequence[float] = (0, 255),
        brightness_factor: _Range = None,
        contrast_factor: _Range = None,
        saturation_factor: _Range = None,
        hue_factor: _Range = None,
        seed: int | None = None,
        data_format: str | None = None,
        *,
        brightness: float | None = None,
        contrast: float | None = None,
        saturation: float | None = None,
        hue: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, seed=seed, data_format=data_format, **kwargs)
        given = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue}
        factors = {
            "brightness": brightness_factor,
            "contrast": contrast_factor,
            "saturation": saturation_factor,
            "hue": hue_factor,
        }
        for name, factor in factors.items():
            if given[name] is not None and factor is not None:
                raise wrong(self, name, f"stand alone, without `{name}_factor`", given[name])
            setattr(self, f"{name}_factor", None if factor is None else self._factor(name, factor))
            highest = 0.5 if name == "hue" else 1.0
            strength = given[name]
            setattr(self, name, None if strength is None else check_magnitude(self, strength, name, 0.0, highest))

    def _factor(self, name: str, factor: Any) -> Any:
        if name == "contrast":
            return check_contrast(self, factor, "contrast_factor")
        return check_factor(self, factor, f"{name}_factor", low=-1.0 if name == "brightness" else 0.0)

    def draw(self, rng, view) -> Params:
        params = {}
        if self.brightness is not None:
            params["brightness"] = self.span * rng.uniform(-self.brightness, self.brightness)
        elif self.brightness_factor is not None:
            params["brightness"] = self.span * rng.uniform(*self.brightness_factor)
        if self.contrast is not None:
            params["contrast"] = rng.uniform(1.0 - self.contrast, 1.0 + self.contrast)
        elif self.contrast_factor is not None:
            lower, upper = self.contrast_factor
            params["contrast"] = rng.uniform(1.0 - lower, 1.0 + upper)
        if self.saturation is not None:
            params["saturation"] = rng.uniform(1.0 - self.saturation, 1.0 + self.saturation)
        elif self.saturation_factor is not None:
            params["saturation"] = saturation_multiple(rng.uniform(*self.saturation_factor))
        if self.hue is not None:
            params["hue"] = hue_angle(rng, (0.0, 2.0 * self.hue))
        elif self.hue_factor is not None:
            params["hue"] = hue_angle(rng, self.hue_factor)
        return params

    def matrix(self, params, mean) -> Tensor:
        channels = mean.shape[-1]
        product = matrices.identity(channels + 1)
        if "brightness" in params:
            product = matrices.brightness(params["brightness"], channels)
        if "contrast" in params:
            product = ops.matmul(matrices.contrast(params["contrast"], color.apply(product, mean)), product)
        for name, build in (("saturation", matrices.saturation), ("hue", matrices.hue)):
            if name in params:
                product = ops.matmul(self.rgb(build(params[name]), channels), product)
        return product

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"brightness": 0.4 * strength, "contrast": 0.6 * strength, "saturation": strength, "hue": 0.5 * strength}
