from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_choice, check_range, check_side
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices
from keras_augsynth.ops.resample import INTERPOLATIONS
from keras_augsynth.ops.windows import central_window

_TRIES = 10


class RandomResizedCrop(Geometric):
    """Cuts a window of random area, shape and place out of each image and resizes it to a fixed size.

    An inactive layer gives the largest central window with the target's aspect ratio.

    Args:
        height: of the output, in pixels, at most 32768.
        width: of the output, in pixels, at most 32768.
        scale: the window's area as a fraction of the image's, (lowest, highest), from 0 to 1.
        ratio: the window's width divided by its height, (lowest, highest), uniform on a logarithmic scale.
        interpolation: "bilinear" or "nearest".
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        `(..., target height, target width, channels)`.

    Raises:
        ValueError: for a size below 1 or above 32768, a scale outside (0, 1], or a ratio that is not positive.

    Example:

    >>> RandomResizedCrop(24, 24, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 24, 24, 3])

    Reference:
        Szegedy et al.: Going deeper with convolutions. CVPR 2015. Ten tries, then the central window, as in
        torchvision.
    """

    def __init__(
        self,
        height: int,
        width: int,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        interpolation: str = "bilinear",
        **kwargs: Any,
    ):
        super().__init__(interpolation=check_choice(self, interpolation, "interpolation", INTERPOLATIONS), **kwargs)
        self.height = check_side(self, height, "height")
        self.width = check_side(self, width, "width")
        self.scale = check_range(self, scale, "scale", 0.0, 1.0, above=0.0)
        self.ratio = check_range(self, ratio, "ratio", above=0.0)

    resizes = upright = True

    @property
    def sampling(self):
        return None if self.interpolation == "bilinear" else super().sampling

    def output_size(self, size):
        return self.height, self.width

    def draw(self, rng, view) -> Params:
        rows, columns = (ops.cast(length, "float32") for length in view.size)
        area = rng.uniform(*self.scale, shape=(_TRIES,)) * rows * columns
        ratio = rng.log_uniform(*self.ratio, shape=(_TRIES,))
        widths, heights = ops.sqrt(area * ratio), ops.sqrt(area / ratio)
        fits = ops.logical_and(widths <= columns, heights <= rows)
        first = ops.expand_dims(ops.argmax(ops.cast(fits, "int32"), axis=1), 1)
        width, height = (ops.take_along_axis(values, first, axis=1)[:, 0] for values in (widths, heights))
        drawn = {
            "left": rng.uniform() * (columns - width),
            "top": rng.uniform() * (rows - height),
            "width": width,
            "height": height,
        }
        window, found = self.inference_params(view), ops.any(fits, axis=1)
        return {name: ops.where(found, drawn[name], window[name]) for name in drawn}

    def inference_params(self, view) -> Params:
        return central_window(view.shape[0], view.size, self.height, self.width)

    def matrix(self, params, size) -> Tensor:
        return matrices.window(**params, size=size, output_size=(self.height, self.width))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"height": 24, "width": 20, "scale": (1.0 - 0.9 * strength, 1.0)}
