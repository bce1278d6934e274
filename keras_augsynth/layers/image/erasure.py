from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_number, check_value_range, wrong
from keras_augsynth.ops.casting import holds


class Erasure(Augmentation, listed=False):
    """An augmentation that fills holes in each image; a subclass draws them and says in `holes` where they are.

    Boxes and points stay as they are.

    Args:
        fill_value: what the holes are filled with, within the value range: a number, one number per channel,
            or None for normal noise about the middle of the range with a quarter of the range as deviation.
        mask_fill_value: class that segmentation masks have in the holes; None leaves masks as they are.
        value_range: lowest and highest value of a pixel.
        **kwargs: as in `Augmentation`.
    """

    def __init__(
        self,
        *,
        fill_value: float | Sequence[float] | None = 0.0,
        mask_fill_value: float | None = None,
        value_range: Sequence[float] = (0, 255),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.value_range = check_value_range(self, value_range)
        self.fill_value = check_fill(self, fill_value, self.value_range)
        if mask_fill_value is not None:
            check_number(self, mask_fill_value, "mask_fill_value")
        self.mask_fill_value = mask_fill_value

    def holes(self, params: Params, size: Sequence[int | Tensor]) -> Tensor:
        """bool `(N, height, width)`: True in a hole."""
        raise NotImplementedError(f"{type(self).__name__} must define `holes`.")

    def noise(self, rng, shape) -> Params:
        """What `draw` needs for the fill."""
        if self.fill_value is not None:
            return {}
        low, high = self.value_range
        noise = rng.normal((low + high) / 2.0, (high - low) / 4.0, shape[1:])
        return {"noise": ops.clip(noise, low, high)}

    reads = None

    def apply(self, x, params) -> Tensor:
        fill = params["noise"] if self.fill_value is None else self.fill_value
        if isinstance(fill, tuple) and len(fill) != x.shape[-1]:
            raise wrong(self, "fill_value", f"have one number for each of the images' {x.shape[-1]} channels", fill)
        numbers = fill if isinstance(fill, tuple) else (fill,)
        exact = self.fill_value is not None and all(holds(ops.dtype(x), number) for number in numbers)
        fill = ops.cast(fill, x.dtype if exact else "float32")
        return ops.where(self.holes(params, ops.shape(x)[1:3])[..., None], fill, ops.cast(x, fill.dtype))

    def apply_masks(self, masks, params) -> Tensor:
        if self.mask_fill_value is None:
            return masks
        holes = self.holes(params, ops.shape(masks)[1:3])[..., None]
        return ops.where(holes, ops.cast(self.mask_fill_value, masks.dtype), masks)


def check_fill(owner: Any, value: Any, value_range: tuple[float, float]) -> float | tuple[float, ...] | None:
    """A number in the value range, a tuple of them, or None."""
    if value is None:
        return None
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value):
        return tuple(check_number(owner, number, "fill_value", *value_range) for number in value)
    return check_number(owner, value, "fill_value", *value_range)
