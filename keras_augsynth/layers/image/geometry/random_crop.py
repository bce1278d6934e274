from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_side
from keras_augsynth.core.families.geometric import Geometric
from keras_augsynth.ops import matrices
from keras_augsynth.ops.windows import central_window


class RandomCrop(Geometric):
    """Cuts a window of a fixed size out of each image, at a random place.

    An inactive layer, and an image that is smaller than the window on some side, gives the largest central
    window with the target's aspect ratio, resized to it. The output always has the target size.

    Args:
        height: of the output, in pixels, at most 32768.
        width: of the output, in pixels, at most 32768.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`.

    Output shape:
        `(..., target height, target width, channels)`.

    Raises:
        ValueError: for a height or width below 1 or above 32768.

    Example:

    >>> RandomCrop(24, 24, seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 24, 24, 3])
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        self.height = check_side(self, height, "height")
        self.width = check_side(self, width, "width")

    sampling = None
    upright = True

    def output_size(self, size):
        return self.height, self.width

    def draw(self, rng, view) -> Params:
        window = central_window(view.shape[0], view.size, self.height, self.width)
        rows, columns = (ops.cast(length, "int32") for length in view.size)
        fits = ops.logical_and(rows >= self.height, columns >= self.width)
        top = rng.integers(0, ops.maximum(rows - self.height, 0) + 1)
        left = rng.integers(0, ops.maximum(columns - self.width, 0) + 1)
        drawn = {"left": left, "top": top, "width": self.width, "height": self.height}
        return {name: ops.where(fits, ops.cast(drawn[name], "float32"), window[name]) for name in drawn}

    def inference_params(self, view) -> Params:
        return central_window(view.shape[0], view.size, self.height, self.width)

    def matrix(self, params, size) -> Tensor:
        return matrices.window(**params, size=size, output_size=(self.height, self.width))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"height": 24, "width": 20}
