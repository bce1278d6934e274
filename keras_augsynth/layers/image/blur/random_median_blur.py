from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Augmentation, Params, Tensor
from keras_augsynth.core.checks import check_integer, wrong
from keras_augsynth.core.modalities import IMAGE_LIKE
from keras_augsynth.ops import filters
from keras_augsynth.ops.rows import per_sample

_SIZES = (3, 5)


class RandomMedianBlur(Augmentation):
    """Replaces each value by the median of those around it: fine detail goes, edges stay.

    Args:
        kernel_size: side of the window in pixels, 3 or 5; (3, 5) draws one of them for each image.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for another size.

    Example:

    >>> RandomMedianBlur(seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    modalities = IMAGE_LIKE
    planar = True

    def __init__(self, kernel_size: int | tuple[int, int] = (3, 5), **kwargs: Any):
        super().__init__(**kwargs)
        sizes = kernel_size if isinstance(kernel_size, Sequence) else (kernel_size,) * 2
        if len(sizes) != 2 or any(check_integer(self, size, "kernel_size") not in _SIZES for size in sizes):
            raise wrong(self, "kernel_size", "be 3, 5 or (3, 5)", kernel_size)
        self.kernel_size = tuple(sorted(sizes))

    @property
    def receptive_field(self) -> int:
        return self.kernel_size[1]

    apply_dtype = None

    def draw(self, rng, view) -> Params:
        low, high = self.kernel_size
        return {"large": rng.bernoulli(0.5 if low < high else float(low == _SIZES[1]))}

    def apply(self, x, params) -> Tensor:
        blurred = [filters.median(x, size) for size in sorted(set(self.kernel_size))]
        median = blurred[0] if len(blurred) == 1 else ops.where(per_sample(params["large"], x), *blurred[::-1])
        return median if "int" in ops.dtype(x) else ops.where(ops.isfinite(x), median, x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"kernel_size": (3 if strength < 1.0 else 5, 3 if strength == 0.0 else 5)}
