from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_choice, check_flag, check_side, wrong
from keras_augsynth.core.families.geometric import Geometric, Sampling
from keras_augsynth.ops import matrices
from keras_augsynth.ops.kernel_resize import KERNELS, kernel_resize
from keras_augsynth.ops.resample import resample
from keras_augsynth.ops.windows import central_window


class Resizing(Geometric):
    """Brings images to one size, in training and in inference, with their masks, boxes and points.

    In a Pipeline it shares one resample with its neighbours. The wide kernels, and `antialias`, do not: they read more
    pixels than that resample does, so the layer is then carried out on its own, and neighbours before and behind it
    separately. Masks are always resized by nearest neighbour.

    Args:
        height: of the output, in pixels, at most 32768.
        width: of the output, in pixels, at most 32768.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5" or "area".
        crop_to_aspect_ratio: keeps the shapes in the image: what is resized is the largest central window of the
            target's aspect ratio. It may begin and end between two pixels; Keras rounds it to whole ones.
        pad_to_aspect_ratio: keeps the shapes in the image: the whole image is resized, and two of its sides are
            padded. The image and its padding do not blend. A neighbour in a Pipeline shares the resample if its
            `fill_mode` is "constant" and its fill values are the same.
        fill_mode: of the padding; "constant" is the only one, as in Keras.
        fill_value: of the padding. Masks get `mask_fill_value`, or 0.
        antialias: whether an image that becomes smaller is smoothed as far as it must be. "nearest" and "area" are
            the same with and without.
        **kwargs: as in `Geometric`; `p` must be 1.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`; every frame of a video and every slice of a
        volume is resized.

    Output shape:
        `(..., target height, target width, channels)`.

    Raises:
        ValueError: for a height or width below 1, another `p`, or cropping and padding at the same time.

    Example:

    >>> Resizing(24, 24, "bicubic")(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 24, 24, 3])
    """

    resizes = upright = True
    modality_matters = False  # each frame, and each slice, is resized alike

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        fill_mode = check_choice(self, fill_mode, "fill_mode", ("constant",))
        super().__init__(fill_mode=fill_mode, fill_value=fill_value, data_format=data_format, **kwargs)
        self.height = check_side(self, height, "height")
        self.width = check_side(self, width, "width")
        self.interpolation = check_choice(self, interpolation, "interpolation", ("nearest", *KERNELS))
        self.crop_to_aspect_ratio = check_flag(self, crop_to_aspect_ratio, "crop_to_aspect_ratio")
        self.pad_to_aspect_ratio = check_flag(self, pad_to_aspect_ratio, "pad_to_aspect_ratio")
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise wrong(self, "pad_to_aspect_ratio", "be False where `crop_to_aspect_ratio` is True", True)
        self.antialias = check_flag(self, antialias, "antialias")

    @property
    def merges(self) -> bool:
        return self.interpolation == "nearest" or (self.interpolation == "bilinear" and not self.antialias)

    @property
    def sampling(self):
        if self.pad_to_aspect_ratio:
            return super().sampling
        # What lies beyond the border is never seen.
        return Sampling("nearest", "reflect") if self.interpolation == "nearest" else None

    def output_size(self, size):
        return self.height, self.width

    def inference_params(self, view) -> Params:
        return {}

    def matrix(self, params, size) -> Tensor:
        return matrices.window(**self._window(size), size=size, output_size=(self.height, self.width))

    def moves(self, size) -> bool:
        return not self.merges

    def move(self, x, params) -> Tensor:
        window = self._window(ops.shape(x)[-3:-1])
        axes = [(window[start], window[length]) for start, length in (("top", "height"), ("left", "width"))]
        size = self.height, self.width
        return kernel_resize(x, axes, size, self.interpolation, self.antialias, self.fill_value)

    def move_masks(self, masks, params) -> Tensor:
        size = ops.shape(masks)[1:-1]
        matrix = matrices.embedded(self.matrix(params, size[-2:]), len(size) + 1)
        fill_value = self.mask_fill_value or 0
        return resample(masks, ops.cast(matrix, "float32"), self.moved_size(size), "nearest", "constant", fill_value)

    def _window(self, size) -> dict[str, Any]:
        """What of an image of `size` the output shows; with padding it is larger than the image."""
        if not (self.crop_to_aspect_ratio or self.pad_to_aspect_ratio):
            return {"left": 0.0, "top": 0.0, "width": size[1], "height": size[0]}
        window = central_window(1, size, self.height, self.width, inside=self.crop_to_aspect_ratio)
        return {name: value[0] for name, value in window.items()}

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"height": 24, "width": 20}
