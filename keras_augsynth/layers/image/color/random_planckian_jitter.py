from collections.abc import Sequence
from typing import Any

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_choice, check_range
from keras_augsynth.core.families.color import Color
from keras_augsynth.ops import illuminants, matrices


class RandomPlanckianJitter(Color):
    """Lights each image by a light of random temperature, from the orange of a lamp to the blue of the sky.

    Red and blue are multiplied by the light's own red and blue, as multiples of its green; green stays. So
    white is neutral at about 6500 K. The multiples are computed in linear sRGB and, as in the paper, applied
    to the pixel values as they are; the paper's printed table differs somewhat, most in blue below 4000 K.

    Args:
        mode: "blackbody", or "cied" for daylight.
        temperature_kelvin: a pair draws one for each image. From 2000 (in mode "cied" 4000) to 25000. None
            means (3000, 15000), and in mode "cied" (4000, 15000).
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 3 channels; images with one channel
        stay as they are.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a temperature out of range, or images with neither 1 nor 3 channels.

    Example:

    >>> RandomPlanckianJitter(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Zini, Gomez-Villa, Buzzelli, Twardowski, Bagdanov, van de Weijer: Planckian jitter: countering the
        color-crippling effects of color jitter on self-supervised training. ICLR 2023.
    """

    needs_range = True

    def __init__(
        self,
        mode: str = "blackbody",
        temperature_kelvin: float | tuple[float, float] | None = None,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.mode = check_choice(self, mode, "mode", tuple(illuminants.LIMITS))
        if temperature_kelvin is None:
            temperature_kelvin = (3000.0 if mode == "blackbody" else 4000.0, 15000.0)
        limits = illuminants.LIMITS[self.mode]
        self.temperature_kelvin = check_range(self, temperature_kelvin, "temperature_kelvin", *limits)

    uses_mean = False

    def draw(self, rng, view) -> Params:
        return {"kelvin": rng.uniform(*self.temperature_kelvin)}

    def matrix(self, params, mean) -> Tensor:
        red, blue = illuminants.rgb_ratios(params["kelvin"], self.mode)
        low = self.value_range[0]  # black is the fixed point, wherever the range begins
        factors = matrices.per_channel(red, 1.0, blue)
        return self.rgb(matrices.affine_color(factors, low * (1.0 - factors), 3), mean.shape[-1])

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"temperature_kelvin": (6500.0 - 3500.0 * strength, 6500.0 + 8500.0 * strength)}
