from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Color, Params, Tensor
from keras_augsynth.core.checks import check_factor, wrong
from keras_augsynth.layers.image.random_contrast import contrast_factor
from keras_augsynth.layers.image.random_hue import hue_angle
from keras_augsynth.layers.image.random_saturation import saturation_multiple
from keras_augsynth.ops import color, matrices

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
        *,
        brightness: float | None = None,
        contrast: float | None = None,
        saturation: float | None = None,
        hue: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.brightness_factor = brightness_factor
        self.contrast_factor = contrast_factor
        self.saturation_factor = saturation_factor
        self.hue_factor = hue_factor
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
        self._ranges = {name: self._range(name) for name in ("brightness", "contrast", "saturation", "hue")}

    def _range(self, name: str) -> tuple[float, float] | None:
        """The range to draw from: of the shift, the contrast, the saturation as it was written, half a turn."""
        strength, factor = getattr(self, name), getattr(self, f"{name}_factor")
        if strength is not None and factor is not None:
            raise wrong(self, name, f"stand alone, without `{name}_factor`", strength)
        if strength is not None:
            highest = 0.5 if name == "hue" else 1.0
            amount = check_factor(self, strength, name, low=0.0, high=highest)[1]
            return {
                "brightness": (-amount, amount),
                "contrast": (1.0 - amount, 1.0 + amount),
                "saturation": (1.0 - amount, 1.0 + amount),
                "hue": (0.0, 2.0 * amount),
            }[name]
        if factor is None:
            return None
        if name == "contrast":
            lower, upper = contrast_factor(self, factor, "contrast_factor")
            return 1.0 - lower, 1.0 + upper
        return check_factor(self, factor, f"{name}_factor", low=-1.0 if name == "brightness" else 0.0)

    def draw(self, rng, shape) -> Params:
        low, high = self.value_range
        params = {name: rng.uniform(*limits) for name, limits in self._ranges.items() if limits and name != "hue"}
        if "brightness" in params:
            params["brightness"] = (high - low) * params["brightness"]
        if self.saturation_factor is not None:
            params["saturation"] = saturation_multiple(params["saturation"])
        if self._ranges["hue"]:
            params["hue"] = hue_angle(rng, self._ranges["hue"])
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
