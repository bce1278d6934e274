import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from keras_augsynth.core.augmentation import Params, Tensor
from keras_augsynth.core.checks import check_factor, check_integer, check_range, wrong
from keras_augsynth.core.families.intensity import Intensity
from keras_augsynth.ops import filters
from keras_augsynth.ops.rows import per_sample


class RandomGaussianBlur(Intensity):
    """Blurs some images, each by its own amount; the border is mirrored and so keeps its brightness.

    Args:
        factor: chance of an image to be blurred, from 0 to 1. As in Keras a pair (low, high) draws the chance
            itself for each image, and a number f means (0, f); (1.0, 1.0) blurs all.
        kernel_size: side of the kernel in pixels, an odd number, or a pair (height, width) of them. Six times
            sigma is enough.
        sigma: standard deviation of the kernel in pixels, 0 or more; a pair (low, high) draws one for each image.
            (Keras takes a single number s, of at most 1, for a draw from 0 to s.)
        value_range: lowest and highest value of a pixel; results are clipped to it.
        **kwargs: as in `Augmentation`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, any number of channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for a factor outside [0, 1], an even kernel size, or a negative sigma.

    Example:

    >>> RandomGaussianBlur((1.0, 1.0), 7, (0.1, 1.2), seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])
    """

    planar = True

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        kernel_size: int | tuple[int, int] = 3,
        sigma: float | tuple[float, float] = 1.0,
        value_range: Sequence[float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range=value_range, data_format=data_format, seed=seed, **kwargs)
        self.factor = check_factor(self, factor, low=0.0)
        sizes = kernel_size if isinstance(kernel_size, (list, tuple)) else (kernel_size,) * 2
        if len(sizes) != 2:
            raise wrong(self, "kernel_size", "be an odd integer or a pair of them (height, width)", kernel_size)
        self.kernel_size = tuple(check_integer(self, size, "kernel_size", 1, 301) for size in sizes)
        if any(size % 2 == 0 for size in self.kernel_size):
            raise wrong(self, "kernel_size", "be odd", kernel_size)
        self.sigma = check_range(self, sigma, "sigma")

    @property
    def receptive_field(self) -> int:
        return max(self.kernel_size)

    apply_dtype = None

    def draw(self, rng, view) -> Params:
        blurred = rng.bernoulli(rng.uniform(*self.factor))
        return {"sigma": ops.where(blurred, rng.uniform(*self.sigma), 0.0)}

    def apply(self, x, params) -> Tensor:
        sigma, (height, width) = params["sigma"], self.kernel_size
        if len(x.shape) == 5:
            weights = filters.gaussian(sigma, height), filters.gaussian(sigma, height), filters.gaussian(sigma, width)
            blurred = filters.separable_3d(x, *weights)
        else:
            blurred = filters.separable(x, filters.gaussian(sigma, height), filters.gaussian(sigma, width))
        return ops.where(per_sample(sigma > 0.0, x), blurred, x)

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        strongest = 0.2 + 2.8 * strength
        size = 2 * math.ceil(2.5 * strongest) + 1
        return {"factor": (1.0, 1.0), "kernel_size": size, "sigma": (0.2 + 0.8 * strength, strongest)}
