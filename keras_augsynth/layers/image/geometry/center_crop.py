from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_side
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices
from keras_augsynth.ops.windows import central_window


class CenterCrop(Geometric):
    """Cuts the window in the middle out of each image, in training and in inference.

    An image that is smaller than the window on some side gives the largest central window with the target's
    aspect ratio, resized to it. The output always has the target size.

    Args:
        height: of the output, in pixels, at most 32768.
        width: of the output, in pixels, at most 32768.
        **kwargs: as in `Augmentation`; `p` must be 1.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        `(..., target height, target width, channels)`.

    Raises:
        ValueError: for a height or width below 1 or above 32768, or another `p`.

    Example:

    >>> CenterCrop(24, 24)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 24, 24, 3])
    """

    def __init__(
        self,
        height: int,
        width: int,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.height = check_side(self, height, "height")
        self.width = check_side(self, width, "width")

    sampling = None
    upright = True
    modality_matters = False  # each frame, and each slice, is cut alike

    def output_size(self, size):
        return self.height, self.width

    def inference_params(self, view) -> Params:
        return {}

    def matrix(self, params, size) -> Tensor:
        rows, columns = (ops.cast(length, "float32") for length in size)
        fits = ops.logical_and(rows >= self.height, columns >= self.width)
        whole = {
            "left": ops.floor((columns - self.width) / 2.0),
            "top": ops.floor((rows - self.height) / 2.0),
            "width": float(self.width),
            "height": float(self.height),
        }
        largest = central_window(1, size, self.height, self.width)
        window = {name: ops.where(fits, whole[name], largest[name]) for name in whole}
        return matrices.window(**window, size=size, output_size=(self.height, self.width))

    def moves(self, size) -> bool:
        known = all(isinstance(length, int) for length in size)
        return known and size[0] >= self.height and size[1] >= self.width

    def move(self, x, params) -> Tensor:
        top, left = (x.shape[-3] - self.height) // 2, (x.shape[-2] - self.width) // 2
        return x[..., top : top + self.height, left : left + self.width, :]

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"height": 24, "width": 20}
