from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_integer_magnitude, wrong
from keras_augsynth.core.draws import current_key
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import jpeg


class RandomJPEG(Intensity):
    """Gives each image the blocks and smears of a JPEG file.

    The arithmetic is that of libjpeg with its defaults (4:2:0, standard tables), so images of 8 bits come out bit for
    bit as from a file that OpenCV or PIL wrote and read; only images up to 4 pixels wide differ a little. There is
    no gradient: the values are rounded.

    Args:
        quality: of the file, a whole number from 1 (worst) to 100; a pair (low, high) draws one for each image, both
            ends included.
        value_range: lowest and highest value of a pixel; the 256 levels lie between them.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 1 or 3 channels, any size.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a quality outside [1, 100], or images with neither 1 nor 3 channels.

    Example:

    >>> RandomJPEG((20, 80), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(
        self,
        quality: int | tuple[int, int] = (30, 90),
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, **kwargs)
        self.quality = check_integer_magnitude(self, quality, "quality", 1, 100)

    def draw(self, rng, view) -> Params:
        low, high = self.quality
        return {"quality": rng.integers(low, high + 1)}

    def apply(self, x, params) -> Tensor:
        low, high = self.value_range
        if x.shape[-1] not in (1, 3):
            raise wrong(self, current_key(), "have 1 or 3 channels", x.shape[-1])
        levels = ops.round((ops.where(ops.isfinite(x), x, low) - low) * (255.0 / (high - low)))
        levels = jpeg.compress(ops.cast(ops.clip(levels, 0.0, 255.0), "int32"), params["quality"])
        return low + ops.cast(levels, "float32") * ((high - low) / 255.0)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        weak = (1.0 - strength) ** 2
        return {"quality": (int(5 + 90 * weak), int(20 + 75 * weak))}
